/** What a worker did lately: sums that can be added up, over buckets of time and over servers. */
export interface Tally {
  readonly attempts: number
  /** Those of them that did not succeed. */
  readonly errors: number
  /** How many took how long, by `latencyBand`. */
  readonly latencies: ReadonlyMap<number, number>
  /** The newest; null: there was none. */
  readonly lastError: FailedAttempt | null
}

export interface FailedAttempt {
  /** Epoch ms. */
  readonly at: number
  readonly message: string
  readonly taskId: string
  /** Null when there was no answer. */
  readonly statusCode: number | null
}

/** The figures of a worker as people read them. */
export interface Figures {
  readonly attemptsPerMinute: number
  /** A fraction from 0 to 1; null when there was no attempt, as are the latencies. */
  readonly errorShare: number | null
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly lastError: FailedAttempt | null
}

/** Long enough to see a trend, short enough to be about now. */
export const FIGURES_MS = 5 * 60 * 1000

/** Bands grow by a fifth (2^¼), so that a quantile is at most a tenth off; a hundred of them reach a day. */
const BANDS_PER_DOUBLING = 4
/** Where each has a place: up to 41 days, the longest of them counts what took longer. */
export const LATENCY_BANDS = 128

export const noTally: Tally = { attempts: 0, errors: 0, latencies: new Map(), lastError: null }

/** In which band a duration is; what took no time counts as a millisecond. */
export function latencyBand(durationMs: number): number {
  return Math.round(Math.log2(Math.max(1, durationMs)) * BANDS_PER_DOUBLING)
}

/** All of these together. */
export function addTallies(tallies: Iterable<Tally>): Tally {
  let { attempts, errors, lastError } = noTally
  const latencies = new Map<number, number>()
  for (const tally of tallies) {
    attempts += tally.attempts
    errors += tally.errors
    for (const [band, count] of tally.latencies) latencies.set(band, (latencies.get(band) ?? 0) + count)
    if ((tally.lastError?.at ?? 0) > (lastError?.at ?? 0)) lastError = tally.lastError
  }
  return { attempts, errors, latencies, lastError }
}

/** What a tally of the last five minutes says. */
export function figuresOf({ attempts, errors, latencies, lastError }: Tally): Figures {
  return {
    attemptsPerMinute: (attempts * 60_000) / FIGURES_MS,
    errorShare: attempts === 0 ? null : errors / attempts,
    p50Ms: quantileOf(latencies, 0.5),
    p95Ms: quantileOf(latencies, 0.95),
    lastError,
  }
}

/** The middle of the band in which that share of all is reached. */
function quantileOf(latencies: ReadonlyMap<number, number>, share: number): number | null {
  const bands = [...latencies].sort(([a], [b]) => a - b)
  const total = bands.reduce((sum, [, count]) => sum + count, 0)
  let left = Math.ceil(total * share)
  for (const [band, count] of bands) {
    left -= count
    if (left <= 0) return Math.round(2 ** (band / BANDS_PER_DOUBLING))
  }
  return null
}
