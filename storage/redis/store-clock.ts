import type { Clock } from '../../server/core/clock.ts'

export interface StoreClockOptions {
  /** The time to begin with. */
  readonly clock: Clock
  /** Milliseconds that go on evenly, whatever is done to the clock of the machine. */
  readonly elapsed: () => number
}

/** When it was asked, by `asks`, and which part of the store told its time. */
export interface Hearing {
  readonly askedAt: number
  readonly from: string
}

/** So far it may be off. Less is left alone: masters that follow NTP differ by milliseconds. */
const TOLERANCE_MS = 250

/**
 * The time of Redis, as far as a server knows it: what it told last, and what has passed since then. Servers write by it what Redis
 * compares with its own: else a clock that is set an hour forward would put retries and new tasks off by an hour, and one that is set
 * back would make them early. A step of this machine's clock is none of it; one of Redis' is followed with the next claim or look for
 * leases that ended, which every server does each second.
 *
 * The masters of a Cluster each have a clock. Of their times it is the middle one, of all partitions: one master whose clock is wrong
 * moves nothing, and where they are seconds apart the time does not jump to and fro with whoever was asked last.
 */
export class StoreClock implements Clock {
  readonly #elapsed: () => number
  /** How far it is ahead of `elapsed`, by who told it; as many as there are partitions. */
  readonly #told = new Map<string, number>()
  #ahead: number

  constructor({ clock, elapsed }: StoreClockOptions) {
    this.#elapsed = elapsed
    this.#ahead = clock.now() - elapsed()
  }

  now(): number {
    return Math.floor(this.#elapsed() + this.#ahead)
  }

  /** To be handed to `heard`. */
  asks(): number {
    return this.#elapsed()
  }

  /** Redis looked at its clock at some moment since it was asked, and saw `storeAt`. */
  heard(storeAt: number, { askedAt, from }: Hearing): void {
    const answeredAt = this.#elapsed()
    const known = this.#told.get(from)
    const ahead = known ?? this.#ahead
    const offMs = Math.max(askedAt + ahead - storeAt, storeAt - (answeredAt + ahead))
    if (offMs <= TOLERANCE_MS && known !== undefined) return
    this.#told.set(from, offMs <= TOLERANCE_MS ? ahead : storeAt - (askedAt + answeredAt) / 2)
    this.#ahead = middleOf([...this.#told.values()])
  }
}

/** Of an even number the lower one, so that all servers mean the same. */
const middleOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] as number
