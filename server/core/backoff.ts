/**
 * How the wait after a failed attempt grows (WIRE section 1, `retry`): `factor` per failure when exponential, at most
 * `maxSeconds` (null: 24 h, or the error delay itself when that is longer), plus up to the fraction `jitter` (0 to 1) of the delay.
 */
export type RetryPolicy = {
  readonly strategy: 'fixed' | 'exponential'
  readonly factor: number
  readonly maxSeconds: number | null
  readonly jitter: number
}

/** What a task without a policy does: the same wait every time. A policy's absent fields are filled from here. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = { strategy: 'fixed', factor: 2, maxSeconds: null, jitter: 0 }

/** No delay grows beyond 24 h: a task that waits longer looks lost, and an exponent would soon reach the year 10000. */
const MAX_GROWN_DELAY_MS = 24 * 3600 * 1000

/** What a task asks for outright, at most a year: longer delays are a mistake in the unit. */
export const MAX_DELAY_SECONDS = 366 * 24 * 3600

export type RetryDelayInput = {
  readonly errorDelayInSeconds: number
  readonly retry: RetryPolicy | null
  /** Failed attempts of this run, with the one that just failed; 1 or more. */
  readonly failures: number
  /** A number in [0, 1), as of `Math.random`. */
  readonly random: () => number
}

/**
 * The wait before the next attempt, in whole milliseconds. Jitter only ever adds, because a service that asked for a
 * wait must not be called sooner; so the result is at most the cap times `1 + jitter`.
 *
 * Numbers that make no sense (negative, NaN, infinite) never get into the result: they count as the nearest sensible
 * value, NaN as the lowest.
 */
export function retryDelayMs({ errorDelayInSeconds, retry, failures, random }: RetryDelayInput): number {
  const policy = retry ?? DEFAULT_RETRY_POLICY
  const baseMs = wholeMs(errorDelayInSeconds)
  const delayMs = Math.min(baseMs * growth(policy, failures), capMs(policy, baseMs))
  const jitterMs = delayMs * clamp(policy.jitter, 0, 1) * clamp(random(), 0, 1)
  return Math.floor(delayMs + jitterMs)
}

/** Finite also for a million failures: base times growth must not become 0 times infinity. */
function growth({ strategy, factor }: RetryPolicy, failures: number): number {
  if (strategy === 'fixed') return 1
  return clamp(clamp(factor, 1, Number.MAX_VALUE) ** clamp(failures - 1, 0, Number.MAX_VALUE), 1, Number.MAX_VALUE)
}

/** 24 h bound growth alone: a delay of two days is two days after every failure. */
function capMs({ maxSeconds }: RetryPolicy, baseMs: number): number {
  return maxSeconds === null ? Math.max(MAX_GROWN_DELAY_MS, baseMs) : wholeMs(maxSeconds)
}

/** Rounded, not cut: 1.005 s times 1000 is 1004.9999999999999. */
function wholeMs(seconds: number): number {
  return clamp(Math.round(seconds * 1000), 0, MAX_DELAY_SECONDS * 1000)
}

/** The nearest value within the bounds; NaN counts as the lower one. */
function clamp(value: number, low: number, high: number): number {
  return value > low ? Math.min(value, high) : low
}
