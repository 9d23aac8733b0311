/** The window of every quota here. */
export const WINDOW_MS = 1000

/** What is left of a quota after a call. */
export interface Allowance {
  readonly isGranted: boolean
  readonly remaining: number
  /** From now until the next window. */
  readonly resetMs: number
}

/** A quota in fixed windows, from each full second of the clock, as most providers count. A refused call is not counted. */
export class FixedWindow {
  readonly #limit: number
  #window = -1
  #used = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  take(now: number): Allowance {
    const window = Math.floor(now / WINDOW_MS)
    if (window !== this.#window) {
      this.#window = window
      this.#used = 0
    }
    const isGranted = this.#used < this.#limit
    if (isGranted) this.#used += 1
    return { isGranted, remaining: this.#limit - this.#used, resetMs: (window + 1) * WINDOW_MS - now }
  }
}
