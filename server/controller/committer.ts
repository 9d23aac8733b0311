import type { TaskStorage } from '../../storage/task-storage.ts'
import type { ChangeSet, CommitResult } from '../core/change-set.ts'
import type { Timers } from '../core/clock.ts'
import type { Logger } from './logger.ts'

export interface CommitterOptions {
  readonly storage: TaskStorage
  readonly timers: Timers
  readonly logger: Logger
  /** Attempts in flight now: with none, nobody else's result is worth waiting for. */
  readonly inFlight: () => number
}

/** A batch of this size has paid for its sync; larger ones only make the first of it wait. */
const FULL_BATCH = 32
/** DESIGN section 5: results are gathered for up to 2 ms. */
const GATHER_MS = 1
/** How often a storage that failed is tried again. */
const RETRY_MS = 1000

interface Pending {
  readonly changeSet: ChangeSet
  readonly resolve: (result: CommitResult) => void
}

/**
 * Gathers the results of attempts into batches. A result is never dropped: while the storage fails, results are kept and tried
 * again (they are bounded by what may be in flight, as nothing is claimed meanwhile). Resolves once durable.
 */
export class Committer {
  readonly #options: CommitterOptions
  #pending: Pending[] = []
  #cancelGathering: (() => void) | null = null
  #isFailing = false
  #writing = 0

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** False from a failed write until one succeeds: no new claims then. */
  get isHealthy(): boolean {
    return !this.#isFailing
  }

  /** Results that are not durable yet. */
  get size(): number {
    return this.#pending.length + this.#writing
  }

  commit(changeSet: ChangeSet): Promise<CommitResult> {
    return new Promise((resolve) => {
      this.#pending.push({ changeSet, resolve })
      if (this.#isFailing) return
      const enough = Math.min(FULL_BATCH, this.#options.inFlight() / 2)
      if (this.#pending.length >= enough) this.#flushNow()
      else this.#cancelGathering ??= this.#options.timers.after(GATHER_MS, () => this.#flushNow())
    })
  }

  #flushNow(): void {
    this.#cancelGathering?.()
    this.#cancelGathering = null
    const batch = this.#pending
    this.#pending = []
    if (batch.length > 0) void this.#write(batch)
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    this.#writing += batch.length
    try {
      const results = await this.#options.storage.commit(batch.map(({ changeSet }) => changeSet))
      if (this.#isFailing) this.#options.logger.info({ results: batch.length }, 'the storage takes writes again')
      this.#isFailing = false
      for (const [index, one] of batch.entries()) one.resolve(results[index] as CommitResult)
    } catch (error) {
      if (!this.#isFailing)
        this.#options.logger.error({ err: error, results: batch.length }, 'results wait for the storage')
      this.#isFailing = true
      this.#pending.unshift(...batch)
      this.#cancelGathering ??= this.#options.timers.after(RETRY_MS, () => this.#flushNow())
    } finally {
      this.#writing -= batch.length
    }
  }
}
