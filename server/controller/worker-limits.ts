import type { ClaimRequest } from '../../storage/task-storage.ts'
import { RestartWindows, type Tone } from './restart-windows.ts'
import type { CallEnd } from './worker-client.ts'

/** How many attempts may be in flight: over all, and to one worker. */
export interface Limits {
  readonly maxInFlight: number
  readonly maxInFlightPerWorker: number
}

/**
 * Counts what is in flight. Throttling means not claiming, so no lease is held while a task waits for a slot. What an operator
 * limits, and what opens after a hold, is at the gates in the storage; here is what one server can do, and what it dares.
 */
export class WorkerLimits {
  readonly #limits: Limits
  readonly #inFlight = new Map<string, number>()
  readonly #windows: RestartWindows
  #total = 0

  constructor(limits: Limits) {
    this.#limits = limits
    this.#windows = new RestartWindows(limits.maxInFlightPerWorker)
  }

  begin(bootAt: number): void {
    this.#windows.begin(bootAt)
  }

  get inFlight(): number {
    return this.#total
  }

  get free(): number {
    return this.#limits.maxInFlight - this.#total
  }

  /** What a claim may take: of workers that are named so many, of any other one so many. `closed`: nothing of these. */
  claimable(
    now: number,
    closed: Iterable<string>,
  ): Pick<ClaimRequest, 'slots' | 'slotsPerWorker' | 'maxLeasesPerWorker'> {
    const maxLeasesPerWorker = this.#limits.maxInFlightPerWorker
    const isCareful = this.#windows.isCareful(now)
    const slots = new Map<string, number>()
    for (const worker of isCareful ? this.#windows.workers : []) slots.set(worker, this.#windows.sizeOf(worker, now))
    for (const [worker, used] of this.#inFlight)
      slots.set(worker, Math.max(0, this.#windows.sizeOf(worker, now) - used))
    for (const worker of closed) slots.set(worker, 0)
    // One tells whether what it has is old.
    return { slots, slotsPerWorker: isCareful ? 1 : maxLeasesPerWorker, maxLeasesPerWorker }
  }

  slotsOf(worker: string, now: number): { inFlight: number; limit: number } {
    return { inFlight: this.#inFlight.get(worker) ?? 0, limit: this.#windows.sizeOf(worker, now) }
  }

  /** Answers whether its worker has more slots from now on than the claim knew. */
  take({ worker, createdAt }: { worker: string; createdAt: number }, now: number): boolean {
    this.#total++
    this.#inFlight.set(worker, (this.#inFlight.get(worker) ?? 0) + 1)
    return this.#windows.claimed(worker, createdAt, now)
  }

  release(worker: string, end: CallEnd, now: number): void {
    this.#total--
    const left = (this.#inFlight.get(worker) ?? 0) - 1
    if (left > 0) this.#inFlight.set(worker, left)
    else this.#inFlight.delete(worker)
    this.#windows.answered(worker, toneOf(end), now)
  }
}

function toneOf(end: CallEnd): Tone {
  if (end.kind === 'timeout' || end.kind === 'networkError') return 'bad'
  if (end.kind !== 'answer') return 'neither'
  if (end.status === 429 || end.status === 503) return 'bad'
  return end.status < 500 ? 'clean' : 'neither'
}
