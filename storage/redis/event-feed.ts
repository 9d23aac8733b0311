import type { CrewEvent } from '../../server/core/change-set.ts'
import type { EventListener, FeedListener, SharedFeed } from '../task-storage.ts'
import { partitionTag } from './keys.ts'
import type { RedisConnection } from './redis-connection.ts'
import type { ScriptRunner } from './script-runner.ts'

export interface EventFeedOptions {
  readonly runner: ScriptRunner
  readonly connection: RedisConnection
  readonly bootId: string
}

/** What a server tells all others. */
interface Message {
  readonly boot: string
  /** Sequence of the first event in the order of all servers. */
  readonly first: number
  readonly origin: 'commit' | 'claim'
  readonly events: readonly CrewEvent[]
}

/** Events told in one message; a batch of 10,000 tasks is told in ten. */
const EVENTS_PER_MESSAGE = 1000

/**
 * Tells all servers on the store what each of them did, in one order. Redis gives each message its place and publishes it in one
 * script, so every server hears the same sequence. Messages are hints and may be lost; a listener sees it by the gap.
 */
export class EventFeed implements SharedFeed {
  readonly #options: EventFeedOptions
  readonly #channel: string
  readonly #listeners = new Set<FeedListener>()
  readonly #remote = new Set<EventListener>()
  #waiting: { origin: 'commit' | 'claim'; events: CrewEvent[] }[] = []
  #isSending = false
  /** The place of what comes next, as far as we heard; null before anything was. */
  #next: number | null = null
  /** Some events were not told: a number is left out, so that every listener sees it. */
  #hasLost = false
  #stop: () => void = () => {}

  constructor(options: EventFeedOptions) {
    this.#options = options
    this.#channel = `crew:events:${options.connection.address.db}`
  }

  open(): void {
    this.#stop = this.#options.connection.subscribe({
      channel: this.#channel,
      onMessage: (text) => this.#hear(readMessage(text)),
      // Nothing to tell, but the place: whoever begins to hear learns what it missed, or that it missed nothing.
      onLive: () => void this.#tell([], 'commit').catch(() => {}),
    })
  }

  /** Something was done, or may have been, whose events nobody will tell. */
  noteLost(): void {
    this.#hasLost = true
  }

  close(): void {
    this.#stop()
  }

  subscribe(listener: FeedListener): () => void {
    this.#listeners.add(listener)
    if (this.#next !== null) listener([], this.#next)
    return () => this.#listeners.delete(listener)
  }

  /** Only what other servers did. */
  subscribeRemote(listener: EventListener): () => void {
    this.#remote.add(listener)
    return () => this.#remote.delete(listener)
  }

  /**
   * Best effort, and not waited for. What comes while a message is on its way goes into the next; one that tells of a commit as well is of
   * that origin, which makes whoever hears it look for more than a claim does.
   */
  publish(events: readonly CrewEvent[], origin: 'commit' | 'claim'): void {
    const last = this.#waiting.at(-1)
    if (last && last.events.length + events.length <= EVENTS_PER_MESSAGE) {
      last.events.push(...events)
      if (origin === 'commit') last.origin = origin
    } else {
      for (let at = 0; at < events.length; at += EVENTS_PER_MESSAGE) {
        this.#waiting.push({ origin, events: events.slice(at, at + EVENTS_PER_MESSAGE) })
      }
    }
    if (!this.#isSending) void this.#send()
  }

  async #send(): Promise<void> {
    this.#isSending = true
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift())
        await this.#tell(next.events, next.origin)
    } catch {
      // The store is away: whoever listens sees the gap, and reads again what the events would have named.
      this.#waiting = []
      this.#hasLost = true
    } finally {
      this.#isSending = false
    }
  }

  async #tell(events: readonly CrewEvent[], origin: 'commit' | 'claim'): Promise<void> {
    const { runner, bootId } = this.#options
    const lost = this.#hasLost ? 1 : 0
    // What is lost while this is on its way is for the next message to say.
    this.#hasLost = false
    const args = ['', this.#channel, bootId, origin, events.length + lost, events.length, JSON.stringify(events)]
    try {
      await runner.run('publish', partitionTag(0), args)
    } catch (error) {
      this.#hasLost = true
      throw error
    }
  }

  #hear(message: Message | null): void {
    if (message === null) return
    const { boot, first, origin, events } = message
    this.#next = first + events.length
    for (const listener of this.#listeners) listener(events, first)
    if (boot === this.#options.bootId || events.length === 0) return
    for (const listener of this.#remote) listener(events, origin)
  }
}

/** Anybody who may publish can write anything there, and a newer Crew something else (I17): what is no message is passed over. */
function readMessage(text: string): Message | null {
  try {
    const message = JSON.parse(text) as Partial<Message> | null
    const isWhole =
      typeof message?.boot === 'string' && Number.isSafeInteger(message.first) && Array.isArray(message.events)
    return isWhole ? (message as Message) : null
  } catch {
    return null
  }
}
