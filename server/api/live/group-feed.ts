import type { CrewEvent } from '../../core/change-set.ts'
import type { Timers } from '../../core/clock.ts'
import type { TaskView } from '../../services/tasks.ts'
import type { ApiLogger } from '../api-deps.ts'
import { type HubListener, type IsAllowed, unlessAllowed } from '../event-hub.ts'
import { type Change, type FeedSocket, GroupRoom } from './group-room.ts'

/** Codes from 4000 on are ours: 401, as HTTP says it. */
export const SESSION_OVER = 4401

export interface FeedDeps {
  readonly readTasks: (ids: readonly string[]) => Promise<TaskView[]>
  /** The group as clients see it, as JSON; null when it is gone. */
  readonly readGroup: (id: string) => Promise<string | null>
  readonly timers: Timers
  readonly logger: ApiLogger | false | undefined
}

/** crew-go's websockets: a room for each group that somebody watches. */
export class GroupFeed implements HubListener {
  private readonly rooms = new Map<string, GroupRoom>()
  /** With what says whether the credential is still good. */
  private readonly sockets = new Map<FeedSocket, IsAllowed>()
  private readonly deps: FeedDeps

  constructor(deps: FeedDeps) {
    this.deps = deps
  }

  /** Sends the changes of the group to the socket, until it closes or `isAllowed` says no. */
  join(groupId: string, socket: FeedSocket, isAllowed: IsAllowed): void {
    const room = this.rooms.get(groupId) ?? new GroupRoom(groupId, this.deps)
    this.rooms.set(groupId, room)
    room.add(socket)
    this.sockets.set(socket, isAllowed)
    socket.on('close', () => this.leave(groupId, room, socket))
  }

  get size(): number {
    return [...this.rooms.values()].reduce((sum, room) => sum + room.size, 0)
  }

  hear(events: readonly CrewEvent[]): void {
    if (this.rooms.size === 0) return
    for (const event of events) {
      if ('groupId' in event) this.rooms.get(event.groupId)?.note(changes[event.type], taskOf(event))
    }
  }

  beat(): void {
    for (const room of this.rooms.values()) room.beat()
  }

  checkSessions(): void {
    for (const [socket, isAllowed] of this.sockets) unlessAllowed(isAllowed, () => socket.close(SESSION_OVER))
  }

  close(): void {
    for (const room of this.rooms.values()) room.close()
  }

  private leave(groupId: string, room: GroupRoom, socket: FeedSocket): void {
    room.remove(socket)
    this.sockets.delete(socket)
    if (room.size === 0 && this.rooms.get(groupId) === room) this.rooms.delete(groupId)
  }
}

type GroupEvent = Extract<CrewEvent, { groupId: string }>

const changes: Readonly<Record<GroupEvent['type'], Change>> = {
  'task.created': 'create',
  'task.updated': 'update',
  'task.deleted': 'delete',
  'group.created': 'create',
  'group.updated': 'update',
  'group.deleted': 'delete',
}

const taskOf = (event: GroupEvent): string | null => ('taskId' in event ? event.taskId : null)
