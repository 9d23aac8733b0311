import type { TaskStorage } from '../../storage/task-storage.ts'
import type { CrewEvent } from '../core/change-set.ts'
import type { Every } from './api-deps.ts'
import { EventLog } from './live/event-log.ts'
import { type EventFilter, EventStream } from './live/event-stream.ts'
import { RetryLaterError } from './retry-later-error.ts'

/** WIRE section 6. */
const HEARTBEAT_MS = 15_000
/** PROOF S21: open answers cost a connection each. */
export const MAX_LISTENERS = 200
/** A stroke of more events than this is told in parts, so that a client that keeps up stays within the log. */
const STROKE = 1_000

/** Hears events as they come, besides the streams: the websockets. */
export interface HubListener {
  hear(events: readonly CrewEvent[]): void
  beat(): void
  /** Closes the connections of those who are logged in no longer. */
  checkSessions(): void
  close(): void
  /** How many clients it serves. */
  readonly size: number
}

/** Whether a credential is still good. */
export type IsAllowed = () => Promise<boolean>

/** Of ids that mean the same on every server of a store. */
const SHARED_SERIES = 'shared'

/**
 * Tells clients what the storage says. It listens from its creation to `close`; while nobody is connected an event
 * costs one place in the log, which is what lets a client that comes back resume. Where several servers may work on the
 * store, the numbers are the store's, so that a client resumes at any of them.
 */
export class EventHub {
  readonly log: EventLog
  /** Each with what says whether its credential is still good. */
  private readonly streams = new Map<EventStream, IsAllowed>()
  private readonly listeners = new Set<HubListener>()
  private readonly stops: (() => void)[]

  /** `boot` tells the ids of this process from those of any other, where each counts for itself. */
  constructor(options: { storage: Pick<TaskStorage, 'subscribe' | 'feed'>; boot: string; every: Every }) {
    const { storage, boot, every } = options
    this.log = new EventLog(storage.feed ? SHARED_SERIES : boot)
    this.stops = [
      storage.feed
        ? storage.feed.subscribe((events, first) => this.hear(events, first))
        : storage.subscribe((events) => this.hear(events)),
      every(HEARTBEAT_MS, () => this.beat()),
    ]
  }

  /** A new client of the server-sent events. */
  openStream(filter: EventFilter, lastEventId: string | undefined, isAllowed: IsAllowed): EventStream {
    this.refuseTooMany()
    const stream = new EventStream(this.log, filter, lastEventId)
    this.streams.set(stream, isAllowed)
    stream.once('close', () => this.streams.delete(stream))
    return stream
  }

  addListener(listener: HubListener): void {
    this.listeners.add(listener)
  }

  /** Throws when no more clients are taken. */
  refuseTooMany(): void {
    if (this.size >= MAX_LISTENERS) {
      throw new RetryLaterError('too_many_requests', `Only ${MAX_LISTENERS} clients may listen at once.`, 10)
    }
  }

  /** How many clients listen. */
  get size(): number {
    return [...this.listeners].reduce((sum, listener) => sum + listener.size, this.streams.size)
  }

  /** Ends the answers to those who are logged in no longer. */
  checkSessions(): void {
    for (const [stream, isAllowed] of this.streams) unlessAllowed(isAllowed, () => stream.end())
    for (const listener of this.listeners) listener.checkSessions()
  }

  /** What is to stop with it. */
  onClose(stop: () => void): void {
    this.stops.push(stop)
  }

  /** Ends every open answer. */
  close(): void {
    for (const stop of this.stops) stop()
    for (const stream of this.streams.keys()) stream.end()
    for (const listener of this.listeners) listener.close()
  }

  /** `first` is the number of the first event, or of the next one when there is none. */
  private hear(events: readonly CrewEvent[], first: number = this.log.last + 1): void {
    this.log.expect(first)
    let told = 0
    for (const event of events) {
      this.log.append(event)
      if (++told % STROKE === 0) this.wakeStreams()
    }
    this.wakeStreams()
    for (const listener of this.listeners) listener.hear(events)
  }

  private wakeStreams(): void {
    for (const stream of this.streams.keys()) stream.wake()
  }

  private beat(): void {
    for (const stream of this.streams.keys()) stream.beat()
    for (const listener of this.listeners) listener.beat()
    this.checkSessions()
  }
}

/** A storage that does not answer ends no session: the next beat asks again. */
export function unlessAllowed(isAllowed: IsAllowed, end: () => void): void {
  isAllowed().then(
    (isGood) => !isGood && end(),
    () => {},
  )
}
