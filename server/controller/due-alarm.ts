import type { Clock } from '../core/clock.ts'
import type { Alarms } from './alarms.ts'
import type { ClaimLag } from './claim-lag.ts'

/** Hints can be lost; what is claimable is found again at least this often (I4, DESIGN section 5). */
export const POLL_MS = 1000
/**
 * A claim that says "again, now" and brings nothing has looked at many tasks that wait for others; so often that is believed at once,
 * then it is asked again a little later: an engine that is wrong about it must not keep a processor busy.
 */
const MAX_EMPTY_CLAIMS = 20
const EMPTY_CLAIM_MS = 10

export interface DueAlarmOptions {
  readonly alarms: Alarms
  readonly clock: Clock
  readonly lag: ClaimLag
  readonly wake: () => void
}

/** Wakes the controller when the next task falls due, as the last claim told. */
export class DueAlarm {
  readonly #options: DueAlarmOptions
  #emptyClaims = 0

  constructor(options: DueAlarmOptions) {
    this.#options = options
  }

  set(at: number, claimed: number): void {
    const { alarms, clock, lag, wake } = this.#options
    const now = clock.now()
    const ms = at - now
    this.#emptyClaims = ms > 0 || claimed > 0 ? 0 : this.#emptyClaims + 1
    const soonest = this.#emptyClaims > MAX_EMPTY_CLAIMS ? EMPTY_CLAIM_MS : 0
    alarms.cancel('due')
    // The poll is sooner for anything further away.
    if (ms >= POLL_MS) return
    alarms.set('due', Math.max(soonest, ms), () => {
      // What was due before it was told is not late: the storage had been asked.
      lag.due(Math.max(at, now))
      wake()
    })
  }
}
