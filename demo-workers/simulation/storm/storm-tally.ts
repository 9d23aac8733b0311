/** Calls are counted in steps this long: short enough to see how a ramp begins. */
export const STEP_MS = 100

/** Half an hour of steps; later calls count in the sums alone. */
const MAX_STEPS = 18_000

/** What the provider counted for one key. */
export interface KeyTally {
  readonly calls: number
  /** Refused with 429. */
  readonly overQuota: number
  /** Came while the key was struck by the outage. */
  readonly inOutage: number
  readonly inFlight: number
  readonly maxInFlight: number
  /** Calls in each step since the first call of all keys. */
  readonly perStep: readonly number[]
}

/** Counts the calls of one key. */
export class StormTally {
  #calls = 0
  #overQuota = 0
  #inOutage = 0
  #inFlight = 0
  #maxInFlight = 0
  readonly #perStep: number[] = []

  /** `elapsedMs`: since the first call of all keys. */
  begin(call: { readonly elapsedMs: number; readonly isOverQuota: boolean; readonly isInOutage: boolean }): void {
    this.#calls += 1
    if (call.isOverQuota) this.#overQuota += 1
    if (call.isInOutage) this.#inOutage += 1
    this.#inFlight += 1
    this.#maxInFlight = Math.max(this.#maxInFlight, this.#inFlight)
    this.#countStep(Math.floor(call.elapsedMs / STEP_MS))
  }

  end(): void {
    this.#inFlight -= 1
  }

  read(): KeyTally {
    return {
      calls: this.#calls,
      overQuota: this.#overQuota,
      inOutage: this.#inOutage,
      inFlight: this.#inFlight,
      maxInFlight: this.#maxInFlight,
      perStep: [...this.#perStep],
    }
  }

  #countStep(step: number): void {
    if (step < 0 || step >= MAX_STEPS) return
    while (this.#perStep.length <= step) this.#perStep.push(0)
    this.#perStep[step] = (this.#perStep[step] ?? 0) + 1
  }
}
