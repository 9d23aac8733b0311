import { describe, expect, test } from 'vitest'
import type { TaskView } from '../../../demo-workers/client/snapshot.ts'
import { attemptUse } from '../../../demo-workers/client/storm/attempt-use.ts'
import { type KeyFigures, keyFigures } from '../../../demo-workers/client/storm/storm-figures.ts'
import { judge } from '../../../demo-workers/client/storm/storm-outcome.ts'
import { stormSummary } from '../../../demo-workers/client/storm/storm-summary.ts'
import type { StormKey } from '../../../demo-workers/simulation/storm/storm-plan.ts'
import { makeKey } from './make-plan.ts'

const NONE = { byRateLimit: 0, byOutage: 0, byOther: 0 }
const OUTAGE = { afterMs: 2000, lastsMs: 3000 }

/** Figures of a key with these calls in each tenth of a second. */
function figuresOf(perStep: readonly number[], change: Partial<StormKey> = {}): KeyFigures {
  const calls = perStep.reduce((a, b) => a + b, 0)
  const tally = { calls, overQuota: 0, inOutage: 0, inFlight: 0, maxInFlight: 4, perStep }
  return keyFigures(makeKey({ quotaPerSecond: 50, ...change }), OUTAGE, { tally, attempts: NONE })
}

/** So many calls in each tenth of so many seconds. */
const steps = (seconds: number, calls: number): number[] => Array(seconds * 10).fill(calls)

describe('the figures of a key', () => {
  test('after an outage are how long it took to come back, and the second that begins with the first call', () => {
    const struck = [...steps(2, 5), ...steps(3, 0), ...steps(2, 0), 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 9, ...steps(1, 5)]
    expect(figuresOf(struck)).toMatchObject({ backAfterMs: 2000, firstSecond: 3 })
  })

  test('of a key that had nothing to do after the outage say so', () => {
    expect(figuresOf(steps(2, 5))).toMatchObject({ backAfterMs: null, firstSecond: null })
    expect(figuresOf([...steps(2, 5), ...steps(1, 2)])).toMatchObject({ backAfterMs: null, firstSecond: null })
  })

  test('name the longest stall, but for the outage and the wait for its end', () => {
    const probes = [...steps(1, 0), 1, ...steps(3, 0)]
    const struck = [...steps(1, 5), 0, 0, 0, ...steps(1, 5).slice(3), ...probes, 1, 0, 0, 0, 0, 2, ...steps(1, 5)]
    expect(figuresOf(struck)).toMatchObject({ longestStallMs: 400 })
    expect(figuresOf(struck, { hasOutage: false })).toMatchObject({ longestStallMs: 3000 })
    expect(figuresOf([])).toMatchObject({ longestStallMs: 0, calls: 0 })
  })

  test('tell how fast it went: on the whole, and in its slowest second between the first and the last', () => {
    const perStep = [...steps(1, 1), ...steps(2, 5), 0, 0, 0, 0, ...steps(2, 5), ...steps(1, 1)]
    expect(figuresOf(perStep).pace).toEqual({ mean: 220 / 6.4, slowest: 30 })
    expect(figuresOf(steps(3, 5)).pace).toBeNull()
    expect(figuresOf([]).pace).toBeNull()
  })

  test('have the calls of each second', () => {
    expect(figuresOf([...steps(1, 5), ...steps(1, 3), 2]).perSecond).toEqual([50, 30, 2])
  })
})

