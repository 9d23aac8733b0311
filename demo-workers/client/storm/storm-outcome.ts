import type { KeyFigures } from './storm-figures.ts'
import { TELLING_KEYS } from './storm-options.ts'

/** What came out of a storm. */
export interface StormOutcome {
  readonly keys: readonly KeyFigures[]
  readonly tasks: number
  readonly succeeded: number
  /** From the first call to the last. */
  readonly ms: number
}

/** Something that a storm must not break, and whether it did. */
export interface StormPromise {
  readonly text: string
  readonly isKept: boolean
}

/** Of the calls of a key that tells what is left. */
const MAX_OVER_QUOTA = 0.01
/** Of the quota, in the first second after the outage. */
const MAX_FIRST_SECOND = 0.1
/**
 * Of the quota, on the whole way of a key that nothing strikes. A tenth is kept in hand and machines stutter, so that no single
 * second tells; a key that waited for the outage of others would be below a half, in the storm as it is by default at 0.47.
 */
const MIN_MEAN = 0.5

/** The promises of traffic, each for the keys that it is about. */
export function judge({ keys, tasks, succeeded }: StormOutcome): readonly StormPromise[] {
  const rateLimited = keys.reduce((sum, { attempts }) => sum + attempts.byRateLimit, 0)
  return [
    ...keys.filter(({ key }) => TELLING_KEYS.includes(key.name)).map(quotaPromise),
    ...keys.filter(({ key }) => !key.hasOutage).map(steadyPromise),
    ...keys.filter(({ key }) => key.hasOutage).map(recoveryPromise),
    { text: `all ${tasks} tasks succeeded`, isKept: succeeded === tasks },
    { text: 'no attempt was used up by rate limiting', isKept: rateLimited === 0 },
  ]
}

function quotaPromise({ key, calls, overQuota }: KeyFigures): StormPromise {
  return {
    text: `${key.name} went over quota with less than 1 % of its calls`,
    isKept: overQuota < calls * MAX_OVER_QUOTA,
  }
}

function steadyPromise({ key, pace }: KeyFigures): StormPromise {
  const isKept = pace === null || pace.mean >= key.quotaPerSecond * MIN_MEAN
  const rate = pace === null ? '' : ` at ${pace.mean.toFixed(1)} good calls a second`
  return { text: `${key.name} went on${rate} while others were held and struck`, isKept }
}

/** A key that had nothing left to do after the outage broke nothing. */
function recoveryPromise({ key, firstSecond }: KeyFigures): StormPromise {
  const isKept = (firstSecond ?? 0) <= Math.max(1, key.quotaPerSecond * MAX_FIRST_SECOND)
  return { text: `${key.name} came back with at most a tenth of its quota in the first second`, isKept }
}
