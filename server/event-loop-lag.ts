import type { Clock, Timers } from './core/clock.ts'
import { WorstOfMinute } from './core/worst-of-minute.ts'

/** Often enough to meet what lasts, seldom enough to cost nothing. */
const LOOK_MS = 250

/** How late timers fire, at worst within the last minute: what keeps the event loop busy keeps every request waiting. */
export class EventLoopLag {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #worst = new WorstOfMinute()
  #cancel: () => void = () => {}

  constructor({ clock, timers }: { readonly clock: Clock; readonly timers: Timers }) {
    this.#clock = clock
    this.#timers = timers
  }

  start(): void {
    const dueAt = this.#clock.now() + LOOK_MS
    this.#cancel = this.#timers.after(LOOK_MS, () => {
      const now = this.#clock.now()
      // A clock that was set on, or a machine that slept, looks like a long wait; it is told as one.
      this.#worst.note(Math.max(0, now - dueAt), now)
      this.start()
    })
  }

  stop(): void {
    this.#cancel()
  }

  get worstMs(): number {
    return this.#worst.at(this.#clock.now())
  }
}
