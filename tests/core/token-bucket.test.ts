import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Rate, spend, tokensAt } from '../../server/core/token-bucket.ts'
import { SIMULATED_START } from '../support/simulated-clock.ts'

const now = SIMULATED_START
const perSecond = (count: number, burst = 1): Rate => ({ intervalMs: 1_000 / count, burst })

/** Takes all there is, again and again; the times at which tokens were taken. */
function takeAll(rate: Rate, times: readonly number[]): number[] {
  let clock = 0
  const taken: number[] = []
  for (const time of times) {
    const { free } = tokensAt(rate, clock, time)
    clock = spend(rate, clock, { count: free, now: time })
    for (let n = 0; n < free; n++) taken.push(time)
  }
  return taken
}

/** Wakes when it is told to, `late` milliseconds later; counts the tokens of so many wakes. */
function takeWhenTold(rate: Rate, wakes: number, late = 0): { taken: number; ms: number } {
  let [clock, time, taken] = [0, now, 0]
  for (let n = 0; n < wakes; n++) {
    const { free } = tokensAt(rate, clock, time)
    clock = spend(rate, clock, { count: free, now: time })
    taken += free
    time = tokensAt(rate, clock, time).nextAt + late
  }
  return { taken, ms: time - now }
}

describe('a bucket', () => {
  test('that nobody used is full', () => {
    expect(tokensAt(perSecond(10, 5), 0, now)).toEqual({ free: 5, nextAt: now })
  })

  test('lets one start each interval', () => {
    const times = Array.from({ length: 1_001 }, (_, ms) => now + ms)
    expect(takeAll(perSecond(4), times).map((time) => time - now)).toEqual([0, 250, 500, 750, 1_000])
  })

  test('lets a burst start at once, and then one each interval', () => {
    const times = Array.from({ length: 401 }, (_, ms) => now + ms)
    expect(takeAll(perSecond(10, 3), times).map((time) => time - now)).toEqual([0, 0, 0, 100, 200, 300, 400])
  })

  test('saves up no more than its burst', () => {
    const clock = spend(perSecond(10, 3), 0, { count: 3, now })
    expect(tokensAt(perSecond(10, 3), clock, now + 86_400_000).free).toBe(3)
  })

  test('keeps what was not spent', () => {
    const clock = spend(perSecond(10, 3), 0, { count: 1, now })
    expect(tokensAt(perSecond(10, 3), clock, now).free).toBe(2)
    expect(tokensAt(perSecond(10, 3), clock, now + 100).free).toBe(3)
  })

  test('counts of a burst what fits into it', () => {
    expect(tokensAt({ intervalMs: 10, burst: 2.9 }, 0, now).free).toBe(2)
  })

  test('that is empty says when the next may start', () => {
    const clock = spend(perSecond(3), 0, { count: 1, now })
    expect(tokensAt(perSecond(3), clock, now)).toEqual({ free: 0, nextAt: now + 334 })
    expect(tokensAt(perSecond(3), clock, now + 333).free).toBe(0)
    expect(tokensAt(perSecond(3), clock, now + 334).free).toBe(1)
  })

  test('is not empty for an hour when the clock goes back an hour', () => {
    const rate = perSecond(10)
    const clock = spend(rate, 0, { count: 1, now })
    expect(tokensAt(rate, clock, now - 3_600_000).free).toBe(1)
    expect(tokensAt(rate, clock, now - 100)).toEqual({ free: 0, nextAt: now + 100 })
  })

  test.each([1, 3, 7, 60, 300, 999, 1_000, 4_096])('keeps %d a second for an hour to within a thousandth', (count) => {
    // A burst of two milliseconds: whoever looks late makes up for it.
    const rate = perSecond(count, Math.max(2, Math.ceil(count / 500)))
    const { taken, ms } = takeWhenTold(rate, 20_000)
    const wanted = (ms / 1_000) * count
    expect(taken).toBeLessThanOrEqual(wanted + rate.burst)
    expect(taken).toBeGreaterThan(wanted * 0.995)
  })
})

describe('any bucket', () => {
  const anyRate: fc.Arbitrary<Rate> = fc.record({
    intervalMs: fc.oneof(
      fc.double({ min: 0.05, max: 100_000, noNaN: true }),
      fc.constantFrom(0.1, 1, 1_000 / 3, 1_000 / 7, 86_400_000, 1_000 / 300, 1 / 3),
    ),
    burst: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.double({ min: 1, max: 50, noNaN: true })),
  })
  const anyTimes = fc
    .array(fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 3_000 }), fc.nat({ max: 90_000_000 })), {
      minLength: 1,
      maxLength: 60,
    })
    .map((steps) => {
      let time = now
      return steps.map((step) => {
        time += step
        return time
      })
    })

  test('lets never more start in any stretch than the time allows and the burst', () => {
    fc.assert(
      fc.property(anyRate, anyTimes, (rate, times) => {
        const taken = countsOf(takeAll(rate, times))
        for (let first = 0; first < taken.length; first++) {
          let sum = 0
          for (let last = first; last < taken.length; last++) {
            const [[from = 0] = [], [to = 0, count = 0] = []] = [taken[first], taken[last]]
            sum += count
            expect(sum).toBeLessThanOrEqual((to - from) / rate.intervalMs + rate.burst)
          }
        }
      }),
    )
  })

  test('says the first whole millisecond in which one may start, and never a past one when none may', () => {
    fc.assert(
      fc.property(anyRate, anyTimes, fc.nat({ max: 60 }), (rate, times, count) => {
        let clock = 0
        for (const time of times) {
          const { free, nextAt } = tokensAt(rate, clock, time)
          expect(Number.isSafeInteger(free) && Number.isSafeInteger(nextAt)).toBe(true)
          if (free > 0) expect(nextAt).toBe(time)
          else {
            expect(nextAt).toBeGreaterThan(time)
            expect(tokensAt(rate, clock, nextAt).free).toBeGreaterThan(0)
            expect(tokensAt(rate, clock, nextAt - 1).free).toBe(0)
          }
          clock = spend(rate, clock, { count: Math.min(free, count), now: time })
        }
      }),
    )
  })

  test('loses one token for each that is spent, all at once or one by one', () => {
    fc.assert(
      fc.property(anyRate, anyTimes, (rate, times) => {
        const [first = now] = times
        const { free } = tokensAt(rate, 0, first)
        let clock = 0
        for (let left = free; left > 0; left--) {
          expect(tokensAt(rate, clock, first).free).toBe(left)
          clock = spend(rate, clock, { count: 1, now: first })
        }
        expect(tokensAt(rate, clock, first).free).toBe(0)
        expect(clock).toBe(spend(rate, 0, { count: free, now: first }))
        expect(clock).toBeLessThanOrEqual(first)
      }),
    )
  })
})

/** Tokens by the time they were taken. */
function countsOf(taken: readonly number[]): [time: number, count: number][] {
  const counts = new Map<number, number>()
  for (const time of taken) counts.set(time, (counts.get(time) ?? 0) + 1)
  return [...counts]
}
