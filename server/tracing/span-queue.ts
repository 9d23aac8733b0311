import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Timers } from '../core/clock.ts'

/** Half a kilobyte each, or a little more. */
const MAX_WAITING = 4096
const MAX_BATCH = 512
/** Spans of so long go together. */
const GATHER_MS = 1000

export interface SpanQueueOptions {
  readonly exporter: SpanExporter
  readonly timers: Timers
  /** So many were lost: the queue was full, or the collector took none. */
  readonly onDrop: (count: number) => void
  /** Called when that changes. */
  readonly onTaken: (isTaken: boolean) => void
}

/**
 * Takes ended spans to a collector, a batch at a time. A collector that is slow or away costs memory up to a bound and then spans, which
 * are counted; nobody waits for it. States: `idle` → a span → `gathering` → `sending` → `idle`, or on while more wait; `shutdown` ends it.
 */
export class SpanQueue implements SpanProcessor {
  readonly #options: SpanQueueOptions
  #waiting: ReadableSpan[] = []
  #state: 'idle' | 'gathering' | 'sending' | 'stopped' = 'idle'
  #cancel: () => void = () => {}
  #sent: Promise<void> = Promise.resolve()
  #isTaken = true

  constructor(options: SpanQueueOptions) {
    this.#options = options
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#waiting.length >= MAX_WAITING || this.#state === 'stopped') {
      this.#options.onDrop(1)
      return
    }
    this.#waiting.push(span)
    if (this.#state === 'idle') this.#gather()
  }

  /** Sends what waits; resolves when the collector has answered, or is given up. */
  async forceFlush(): Promise<void> {
    this.#cancel()
    await this.#sent
    // What came while it was sent has set it again.
    this.#cancel()
    while (this.#waiting.length > 0) await this.#send()
    if (this.#state === 'gathering') this.#state = 'idle'
  }

  async shutdown(): Promise<void> {
    await this.forceFlush()
    this.#state = 'stopped'
    await this.#options.exporter.shutdown()
  }

  #gather(): void {
    this.#state = 'gathering'
    this.#cancel = this.#options.timers.after(GATHER_MS, () => {
      this.#sent = this.#sendAll()
    })
  }

  async #sendAll(): Promise<void> {
    this.#state = 'sending'
    while (this.#waiting.length >= MAX_BATCH) await this.#send()
    await this.#send()
    this.#state = 'idle'
    if (this.#waiting.length > 0) this.#gather()
  }

  async #send(): Promise<void> {
    const batch = this.#waiting.splice(0, MAX_BATCH)
    if (batch.length === 0) return
    const isTaken = await new Promise<boolean>((resolve) => {
      this.#options.exporter.export(batch, ({ code }) => resolve(code === 0))
    })
    if (!isTaken) this.#options.onDrop(batch.length)
    if (isTaken !== this.#isTaken) this.#options.onTaken(isTaken)
    this.#isTaken = isTaken
  }
}
