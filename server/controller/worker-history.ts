import { LATENCY_BANDS, latencyBand } from '../core/figures.ts'
import { type CountedMinute, HISTORY_MINUTES, historyOf, MINUTE_MS, type WorkerMinute } from '../core/worker-history.ts'

/** Each is 30 KB for its latencies and some more: those that were called last. */
const MAX_WORKERS = 200

interface Minute extends Omit<{ -readonly [Field in keyof CountedMinute]: CountedMinute[Field] }, 'tally'> {
  attempts: number
  errors: number
  /** How many in each band. */
  readonly latencies: Uint32Array
}

interface Kept {
  /** By their number, modulo the hour. */
  readonly minutes: Minute[]
  /** Of all minutes, in one piece from the start: maps of their own would grow for an hour, scattered over the heap. */
  readonly latencies: Uint32Array
  underWay: number
}

/** What the workers of this server did in each minute of the last hour. In memory, as are the figures: it is for looking at. */
export class WorkerHistory {
  /** The one that was called last is last. */
  readonly #workers = new Map<string, Kept>()

  began(worker: string, now: number): void {
    const kept = this.#workers.get(worker) ?? { minutes: [], latencies: this.#room(), underWay: 0 }
    this.#workers.delete(worker)
    this.#workers.set(worker, kept)
    const minute = minuteAt(kept, now)
    kept.underWay++
    minute.peak = Math.max(minute.peak, kept.underWay)
    minute.after = kept.underWay
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
    const minute = minuteAt(kept, endedAt)
    const band = Math.min(latencyBand(endedAt - startedAt), LATENCY_BANDS - 1)
    minute.attempts++
    if (isError) minute.errors++
    minute.latencies[band] = (minute.latencies[band] ?? 0) + 1
  }

  /** Oldest first, the present minute last; null: it was not called. */
  of(worker: string, span: { now: number; minutes: number }): WorkerMinute[] | null {
    const kept = this.#workers.get(worker)
    // Places that were never used are holes.
    return kept ? historyOf(kept.minutes.filter(Boolean).map(countedOf), span) : null
  }

  /** That of the worker that was called longest ago when there are too many: with many in turns each call would make 30 KB anew. */
  #room(): Uint32Array {
    const [oldest] = this.#workers.size >= MAX_WORKERS ? this.#workers : []
    if (!oldest) return new Uint32Array(HISTORY_MINUTES * LATENCY_BANDS)
    const [worker, { latencies }] = oldest
    this.#workers.delete(worker)
    return latencies
  }
}

function minuteAt({ minutes, latencies: ofAll, underWay }: Kept, at: number): Minute {
  const number = Math.floor(at / MINUTE_MS)
  const place = number % HISTORY_MINUTES
  const known = minutes[place]
  if (known?.number === number) return known
  const latencies = ofAll.subarray(place * LATENCY_BANDS, (place + 1) * LATENCY_BANDS).fill(0)
  const minute = { number, attempts: 0, errors: 0, latencies, before: underWay, peak: underWay, after: underWay }
  minutes[place] = minute
  return minute
}

function countedOf({ attempts, errors, latencies, ...minute }: Minute): CountedMinute {
  const used = [...latencies.entries()].filter(([, count]) => count > 0)
  return { ...minute, tally: { attempts, errors, latencies: new Map(used), lastError: null } }
}
