/** How many attempts may be in flight: over all, and to one worker. */
export interface Limits {
  readonly maxInFlight: number
  readonly maxInFlightPerWorker: number
}

/** Counts what is in flight. Throttling means not claiming, so no lease is held while a task waits for a slot. */
export class WorkerLimits {
  readonly #limits: Limits
  readonly #inFlight = new Map<string, number>()
  #total = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  get inFlight(): number {
    return this.#total
  }

  get free(): number {
    return this.#limits.maxInFlight - this.#total
  }

  get slotsPerWorker(): number {
    return this.#limits.maxInFlightPerWorker
  }

  /** Free slots of the workers that are in use. */
  slots(): Map<string, number> {
    const slots = new Map<string, number>()
    for (const [worker, used] of this.#inFlight) slots.set(worker, this.slotsPerWorker - used)
    return slots
  }

  slotsOf(worker: string): { inFlight: number; limit: number } {
    return { inFlight: this.#inFlight.get(worker) ?? 0, limit: this.slotsPerWorker }
  }

  take(worker: string): void {
    this.#total++
    this.#inFlight.set(worker, (this.#inFlight.get(worker) ?? 0) + 1)
  }

  release(worker: string): void {
    this.#total--
    const left = (this.#inFlight.get(worker) ?? 0) - 1
    if (left > 0) this.#inFlight.set(worker, left)
    else this.#inFlight.delete(worker)
  }
}
