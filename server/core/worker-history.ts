import { figuresOf, type Tally } from './figures.ts'

/** What a worker did in one minute. */
export interface WorkerMinute {
  /** Its begin, epoch ms. */
  readonly at: number
  /** Attempts that ended in it. */
  readonly attempts: number
  /** Those of them that did not succeed. */
  readonly errors: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  /** The most that were under way at once. */
  readonly inFlight: number
}

/** A minute in which something began or ended. */
export interface CountedMinute {
  /** Since 1970. */
  readonly number: number
  readonly tally: Tally
  /** Under way when it began, at most in it, and when the last of it had happened. */
  readonly before: number
  readonly peak: number
  readonly after: number
}

export const MINUTE_MS = 60_000
export const HISTORY_MINUTES = 60

/** The last minutes, oldest first, the present one last; what is under way in one where nothing happened is what the one before left. */
export function historyOf(
  counted: readonly CountedMinute[],
  { now, minutes }: { now: number; minutes: number },
): WorkerMinute[] {
  const last = Math.floor(now / MINUTE_MS)
  const known = counted.filter(({ number }) => number <= last).toSorted((a, b) => a.number - b.number)
  const byNumber = new Map(known.map((minute) => [minute.number, minute]))
  const first = last - minutes + 1
  let underWay = known.findLast(({ number }) => number < first)?.after ?? known[0]?.before ?? 0
  return Array.from({ length: minutes }, (_, index) => {
    const minute = byNumber.get(first + index)
    const inFlight = Math.max(underWay, minute?.peak ?? 0)
    underWay = minute?.after ?? underWay
    const { p50Ms, p95Ms } = minute ? figuresOf(minute.tally) : nothing
    const { attempts, errors } = minute?.tally ?? nothing
    return { at: (first + index) * MINUTE_MS, attempts, errors, p50Ms, p95Ms, inFlight }
  })
}

const nothing = { attempts: 0, errors: 0, p50Ms: null, p95Ms: null }
