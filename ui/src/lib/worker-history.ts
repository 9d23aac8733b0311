import { countOf, formatNumber, formatShare } from './format.ts'
import { formatMs } from './traffic.ts'

/** What a worker did in one minute. */
export interface WorkerMinute {
  readonly at: string
  readonly attempts: number
  readonly errors: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly inFlight: number
}

const MINUTE_MS = 60_000
export const HISTORY_MINUTES = 60

/** Every minute of the last hour, oldest first: one in which nothing was attempted may be missing in what the server tells. */
export function everyMinute(minutes: readonly WorkerMinute[], now: number): readonly WorkerMinute[] {
  const known = new Map(minutes.map((minute) => [minuteOf(new Date(minute.at).getTime()), minute]))
  const last = minuteOf(now)
  return Array.from({ length: HISTORY_MINUTES }, (_, i) => {
    const minute = last - (HISTORY_MINUTES - 1 - i)
    return known.get(minute) ?? idle(minute * MINUTE_MS)
  })
}

const minuteOf = (time: number): number => Math.floor(time / MINUTE_MS)

const idle = (at: number): WorkerMinute => ({
  at: new Date(at).toISOString(),
  attempts: 0,
  errors: 0,
  p50Ms: null,
  p95Ms: null,
  inFlight: 0,
})

/** The charts in a sentence, for who does not see them. */
export function historySummary(minutes: readonly WorkerMinute[], timeOf: (at: string) => string): string {
  const attempts = sumOf(minutes, 'attempts')
  if (attempts === 0) return 'No attempts in the last hour.'
  const errors = sumOf(minutes, 'errors')
  const busiest = greatest(minutes, 'attempts')
  const slowest = greatest(minutes, 'p95Ms')
  return [
    `${countOf(attempts, 'attempt')} in the last hour, ${formatNumber(errors)} of them failed (${formatShare(errors / attempts)}).`,
    `Most in a minute: ${formatNumber(busiest.attempts)}, at ${timeOf(busiest.at)}.`,
    ...(slowest.p95Ms === null
      ? []
      : [`Slowest at ${timeOf(slowest.at)}: 95 % took at most ${formatMs(slowest.p95Ms)}.`]),
    `At most ${formatNumber(greatest(minutes, 'inFlight').inFlight)} in flight.`,
  ].join(' ')
}

const sumOf = (minutes: readonly WorkerMinute[], field: 'attempts' | 'errors'): number =>
  minutes.reduce((sum, minute) => sum + minute[field], 0)

function greatest(minutes: readonly WorkerMinute[], field: 'attempts' | 'p95Ms' | 'inFlight'): WorkerMinute {
  return minutes.reduce((best, minute) => ((minute[field] ?? -1) > (best[field] ?? -1) ? minute : best))
}
