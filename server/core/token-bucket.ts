/**
 * A rate of starts: one each `intervalMs` in the long run, and after a rest `burst` at once. So any stretch of `t` milliseconds holds
 * at most `t / intervalMs + burst` starts.
 */
export interface Rate {
  readonly intervalMs: number
  /** 1 or more; a fraction counts as what fits into it. */
  readonly burst: number
}

/** How many may start now; when none, from when on one may. */
export interface Tokens {
  readonly free: number
  readonly nextAt: number
}

/**
 * Sums of times are exact as long as all of them are multiples of this: a double keeps 2⁻¹² ms at today's times. So intervals are
 * rounded up to the next 1/1024 ms, which is never faster than was asked for (1,000 starts a second are 999.02 at the worst).
 */
const GRAINS_PER_MS = 1024

/**
 * A token bucket without a level: `clock` is the time up to which tokens were spent, so nothing has to be refilled and one number
 * is all there is to keep (the virtual scheduling of ITU-T I.371). 0 is a bucket that is full.
 */
export function tokensAt(rate: Rate, clock: number, now: number): Tokens {
  const interval = exactInterval(rate)
  const from = spentUntil(rate, clock, now)
  const free = Math.max(0, Math.floor((now - from) / interval))
  return { free, nextAt: free > 0 ? now : Math.ceil(from + interval) }
}

/** The clock after that many starts. */
export function spend(rate: Rate, clock: number, { count, now }: { count: number; now: number }): number {
  return spentUntil(rate, clock, now) + count * exactInterval(rate)
}

const exactInterval = ({ intervalMs }: Rate): number => Math.ceil(intervalMs * GRAINS_PER_MS) / GRAINS_PER_MS

/**
 * Rest beyond the burst is not saved up. Nobody spends what comes later, so a clock far ahead of now says that the machine's went
 * back, and tells nothing: else the bucket were empty until that has caught up.
 */
function spentUntil(rate: Rate, clock: number, now: number): number {
  const saved = Math.floor(exactInterval(rate) * rate.burst * GRAINS_PER_MS) / GRAINS_PER_MS
  return clock > now + saved ? now - saved : Math.max(clock, now - saved)
}
