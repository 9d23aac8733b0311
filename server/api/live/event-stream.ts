import { Readable } from 'node:stream'
import type { CrewEvent } from '../../core/change-set.ts'
import type { EventLog } from './event-log.ts'

/** What a client wants to hear of: all, those of one group, those of some types. */
export interface EventFilter {
  readonly groupId?: string | undefined
  readonly types?: ReadonlySet<string> | undefined
}

/** Written at once before asking whether the client keeps up. */
const CHUNK = 256
/** Half a second at most after a broken connection, browsers come back. */
const RETRY_MS = 500

/**
 * One client of the server-sent events: a position in the log. It **flows** while its buffer has room and every wake
 * writes what is new; it is **blocked** when the buffer is full, until the client has read. A blocked client whose
 * position falls out of the log is dropped: nobody waits for it. A flowing one is never too slow: it falls out only when
 * the log itself missed events, and is told so.
 */
export class EventStream extends Readable {
  private readonly log: EventLog
  private readonly wanted: EventFilter
  private position: number
  private isFlowing = false

  /** `lastEventId` is what the client heard last; without it the stream begins now. */
  constructor(log: EventLog, filter: EventFilter, lastEventId: string | undefined) {
    super({ highWaterMark: 64 * 1024 })
    this.log = log
    this.wanted = filter
    const known = lastEventId === undefined ? log.last : log.sequenceOf(lastEventId)
    this.position = known ?? log.last
    const id = log.idOf(this.position)
    this.push(`retry: ${RETRY_MS}\n${known === null ? resync(id) : `id: ${id}\n\n`}`)
  }

  override _read(): void {
    this.isFlowing = true
    this.wake()
  }

  /** There are new events. */
  wake(): void {
    if (!this.log.continues(this.position)) this.fallOut()
    while (this.isFlowing && this.position < this.log.last) this.writeChunk()
  }

  /** Keeps the connection open, and tells a client whose filter lets little through how far it has come. */
  beat(): void {
    if (this.isFlowing) this.write(`: heartbeat\nid: ${this.log.idOf(this.position)}\n\n`)
  }

  /** Ends the answer in order. */
  end(): void {
    if (!this.destroyed && !this.readableEnded) this.push(null)
  }

  private fallOut(): void {
    if (!this.isFlowing) {
      this.destroy()
      return
    }
    this.position = this.log.oldest - 1
    this.write(resync(this.log.idOf(this.position)))
  }

  private writeChunk(): void {
    const end = Math.min(this.position + CHUNK, this.log.last)
    let text = ''
    while (this.position < end) {
      const event = this.log.at(++this.position)
      if (event !== undefined && passes(event, this.wanted)) text += message(this.log.idOf(this.position), event)
    }
    if (text !== '') this.write(text)
  }

  private write(text: string): void {
    this.isFlowing = this.push(text)
  }
}

function passes(event: CrewEvent, { groupId, types }: EventFilter): boolean {
  if (types !== undefined && !types.has(event.type)) return false
  return groupId === undefined || ('groupId' in event && event.groupId === groupId)
}

function message(id: string, event: CrewEvent): string {
  return `id: ${id}\ndata: ${JSON.stringify(present(event))}\n\n`
}

/** What is of no group has the words of the wire already. */
function present(event: CrewEvent) {
  if (!('groupId' in event)) return event
  if ('taskId' in event) return { type: event.type, taskGroupId: event.groupId, taskId: event.taskId }
  return { type: event.type, taskGroupId: event.groupId }
}

/** It missed some: what it shows must be read again. */
function resync(id: string): string {
  return `id: ${id}\nevent: resync\ndata: {"type":"resync"}\n\n`
}
