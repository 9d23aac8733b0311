import { taskJson } from '../present/task-json.ts'
import type { FeedDeps } from './group-feed.ts'
import { Pulse } from './pulse.ts'

/** crew-go's words for what happened. */
export type Change = 'create' | 'update' | 'delete'

/** What a room needs of a websocket. */
export interface FeedSocket {
  readonly bufferedAmount: number
  send(data: string): void
  ping(): void
  close(code?: number): void
  terminate(): void
  on(event: 'close' | 'pong', listener: () => void): unknown
}

/** Tasks read from the storage at once: 500 take it about 5 ms. */
const READ_AT_ONCE = 500
/** Between two reads: a group in which 20,000 things a second happen is told in whole tasks, not in every step. */
const PAUSE_MS = 20
/** Changes that wait to be told. Beyond, the oldest hint is forgotten: it can be read again by REST. */
const MAX_WAITING = 10_000
/** A client with more than this unread is dropped. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024
const GOING_AWAY = 1001

/**
 * Who watches one group, and what they have not been told yet. `note` only remembers; **telling** reads the tasks as
 * they are now and sends them, once for all changes of a task since the last time. One telling goes on at a time, and it
 * ends when nothing waits or nobody watches.
 */
export class GroupRoom {
  private readonly sockets = new Map<FeedSocket, Pulse>()
  private readonly tasks = new Map<string, Change>()
  private group: Change | null = null
  private isTelling = false
  private readonly groupId: string
  private readonly deps: FeedDeps

  constructor(groupId: string, deps: FeedDeps) {
    this.groupId = groupId
    this.deps = deps
  }

  get size(): number {
    return this.sockets.size
  }

  add(socket: FeedSocket): void {
    this.sockets.set(socket, new Pulse(socket))
  }

  remove(socket: FeedSocket): void {
    this.sockets.delete(socket)
  }

  /** Something happened to a task, or without one to the group. */
  note(change: Change, taskId: string | null): void {
    if (taskId === null) this.group = merge(this.group ?? undefined, change)
    else this.noteTask(taskId, change)
    if (this.isTelling) return
    this.isTelling = true
    setImmediate(() => this.tell())
  }

  beat(): void {
    for (const pulse of this.sockets.values()) pulse.beat()
  }

  close(): void {
    for (const socket of this.sockets.keys()) socket.close(GOING_AWAY)
  }

  private noteTask(taskId: string, change: Change): void {
    this.tasks.set(taskId, merge(this.tasks.get(taskId), change))
    if (this.tasks.size > MAX_WAITING) for (const oldest of this.tasks.keys()) return void this.tasks.delete(oldest)
  }

  private async tell(): Promise<void> {
    try {
      while (this.size > 0 && (this.group !== null || this.tasks.size > 0)) {
        await this.tellGroup()
        await this.tellTasks()
        if (this.tasks.size > 0) await new Promise<void>((resolve) => this.deps.timers.after(PAUSE_MS, resolve))
      }
    } catch (error) {
      if (this.deps.logger)
        this.deps.logger.warn({ err: error, groupId: this.groupId }, 'a group could not be told live')
    } finally {
      this.isTelling = false
    }
  }

  private async tellGroup(): Promise<void> {
    const change = this.group
    if (change === null) return
    this.group = null
    const group = change === 'delete' ? null : await this.deps.readGroup(this.groupId)
    // A group that is gone by now has its own event on the way.
    if (change === 'delete') this.send(frame('delete', 'taskGroup', JSON.stringify({ id: this.groupId })))
    else if (group !== null) this.send(frame(change, 'taskGroup', group))
  }

  private async tellTasks(): Promise<void> {
    const changes = this.take(READ_AT_ONCE)
    const ids = [...changes].flatMap(([id, change]) => (change === 'delete' ? [] : [id]))
    const views = ids.length === 0 ? [] : await this.deps.readTasks(ids)
    const tasks = new Map(views.map((view) => [view.task.id, view]))
    for (const [id, change] of changes) {
      const view = tasks.get(id)
      if (change === 'delete') this.send(frame('delete', 'task', JSON.stringify({ id, taskGroupId: this.groupId })))
      else if (view !== undefined) this.send(frame(change, 'task', taskJson(view)))
    }
  }

  private take(limit: number): Map<string, Change> {
    const taken = new Map([...this.tasks].slice(0, limit))
    for (const id of taken.keys()) this.tasks.delete(id)
    return taken
  }

  private send(text: string): void {
    for (const socket of this.sockets.keys()) {
      if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.terminate()
      else socket.send(text)
    }
  }
}

/** Both together, as one who knew neither sees them. */
function merge(before: Change | undefined, now: Change): Change {
  return before === 'create' && now === 'update' ? 'create' : now
}

const frame = (type: Change, name: 'task' | 'taskGroup', json: string): string => `{"type":"${type}","${name}":${json}}`
