import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addTallies, figuresOf, latencyBand, noTally, type Tally } from '../../server/core/figures.ts'

const tallyOf = (...durations: number[]): Tally => {
  const latencies = new Map<number, number>()
  for (const ms of durations) latencies.set(latencyBand(ms), (latencies.get(latencyBand(ms)) ?? 0) + 1)
  return { ...noTally, attempts: durations.length, latencies }
}
const failure = (at: number) => ({ at, message: 'm', taskId: 't', statusCode: 500 })

test('a worker that did nothing has no shares and no latencies', () => {
  expect(figuresOf(noTally)).toEqual({
    attemptsPerMinute: 0,
    errorShare: null,
    p50Ms: null,
    p95Ms: null,
    lastError: null,
  })
})

test('figures are those of five minutes', () => {
  const tally = { ...tallyOf(100, 100, 100, 8000), errors: 1, lastError: failure(5) }
  const { p50Ms, p95Ms, ...rest } = figuresOf(tally)
  expect(rest).toEqual({ attemptsPerMinute: 0.8, errorShare: 0.25, lastError: failure(5) })
  expect(Math.abs((p50Ms ?? 0) - 100)).toBeLessThan(10)
  expect(Math.abs((p95Ms ?? 0) - 8000)).toBeLessThan(800)
})

test('a quantile is at most a tenth off', () => {
  const durations = fc.array(fc.integer({ min: 1, max: 86_400_000 }), { minLength: 1, maxLength: 200 })
  const cases = fc.property(durations, (all) => {
    const sorted = all.toSorted((a, b) => a - b)
    const { p50Ms, p95Ms } = figuresOf(tallyOf(...all))
    for (const [share, ms] of [
      [0.5, p50Ms],
      [0.95, p95Ms],
    ] as const) {
      const exact = sorted[Math.ceil(all.length * share) - 1] ?? 0
      expect(Math.abs((ms ?? 0) - exact)).toBeLessThanOrEqual(Math.max(1, exact * 0.1))
    }
  })
  fc.assert(cases, { numRuns: 200 })
})

test('tallies add up, with the newest error', () => {
  const sum = addTallies([
    { ...tallyOf(10, 20), errors: 1, lastError: failure(1) },
    { ...tallyOf(10), errors: 1, lastError: failure(3) },
    noTally,
  ])
  expect(sum).toEqual({ ...tallyOf(10, 20, 10), errors: 2, lastError: failure(3) })
})
