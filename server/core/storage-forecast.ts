/** How large a store was. */
export interface SizeSample {
  /** Epoch ms. */
  readonly at: number
  readonly bytes: number
  readonly tasks: number
}

/** How it will go on at the present rate. */
export interface StorageForecast {
  /** All bytes over all tasks; null without tasks. */
  readonly bytesPerTask: number | null
  /** Negative when it shrinks; null until it was watched for an hour. */
  readonly bytesPerDay: number | null
  /** In so many days nothing more fits; null when it does not grow, or nobody knows how much fits. */
  readonly daysUntilFull: number | null
}

/** A week of growth says what the next days are like, and last month's says little. */
const WINDOW_MS = 7 * 86_400_000
export const SAMPLE_EVERY_MS = 30 * 60_000
/** A shorter time shows how a batch comes in, not how a store grows. */
const LEAST_SPAN_MS = 3_600_000
const DAY_MS = 86_400_000

/** With the new one, oldest first, a week of them: 336, some 16 KB. One that comes early, as of a second server, changes nothing. */
export function withSample(samples: readonly SizeSample[], sample: SizeSample): readonly SizeSample[] {
  const last = samples.at(-1)
  if (last && sample.at - last.at < SAMPLE_EVERY_MS / 2) return samples
  return [...samples.filter(({ at }) => at > sample.at - WINDOW_MS), sample]
}

/** `freeBytes`: how much more fits; null where nobody knows. */
export function forecastOf(samples: readonly SizeSample[], freeBytes: number | null): StorageForecast {
  const last = samples.at(-1)
  const bytesPerTask = last && last.tasks > 0 ? Math.round(last.bytes / last.tasks) : null
  const bytesPerDay = growthOf(samples)
  const isGrowing = bytesPerDay !== null && bytesPerDay > 0
  return { bytesPerTask, bytesPerDay, daysUntilFull: isGrowing && freeBytes !== null ? freeBytes / bytesPerDay : null }
}

/** The line with the least squares through all of them, as two samples alone are a matter of when a cleaning ran. */
function growthOf(samples: readonly SizeSample[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last || last.at - first.at < LEAST_SPAN_MS) return null
  const days = samples.map(({ at }) => (at - first.at) / DAY_MS)
  const meanDay = mean(days)
  const meanBytes = mean(samples.map(({ bytes }) => bytes))
  const spread = days.reduce((sum, day) => sum + (day - meanDay) ** 2, 0)
  const together = samples.reduce((sum, { bytes }, i) => sum + ((days[i] ?? 0) - meanDay) * (bytes - meanBytes), 0)
  return Math.round(together / spread)
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

export const SIZES_RECORD = 'process/sizes'

export const sizesText = (samples: readonly SizeSample[]): string =>
  JSON.stringify(samples.map(({ at, bytes, tasks }) => [at, bytes, tasks]))

export function sizesFrom(text: string | null): readonly SizeSample[] {
  if (text === null) return []
  return (JSON.parse(text) as [number, number, number][]).map(([at, bytes, tasks]) => ({ at, bytes, tasks }))
}
