import type { Clock } from '../../server/core/clock.ts'

export interface StoreClockOptions {
  /** The time to begin with. */
  readonly clock: Clock
  /** Milliseconds that go on evenly, whatever is done to the clock of the machine. */
  readonly elapsed: () => number
}

/**
 * So far it may be off. Less is left alone: the masters of a Cluster differ by milliseconds, and each of them tells its time.
 */
const TOLERANCE_MS = 250

/**
 * The time of Redis, as far as a server knows it: what a claim told last, and what has passed since then. Servers write by it what Redis
 * compares with its own: else a clock that is set an hour forward would put retries and new tasks off by an hour, and one that is set
 * back would make them early. A step of this machine's clock is none of it; one of Redis' is followed with the next claim.
 */
export class StoreClock implements Clock {
  readonly #elapsed: () => number
  #at: number
  #since: number

  constructor({ clock, elapsed }: StoreClockOptions) {
    this.#elapsed = elapsed
    this.#at = clock.now()
    this.#since = elapsed()
  }

  now(): number {
    return Math.floor(this.#when(this.#elapsed()))
  }

  /** To be handed to `heard`. */
  asks(): number {
    return this.#elapsed()
  }

  /** Redis looked at its clock at some moment since it was asked, and saw `storeAt`. */
  heard(storeAt: number, askedAt: number): void {
    const answeredAt = this.#elapsed()
    const offMs = Math.max(this.#when(askedAt) - storeAt, storeAt - this.#when(answeredAt))
    if (offMs <= TOLERANCE_MS) return
    this.#at = storeAt
    this.#since = (askedAt + answeredAt) / 2
  }

  #when(elapsed: number): number {
    return this.#at + elapsed - this.#since
  }
}