describe('attempts', () => {
  const task = (remainingAttempts: number, errors: readonly string[] = []): TaskView => ({
    ...{ id: 'a', name: '', worker: '', workgroup: '', state: 'succeeded', parentIds: [], errors, remainingAttempts },
    ...{ isComplete: true, runAfter: 0, output: null },
  })

  test('are counted by what used them up', () => {
    const tasks = [
      task(5),
      task(3, ['HTTP 503: the provider answered 503', 'HTTP 504: no answer']),
      task(4, ['HTTP 429: x']),
      task(4, ['timeout']),
    ]
    expect(attemptUse(tasks, 5)).toEqual({ byRateLimit: 1, byOutage: 2, byOther: 1 })
  })

  test('that left no line are not lost', () => {
    expect(attemptUse([task(2, ['HTTP 502: refused'])], 5)).toEqual({ byRateLimit: 0, byOutage: 1, byOther: 2 })
    expect(attemptUse([task(5), task(5)], 5)).toEqual(NONE)
  })
})

describe('what a storm must keep', () => {
  const steady = figuresOf(steps(6, 5), { name: 'steady', hasOutage: false, headers: 'standard' })
  const paced = { ...figuresOf(steps(6, 5)), calls: 1000, overQuota: 9, firstSecond: 5 }
  const blind = {
    ...figuresOf(steps(6, 5), { name: 'blind', headers: 'none' }),
    calls: 100,
    overQuota: 40,
    firstSecond: 2,
  }
  const kept = { keys: [steady, paced, blind], tasks: 30, succeeded: 30, ms: 6000 }
  const broken = (change: object, key: Partial<KeyFigures> = {}) =>
    judge({ ...kept, keys: [steady, { ...paced, ...key }, blind], ...change }).flatMap(({ text, isKept }) =>
      isKept ? [] : [text],
    )

  test('is judged by key: a tenth in the first second, one in a hundred over quota, no others in the way', () => {
    expect(broken({})).toEqual([])
    expect(broken({ keys: [{ ...paced, key: { ...paced.key, headers: 'none' }, overQuota: 10 }] })).toHaveLength(1)
    expect(broken({}, { overQuota: 10 })).toEqual(['paced went over quota with less than 1 % of its calls'])
    expect(broken({}, { firstSecond: 6 })).toEqual([
      'paced came back with at most a tenth of its quota in the first second',
    ])
    expect(broken({ keys: [{ ...steady, pace: { mean: 24.9, slowest: 0 } }] })).toEqual([
      'steady went on at 24.9 good calls a second while others were held and struck',
    ])
  })

  test('is every task, and every attempt that a rate limit must not use up', () => {
    expect(broken({ succeeded: 29 })).toEqual(['all 30 tasks succeeded'])
    expect(broken({}, { attempts: { ...NONE, byRateLimit: 1 } })).toEqual(['no attempt was used up by rate limiting'])
  })

  test('is shown below the figures', () => {
    expect(stormSummary(kept)).toEqual([
      '',
      'steady  ██████',
      'paced   ██████',
      'blind   ██████',
      '',
      '                                          steady           paced           blind',
      'what is left is told by                RateLimit   X-RateLimit-*         nothing',
      'calls                                        300           1,000             100',
      'over quota                               0 (0 %)       9 (0.9 %)       40 (40 %)',
      'calls during the outage               not struck               0               0',
      'most at once                                   4               4               4',
      'longest stall                                0 s             0 s             0 s',
      'good calls a second                         50.0            50.0            50.0',
      'slowest second                                50               –               –',
      'first call after the outage                    –             0 s             0 s',
      'first second from then                         –        5 (10 %)         2 (4 %)',
      'attempts used by rate limits                   0               0               0',
      'attempts used by the outage                    0               0               0',
      'attempts used by other things                  0               0               0',
      '',
      '✓ steady went over quota with less than 1 % of its calls',
      '✓ paced went over quota with less than 1 % of its calls',
      '✓ steady went on at 50.0 good calls a second while others were held and struck',
      '✓ paced came back with at most a tenth of its quota in the first second',
      '✓ blind came back with at most a tenth of its quota in the first second',
      '✓ all 30 tasks succeeded',
      '✓ no attempt was used up by rate limiting',
      '30 of 30 tasks succeeded in 6 s.',
    ])
  })
})
