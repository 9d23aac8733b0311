import type { EndedAttempt } from '../core/attempt.ts'
import { addTallies, type FailedAttempt, FIGURES_MS, latencyBand, noTally, type Tally } from '../core/figures.ts'
import type { Task } from '../core/task.ts'
import { WorkerHistory } from './worker-history.ts'

/** An attempt that ended, as far as it counts here. */
interface CountedAttempt extends Pick<EndedAttempt, 'startedAt' | 'endedAt' | 'statusCode'> {
  readonly outcome: { readonly kind: 'success' } | { readonly kind: 'failure' | 'rateLimited'; readonly error: string }
}

/** Attempts are counted by buckets of ten seconds: thirty of them are the five minutes. */
const BUCKET_MS = 10_000
const BUCKETS = FIGURES_MS / BUCKET_MS
/** Who has more workers sees the figures of those that were called last. */
const MAX_WORKERS = 1000
/** Enough to see what it is; the whole text is in the attempt's record. */
const MAX_MESSAGE = 500

interface Bucket {
  /** The number of its ten seconds since 1970; another one than now is over. */
  number: number
  attempts: number
  errors: number
  latencies: Map<number, number>
}

interface Counted {
  readonly buckets: Bucket[]
  lastError: FailedAttempt | null
}

/**
 * Counts the attempts of this server by worker, over the last five minutes. In memory: figures are for looking at, and a write for
 * each attempt would cost as much as the attempt.
 */
export class WorkerFigures {
  /** The one that was called last is last. */
  readonly #workers = new Map<string, Counted>()
  /** The same by the minute, for an hour. */
  readonly history = new WorkerHistory()

  record({ id: taskId, worker }: Pick<Task, 'id' | 'worker'>, attempt: CountedAttempt): void {
    const { outcome, startedAt, endedAt, statusCode } = attempt
    const counted = this.#workers.get(worker) ?? { buckets: [], lastError: null }
    this.#workers.delete(worker)
    this.#workers.set(worker, counted)
    const bucket = bucketAt(counted, endedAt)
    const band = latencyBand(endedAt - startedAt)
    bucket.attempts++
    bucket.latencies.set(band, (bucket.latencies.get(band) ?? 0) + 1)
    const isError = outcome.kind !== 'success'
    this.history.ended(worker, { startedAt, endedAt, isError })
    if (outcome.kind !== 'success') {
      const message = outcome.error.slice(0, MAX_MESSAGE).toWellFormed()
      bucket.errors++
      counted.lastError = { at: endedAt, message, taskId, statusCode }
    }
    const [oldest] = this.#workers.size > MAX_WORKERS ? this.#workers.keys() : []
    if (oldest !== undefined) this.#workers.delete(oldest)
  }

  /** Of the last five minutes. */
  of(worker: string, now: number): Tally {
    const counted = this.#workers.get(worker)
    return counted ? tallyOf(counted, now) : noTally
  }

  /** Those that were called in the last five minutes, the last ones first. */
  all(now: number): [worker: string, tally: Tally][] {
    const tallies = [...this.#workers].map(([worker, counted]): [string, Tally] => [worker, tallyOf(counted, now)])
    return tallies.filter(([, { attempts }]) => attempts > 0).reverse()
  }
}

function bucketAt({ buckets }: Counted, at: number): Bucket {
  const number = Math.floor(at / BUCKET_MS)
  const place = number % BUCKETS
  const known = buckets[place]
  if (known?.number === number) return known
  const bucket = { number, attempts: 0, errors: 0, latencies: new Map<number, number>() }
  buckets[place] = bucket
  return bucket
}

function tallyOf({ buckets, lastError }: Counted, now: number): Tally {
  const first = Math.floor(now / BUCKET_MS) - BUCKETS
  // Places that were never used are holes.
  const live = buckets.filter((bucket) => bucket.number > first)
  const isRecent = lastError !== null && lastError.at > now - FIGURES_MS
  return {
    ...addTallies(live.map((bucket) => ({ ...bucket, lastError: null }))),
    lastError: isRecent ? lastError : null,
  }
}
