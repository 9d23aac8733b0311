const LOOK_MS = 10
/** Less than that is the grain of timers. */
const GRAIN_MS = 30

/** Times in which this process did not come to run, oldest first. */
const stalls: { readonly from: number; readonly until: number }[] = []
let seenAt = performance.now()

function look(): void {
  const now = performance.now()
  if (now - seenAt > LOOK_MS + GRAIN_MS) stalls.push({ from: seenAt + LOOK_MS, until: now })
  seenAt = now
}

setInterval(look, LOOK_MS).unref()

/**
 * The milliseconds between two moments of `performance.now` but for those in which this process stood still, as everything does on a
 * machine that stalls. For bounds of what must not take longer: whoever is late by himself is late by this clock too.
 */
export function awakeMs(from: number, until: number = performance.now()): number {
  look()
  const lost = stalls.map((stall) => Math.min(stall.until, until) - Math.max(stall.from, from))
  return until - from - lost.reduce((sum, ms) => sum + Math.max(0, ms), 0)
}
