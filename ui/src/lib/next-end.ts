/** So that the answer comes after the end and not a moment before it. */
const GRACE_MS = 250
/** What opens many times a second is not asked for as often. */
const LEAST_MS = 1000

/** For how long to wait before asking again, ms: no longer than to the next of these ends, after which what was told is past. */
export function waitAtMost(
  interval: number | false,
  ends: readonly { readonly until?: string }[] | undefined,
  now: number,
): number | false {
  if (interval === false) return false
  const left = (ends ?? [])
    .map(({ until }) => (until === undefined ? 0 : Date.parse(until) - now))
    .filter((ms) => ms > 0)
  return Math.min(interval, ...left.map((ms) => Math.max(ms + GRACE_MS, LEAST_MS)))
}
