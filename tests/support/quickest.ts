const TRIES = 4

/** The milliseconds that work took in the quickest of some tries, or the first that is quick enough: what else the machine does only adds to it. */
export function quickestMs(enough: number, work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < TRIES && best > enough; tries++) {
    const startedAt = performance.now()
    work()
    best = Math.min(best, performance.now() - startedAt)
  }
  return best
}
