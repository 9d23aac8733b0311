import type { CrewEvent } from '../../core/change-set.ts'
import type { Clock } from '../../core/clock.ts'
import { formatTime } from '../../core/time.ts'
import type { Every } from '../api-deps.ts'
import type { HubListener } from '../event-hub.ts'
import type { EventLog } from './event-log.ts'
import { SESSION_OVER } from './group-feed.ts'
import { LiveClient, type LiveSocket } from './live-client.ts'
import { noteIn, type TopicDelta } from './topic-delta.ts'
import { notesOf } from './topics.ts'

/** Four frames a second. */
const ROUND_MS = 250
const GOING_AWAY = 1001

export interface LiveFeedDeps {
  readonly log: EventLog
  readonly clock: Clock
  readonly every: Every
}

/**
 * The web UI's websockets. Events are **noted** by topic as they come, once however many clients follow it, and **told** in
 * rounds. Without a client nothing is noted and no timer runs.
 */
export class LiveFeed implements HubListener {
  private readonly clients = new Set<LiveClient>()
  /** What any of them follows. */
  private followed: ReadonlySet<string> = new Set()
  private deltas = new Map<string, TopicDelta>()
  /** Everything up to here was noted. */
  private position = 0
  private isGap = false
  private stopRounds: (() => void) | null = null
  private readonly deps: LiveFeedDeps

  constructor(deps: LiveFeedDeps) {
    this.deps = deps
  }

  get size(): number {
    return this.clients.size
  }

  /** Tells the socket until it closes, or until `isAllowed` says no. */
  join(socket: LiveSocket, isAllowed: () => Promise<boolean>): void {
    const client = new LiveClient(socket, this.deps.log, isAllowed)
    if (this.clients.size === 0) this.start()
    this.clients.add(client)
    socket.on('close', () => this.leave(client))
    client.tell({ seq: this.seq, now: this.now, deltas: new Map(), isGap: false })
  }

  hear(events: readonly CrewEvent[]): void {
    if (this.clients.size === 0) return
    const { log } = this.deps
    if (!log.continues(this.position)) this.isGap = true
    this.position = log.last
    for (const event of events) noteIn(this.deltas, this.followed, notesOf(event))
  }

  beat(): void {
    this.tell(this.now)
    for (const client of this.clients) client.ping()
  }

  checkSessions(): void {
    // A storage that does not answer ends no session: the next beat asks again.
    for (const client of this.clients) client.closeUnlessAllowed(SESSION_OVER).catch(() => {})
  }

  close(): void {
    for (const client of this.clients) client.close(GOING_AWAY)
  }

  private start(): void {
    this.position = this.deps.log.last
    this.stopRounds = this.deps.every(ROUND_MS, () => this.tell())
  }

  private leave(client: LiveClient): void {
    this.clients.delete(client)
    if (this.clients.size > 0) return
    this.stopRounds?.()
    this.deltas.clear()
    this.isGap = false
  }

  private tell(now?: string): void {
    const deltas = new Map([...this.deltas].map(([topic, delta]) => [topic, delta.toJson()]))
    const round = { seq: this.seq, deltas, isGap: this.isGap, ...(now !== undefined && { now }) }
    this.deltas = new Map()
    this.isGap = false
    for (const client of this.clients) client.tell(round)
    // Here, as clients begin to follow what they asked for in the round.
    this.followed = new Set([...this.clients].flatMap(({ topics }) => [...topics]))
  }

  private get seq(): string {
    return this.deps.log.idOf(this.deps.log.last)
  }

  private get now(): string {
    return formatTime(this.deps.clock.now())
  }
}
