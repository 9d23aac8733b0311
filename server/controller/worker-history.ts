import { latencyBand } from '../core/figures.ts'
import { type CountedMinute, HISTORY_MINUTES, historyOf, MINUTE_MS, type WorkerMinute } from '../core/worker-history.ts'

/** Each is up to 100 KB: those that were called last. */
const MAX_WORKERS = 200

type Mutable<Value> = { -readonly [Field in keyof Value]: Value[Field] }

interface Minute extends Omit<Mutable<CountedMinute>, 'tally'> {
  readonly tally: Mutable<CountedMinute['tally']> & { readonly latencies: Map<number, number> }
}

interface Kept {
  /** By their number, modulo the hour. */
  readonly minutes: Minute[]
  underWay: number
}

/** What the workers of this server did in each minute of the last hour. In memory, as are the figures: it is for looking at. */
export class WorkerHistory {
  /** The one that was called last is last. */
  readonly #workers = new Map<string, Kept>()

  began(worker: string, now: number): void {
    const kept = this.#workers.get(worker) ?? { minutes: [], underWay: 0 }
    this.#workers.delete(worker)
    this.#workers.set(worker, kept)
    const minute = minuteAt(kept, now)
    kept.underWay++
    minute.peak = Math.max(minute.peak, kept.underWay)
    minute.after = kept.underWay
    const [oldest] = this.#workers.size > MAX_WORKERS ? this.#workers.keys() : []
    if (oldest !== undefined) this.#workers.delete(oldest)
  }

  /** Its slot is free, whatever came of it. */
  left(worker: string, now: number): void {
    const kept = this.#workers.get(worker)
    // Forgotten while it was under way.
    if (!kept || kept.underWay === 0) return
    const minute = minuteAt(kept, now)
    kept.underWay--
    minute.after = kept.underWay
  }

  ended(
    worker: string,
    { startedAt, endedAt, isError }: { startedAt: number; endedAt: number; isError: boolean },
  ): void {
    const kept = this.#workers.get(worker)
    if (!kept) return
    const { tally } = minuteAt(kept, endedAt)
    const band = latencyBand(endedAt - startedAt)
    tally.attempts++
    if (isError) tally.errors++
    tally.latencies.set(band, (tally.latencies.get(band) ?? 0) + 1)
  }

  /** Oldest first, the present minute last; null: it was not called. */
  of(worker: string, span: { now: number; minutes: number }): WorkerMinute[] | null {
    const kept = this.#workers.get(worker)
    // Places that were never used are holes.
    return kept ? historyOf(kept.minutes.filter(Boolean), span) : null
  }
}

function minuteAt({ minutes, underWay }: Kept, at: number): Minute {
  const number = Math.floor(at / MINUTE_MS)
  const place = number % HISTORY_MINUTES
  const known = minutes[place]
  if (known?.number === number) return known
  const tally = { attempts: 0, errors: 0, latencies: new Map<number, number>(), lastError: null }
  const minute = { number, tally, before: underWay, peak: underWay, after: underWay }
  minutes[place] = minute
  return minute
}
