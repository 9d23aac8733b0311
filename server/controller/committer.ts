import type { TaskStorage } from '../../storage/task-storage.ts'
import type { ChangeSet, CommitResult } from '../core/change-set.ts'
import type { Timers } from '../core/clock.ts'
import type { AttemptObserver } from './attempt-observer.ts'
import type { Logger } from './logger.ts'
import { isOutage, RETRY_MS, type StorageHealth } from './storage-health.ts'

export interface CommitterOptions {
  readonly storage: TaskStorage
  readonly timers: Timers
  readonly logger: Logger
  readonly health: StorageHealth
  readonly observer: Pick<AttemptObserver, 'committed'>
  /** Called right after results were handed over: what is asked of the storage now comes behind them, in the same batch. */
  readonly afterFlush: () => void
}

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
  /** Those that a storage that was full or away did not take. */
  readonly #kept = new Set<Pending>()
  #isFlushScheduled = false
  #isFailing = false

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** False from a failed write until nothing waits. */
  get isHealthy(): boolean {
    return !this.#isFailing
  }

  /** Where one part may be away alone, claims go on for the others: what may be uncommitted is bounded all the same. */
  get allowsClaims(): boolean {
    return this.isHealthy || this.#options.storage.isPartitioned === true
  }

  commit(changeSet: ChangeSet): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ changeSet, resolve, reject })
      if (this.#isFlushScheduled) return
      this.#isFlushScheduled = true
      this.#options.timers.soon(() => this.#flush())
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
    const startedAt = performance.now()
    try {
      const results = await this.#options.storage.commit(batch.map(({ changeSet }) => changeSet))
      this.#options.observer.committed(performance.now() - startedAt)
      this.#options.health.answered()
      this.#take(batch)
      for (const [index, one] of batch.entries()) one.resolve(results[index] as CommitResult)
    } catch (error) {
      this.#fail(batch, error)
    }
  }

  /** One result that cannot be written must not keep the others from it: in a Redis Cluster, its part may be away alone. */
  #fail(batch: readonly Pending[], error: unknown): void {
    const { isPartitioned } = this.#options.storage
    if (batch.length > 1 && (isPartitioned || !isOutage(error))) for (const one of batch) void this.#write([one])
    else if (isOutage(error)) this.#keep(batch, error)
    else {
      this.#take(batch)
      batch[0]?.reject(error)
    }
  }

  /** None of these waits any more. */
  #take(batch: readonly Pending[]): void {
    for (const one of batch) this.#kept.delete(one)
    if (!this.#isFailing || this.#kept.size > 0) return
    this.#isFailing = false
    this.#options.logger.info({ results: batch.length }, 'the storage takes writes again')
  }

  #keep(batch: readonly Pending[], error: unknown): void {
    if (!this.#isFailing)
      this.#options.logger.error({ err: error, results: batch.length }, 'results wait for the storage')
    // What one part of a Cluster does not take says nothing of the others; claims tell when all are away.
    if (!this.#options.storage.isPartitioned) this.#options.health.failed('a commit', error)
    this.#isFailing = true
    for (const one of batch) this.#kept.add(one)
    this.#pending.unshift(...batch)
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    this.#options.timers.after(RETRY_MS, () => this.#flush())
  }
}
