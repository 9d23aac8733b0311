import type { EventLog } from './event-log.ts'
import type { FeedSocket } from './group-room.ts'
import { Pulse } from './pulse.ts'
import { noteIn, type TopicDelta } from './topic-delta.ts'
import { isTopic, notesOf, TOPICS } from './topics.ts'

/** What a live client needs of a websocket. */
export interface LiveSocket extends Omit<FeedSocket, 'on' | 'close'> {
  close(code?: number, reason?: string): void
  on(event: 'close' | 'pong', listener: () => void): unknown
  on(event: 'message', listener: (data: { toString(): string }) => void): unknown
}

/** What every client is told in one round. */
export interface Round {
  readonly seq: string
  /** By topic, as JSON. */
  readonly deltas: ReadonlyMap<string, string>
  /** The server itself missed some. */
  readonly isGap: boolean
  /** To be told even when nothing changed. */
  readonly now?: string
}

/** A page follows a handful. */
const MAX_TOPICS = 32
/** A client with more than this unread is dropped: it is some thousand frames behind. */
const MAX_UNREAD_BYTES = 1024 * 1024
/** The websocket's own code for a message that is not as agreed. */
const POLICY = 1008

interface Asked {
  readonly sub: readonly string[]
  readonly since?: string
}

/**
 * One tab. It **asks** for topics, which are all that it follows from then on; the next round **answers** with the same list
 * and with what happened under them `since` what it knows, or `resync` when that is not known here any more. What it asks
 * between two rounds counts once, so that asking costs the server as little as telling.
 */
export class LiveClient {
  /** What it follows. */
  topics: ReadonlySet<string> = new Set()
  private asked: Asked | null = null
  private readonly socket: LiveSocket
  private readonly pulse: Pulse
  private readonly log: EventLog
  /** Whether its session is still good. */
  private readonly isAllowed: () => Promise<boolean>

  constructor(socket: LiveSocket, log: EventLog, isAllowed: () => Promise<boolean>) {
    this.socket = socket
    this.log = log
    this.isAllowed = isAllowed
    this.pulse = new Pulse(socket)
    socket.on('message', (data) => this.hear(data.toString()))
  }

  tell({ seq, deltas, isGap, now }: Round): void {
    const { asked } = this
    this.asked = null
    const before = asked && this.follow(asked)
    const isResync = before === 'unknown' || (isGap && this.topics.size > 0)
    const told = before instanceof Map ? before : deltas
    const mine = isResync ? [] : [...this.topics].flatMap((topic) => told.get(topic) ?? [])
    if (asked === null && !isResync && mine.length === 0 && now === undefined) return
    this.send(
      fields([
        ['seq', JSON.stringify(seq)],
        ['now', now === undefined ? '' : JSON.stringify(now)],
        ['sub', asked === null ? '' : JSON.stringify(asked.sub)],
        ['resync', isResync ? 'true' : ''],
        ['deltas', mine.length === 0 ? '' : `[${mine.join(',')}]`],
      ]),
    )
  }

  ping(): void {
    this.pulse.beat()
  }

  async closeUnlessAllowed(code: number): Promise<void> {
    if (!(await this.isAllowed())) this.close(code, 'the session is over')
  }

  close(code: number, reason = ''): void {
    this.socket.close(code, reason)
  }

  private hear(text: string): void {
    const asked = readAsked(text)
    if (asked === null) this.close(POLICY, `expected {"sub": [at most ${MAX_TOPICS} of ${TOPICS}], "since": seq}`)
    else this.asked = asked
  }

  /** What happened before this round under what it follows from now on: null when it does not say what it knows. */
  private follow({ sub, since }: Asked): ReadonlyMap<string, string> | 'unknown' | null {
    this.topics = new Set(sub)
    if (since === undefined || sub.length === 0) return null
    const sequence = this.log.sequenceOf(since)
    if (sequence === null) return 'unknown'
    const deltas = new Map<string, TopicDelta>()
    for (let at = sequence + 1; at <= this.log.last; at++) {
      const event = this.log.at(at)
      if (event) noteIn(deltas, this.topics, notesOf(event))
    }
    return new Map([...deltas].map(([topic, delta]) => [topic, delta.toJson()]))
  }

  private send(text: string): void {
    if (this.socket.bufferedAmount > MAX_UNREAD_BYTES) this.socket.terminate()
    else this.socket.send(text)
  }
}

const fields = (pairs: readonly (readonly [name: string, json: string])[]): string =>
  `{${pairs
    .filter(([, json]) => json !== '')
    .map(([name, json]) => `"${name}":${json}`)
    .join(',')}}`

/** Null when it is not as agreed. */
function readAsked(text: string): Asked | null {
  try {
    const { sub, since } = JSON.parse(text) as { sub?: unknown; since?: unknown }
    if (!Array.isArray(sub) || sub.length > MAX_TOPICS || !sub.every(isTopic)) return null
    if (since === undefined || since === null) return { sub }
    return typeof since === 'string' ? { sub, since } : null
  } catch {
    return null
  }
}
