import type { StormKey, StormPlan } from '../../../demo-workers/simulation/storm/storm-plan.ts'

export const makeKey = (change: Partial<StormKey> = {}): StormKey => ({
  name: 'paced',
  quotaPerSecond: 3,
  headers: 'common',
  hasOutage: true,
  ...change,
})

/** One key, three calls a second, out from the second second to the fifth. */
export const makePlan = (change: Partial<StormPlan> = {}): StormPlan => ({
  seed: 7,
  latencyMs: 50,
  outage: { afterMs: 2000, lastsMs: 3000 },
  keys: [makeKey()],
  ...change,
})
