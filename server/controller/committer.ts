import type { TaskStorage } from '../../storage/task-storage.ts'
import type { ChangeSet, CommitResult } from '../core/change-set.ts'
import type { Timers } from '../core/clock.ts'
import { CrewError } from '../core/errors.ts'
import type { Logger } from './logger.ts'

export interface CommitterOptions {
  readonly storage: TaskStorage
  readonly timers: Timers
  readonly logger: Logger
  /** Called right after results were handed over: what is asked of the storage now comes behind them, in the same batch. */
  readonly afterFlush: () => void
}

/** How often a storage that failed is tried again. */
const RETRY_MS = 1000

interface Pending {
  readonly changeSet: ChangeSet
  readonly resolve: (result: CommitResult) => void
  readonly reject: (error: unknown) => void
}

/**
 * Hands the results of one turn of the event loop to the storage together. A result is never dropped because the storage is full or
 * away: it is kept and tried again (bounded by what may be in flight, as nothing is claimed meanwhile). Resolves once durable;
 * rejects only for a change set that cannot be written at all.
 */
export class Committer {
  readonly #options: CommitterOptions
  #pending: Pending[] = []
  #isFlushScheduled = false
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
    return new Promise((resolve, reject) => {
      this.#pending.push({ changeSet, resolve, reject })
      if (this.#isFlushScheduled) return
      this.#isFlushScheduled = true
      setImmediate(() => this.#flush())
    })
  }

  #flush(): void {
    this.#isFlushScheduled = false
    const batch = this.#pending
    this.#pending = []
    if (batch.length > 0) void this.#write(batch)
    this.#options.afterFlush()
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    this.#writing += batch.length
    try {
      const results = await this.#options.storage.commit(batch.map(({ changeSet }) => changeSet))
      if (this.#isFailing) this.#options.logger.info({ results: batch.length }, 'the storage takes writes again')
      this.#isFailing = false
      for (const [index, one] of batch.entries()) one.resolve(results[index] as CommitResult)
    } catch (error) {
      this.#fail(batch, error)
    } finally {
      this.#writing -= batch.length
    }
  }

  #fail(batch: readonly Pending[], error: unknown): void {
    if (isOutage(error)) this.#keep(batch, error)
    // One result that cannot be written must not keep the others from it.
    else if (batch.length > 1) for (const one of batch) void this.#write([one])
    else batch[0]?.reject(error)
  }

  #keep(batch: readonly Pending[], error: unknown): void {
    if (!this.#isFailing)
      this.#options.logger.error({ err: error, results: batch.length }, 'results wait for the storage')
    this.#isFailing = true
    this.#pending.unshift(...batch)
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    this.#options.timers.after(RETRY_MS, () => this.#flush())
  }
}

/** The storage is full or away, and comes back; anything else is a fault of the change set. */
function isOutage(error: unknown): boolean {
  return error instanceof CrewError && (error.code === 'storage_full' || error.code === 'storage_unavailable')
}
