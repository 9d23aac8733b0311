import type { StormKey, StormOutage } from '../../simulation/storm/storm-plan.ts'
import { type KeyTally, STEP_MS } from '../../simulation/storm/storm-tally.ts'
import type { AttemptUse } from './attempt-use.ts'

/** What came out for one key. */
export interface KeyFigures {
  readonly key: StormKey
  readonly calls: number
  readonly overQuota: number
  readonly inOutage: number
  readonly maxInFlight: number
  /** The longest time without a call from its first to its last, but for the outage and the wait for its end. */
  readonly longestStallMs: number
  /** Calls a second that did their work, on the whole way; and the fewest calls in any second of it. Null when it was too short. */
  readonly pace: { readonly mean: number; readonly slowest: number } | null
  /** Of a key that was struck: from the end of the outage to its next call; null when none came. */
  readonly backAfterMs: number | null
  /** The calls in the second that began with that call. */
  readonly firstSecond: number | null
  readonly attempts: AttemptUse
  /** Calls in each whole second since the first call of all keys. */
  readonly perSecond: readonly number[]
}

const STEPS_PER_SECOND = 1000 / STEP_MS

/** Works the figures of a key out of what the provider counted. */
export function keyFigures(
  key: StormKey,
  outage: StormOutage,
  { tally, attempts }: { readonly tally: KeyTally; readonly attempts: AttemptUse },
): KeyFigures {
  const { calls, overQuota, inOutage, maxInFlight, perStep } = tally
  const struck = key.hasOutage ? struckSteps(perStep, outage) : null
  const hasReturned = struck !== null && struck.until < perStep.length
  return {
    key,
    ...{ calls, overQuota, inOutage, maxInFlight, attempts },
    longestStallMs: longestStall(perStep, struck) * STEP_MS,
    pace: paceOf(perStep, calls - overQuota - inOutage),
    backAfterMs: hasReturned ? struck.until * STEP_MS - outage.afterMs - outage.lastsMs : null,
    firstSecond: hasReturned ? callsFrom(perStep, struck.until) : null,
    perSecond: perSecond(perStep),
  }
}

/** From the step in which the outage began up to the first with a call after its end. */
interface Struck {
  readonly from: number
  readonly until: number
}

function struckSteps(perStep: readonly number[], { afterMs, lastsMs }: StormOutage): Struck {
  const end = Math.ceil((afterMs + lastsMs) / STEP_MS)
  const next = perStep.findIndex((calls, step) => step >= end && calls > 0)
  return { from: Math.floor(afterMs / STEP_MS), until: next < 0 ? perStep.length : next }
}

/** In steps without a call, between the first and the last. */
function longestStall(perStep: readonly number[], struck: Struck | null): number {
  let longest = 0
  let last: number | null = null
  for (const [step, calls] of perStep.entries()) {
    if (calls === 0) continue
    const isApart = struck !== null && last !== null && step > struck.from && last < struck.until
    if (last !== null && !isApart) longest = Math.max(longest, step - last - 1)
    last = step
  }
  return longest
}

/** Where work begins and ends the seconds are not full: the first and the last are left out of the slowest. */
function paceOf(perStep: readonly number[], good: number): KeyFigures['pace'] {
  const first = perStep.findIndex((calls) => calls > 0)
  const last = perStep.findLastIndex((calls) => calls > 0)
  const starts = last - first - 3 * STEPS_PER_SECOND + 1
  if (starts < 1) return null
  const seconds = Array.from({ length: starts }, (_, step) => callsFrom(perStep, first + STEPS_PER_SECOND + step))
  return { mean: (good * STEPS_PER_SECOND) / (last - first + 1), slowest: Math.min(...seconds) }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

/** Calls in the second that begins with a step. */
const callsFrom = (perStep: readonly number[], step: number): number =>
  sum(perStep.slice(step, step + STEPS_PER_SECOND))

function perSecond(perStep: readonly number[]): readonly number[] {
  const length = Math.ceil(perStep.length / STEPS_PER_SECOND)
  return Array.from({ length }, (_, second) => callsFrom(perStep, second * STEPS_PER_SECOND))
}
