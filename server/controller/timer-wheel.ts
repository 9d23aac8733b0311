import type { Timers } from '../core/clock.ts'

/** How late a deadline may fire. Timeouts are seconds to minutes; an own timer a call would cost more than the call's bookkeeping. */
export const TICK_MS = 50

/** Deadlines for many calls on one timer: setting and cancelling one is a set insertion and a removal. */
export class TimerWheel {
  readonly #timers: Timers
  readonly #buckets = new Map<number, Set<() => void>>()
  #tick = 0
  #cancel: (() => void) | null = null

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Calls `run` after that many milliseconds, at most two ticks late; the answer cancels it. */
  after(ms: number, run: () => void): () => void {
    const at = this.#tick + Math.ceil(ms / TICK_MS) + 1
    const bucket = this.#buckets.get(at) ?? new Set()
    this.#buckets.set(at, bucket.add(run))
    this.#cancel ??= this.#timers.after(TICK_MS, () => this.#turn())
    return () => {
      bucket.delete(run)
      if (bucket.size === 0 && this.#buckets.get(at) === bucket) this.#buckets.delete(at)
    }
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
    this.#buckets.clear()
  }

  #turn(): void {
    this.#tick++
    const due = this.#buckets.get(this.#tick)
    this.#buckets.delete(this.#tick)
    this.#cancel = this.#buckets.size > 0 || due ? this.#timers.after(TICK_MS, () => this.#turn()) : null
    for (const run of due ?? []) run()
  }
}
