import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  DEFAULT_RETRY_POLICY,
  type RetryDelayInput,
  type RetryPolicy,
  retryDelayMs,
} from '../../server/core/backoff.ts'

const DAY_SECONDS = 24 * 3600
const DAY_MS = DAY_SECONDS * 1000

function delay(input: Partial<Omit<RetryDelayInput, 'retry'>> & { retry?: Partial<RetryPolicy> | null }): number {
  const { retry = null, ...rest } = input
  const policy = retry === null ? null : { ...DEFAULT_RETRY_POLICY, ...retry }
  return retryDelayMs({ errorDelayInSeconds: 60, failures: 1, random: () => 0.5, ...rest, retry: policy })
}

describe('fixed', () => {
  test('without a policy every wait is the error delay', () => {
    expect([1, 2, 50].map((failures) => delay({ failures }))).toEqual([60_000, 60_000, 60_000])
  })

  test.each([
    [0, 0],
    [0.25, 250],
    [1.005, 1005],
    [4.35, 4350],
    [0.0001, 0],
  ])('%d seconds are %d ms', (errorDelayInSeconds, ms) => {
    expect(delay({ errorDelayInSeconds })).toBe(ms)
  })

  test('the cap holds for a fixed delay too', () => {
    expect(delay({ retry: { maxSeconds: 10 } })).toBe(10_000)
    expect(delay({ errorDelayInSeconds: 3 * DAY_SECONDS, retry: { maxSeconds: 2 * DAY_SECONDS } })).toBe(2 * DAY_MS)
  })

  test('an error delay of two days is two days', () => {
    expect(delay({ errorDelayInSeconds: 2 * DAY_SECONDS })).toBe(2 * DAY_MS)
  })
})

describe('exponential', () => {
  test('each failure multiplies the wait until the cap', () => {
    const retry = { strategy: 'exponential', maxSeconds: 500 } as const
    const delays = [1, 2, 3, 4, 5, 1e6].map((failures) => delay({ retry, failures }))
    expect(delays).toEqual([60_000, 120_000, 240_000, 480_000, 500_000, 500_000])
  })

  test('the factor may be a fraction', () => {
    expect(delay({ retry: { strategy: 'exponential', factor: 1.5 }, failures: 3 })).toBe(135_000)
  })

  test('without a cap a wait stops growing at 24 hours', () => {
    expect(delay({ retry: { strategy: 'exponential' }, failures: 1e6 })).toBe(DAY_MS)
  })

  test('without a cap an error delay of two days is waited for in full and does not grow', () => {
    const twoDays = { errorDelayInSeconds: 2 * DAY_SECONDS, retry: { strategy: 'exponential' } } as const
    expect([1, 2, 1e6].map((failures) => delay({ ...twoDays, failures }))).toEqual([2 * DAY_MS, 2 * DAY_MS, 2 * DAY_MS])
  })

  test('a cap beyond 24 hours lets a wait grow up to it', () => {
    const retry = { strategy: 'exponential', maxSeconds: 3 * DAY_SECONDS } as const
    expect(delay({ retry, failures: 1e6 })).toBe(3 * DAY_MS)
  })

  test('no error delay stays none however often it fails', () => {
    expect(delay({ errorDelayInSeconds: 0, retry: { strategy: 'exponential' }, failures: 1e6 })).toBe(0)
  })
})

describe('jitter', () => {
  test('it adds its fraction of the delay', () => {
    expect(delay({ retry: { jitter: 0.5 }, random: () => 0 })).toBe(60_000)
    expect(delay({ retry: { jitter: 0.5 }, random: () => 0.5 })).toBe(75_000)
  })

  test('it is added after the cap, so capped tasks do not all come back at once', () => {
    expect(delay({ retry: { jitter: 1, maxSeconds: 10 }, random: () => 0.5 })).toBe(15_000)
  })
})

describe('any policy', () => {
  const policy = fc.record<RetryPolicy>({
    strategy: fc.constantFrom('fixed', 'exponential'),
    factor: fc.double({ min: 1, max: 100, noNaN: true }),
    maxSeconds: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  const seconds = fc.double({ min: 0, max: 1e6, noNaN: true })
  const failures = fc.integer({ min: 1, max: 1e6 })
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

  test('without jitter a further failure never waits less', () => {
    fc.assert(
      fc.property(seconds, policy, failures, fc.nat(100), (errorDelayInSeconds, retry, failures, more) => {
        const calm = { errorDelayInSeconds, retry: { ...retry, jitter: 0 } }
        expect(delay({ ...calm, failures: failures + more })).toBeGreaterThanOrEqual(delay({ ...calm, failures }))
      }),
    )
  })

  test('jitter never waits less than without, nor more than the cap and its fraction', () => {
    fc.assert(
      fc.property(seconds, policy, failures, chance, (errorDelayInSeconds, retry, failures, chance) => {
        const jittered = delay({ errorDelayInSeconds, retry, failures, random: () => chance })
        const calm = delay({ errorDelayInSeconds, retry: { ...retry, jitter: 0 }, failures })
        const capMs = Math.round((retry.maxSeconds ?? Math.max(DAY_SECONDS, errorDelayInSeconds)) * 1000)
        expect(jittered).toBeGreaterThanOrEqual(calm)
        expect(jittered).toBeLessThanOrEqual(Math.ceil(capMs * (1 + retry.jitter)))
        expect(jittered).toBeLessThanOrEqual((calm + 1) * (1 + retry.jitter))
      }),
    )
  })

  test('without a cap the first wait is the error delay in full, and growth ends at 24 hours', () => {
    fc.assert(
      fc.property(seconds, policy, failures, (errorDelayInSeconds, policy, failures) => {
        const calm = { errorDelayInSeconds, retry: { ...policy, maxSeconds: null, jitter: 0 } }
        const first = delay({ ...calm, failures: 1 })
        expect(first).toBe(Math.round(errorDelayInSeconds * 1000))
        expect(delay({ ...calm, failures })).toBeLessThanOrEqual(Math.max(first, DAY_MS))
      }),
    )
  })

  test('absurd numbers still give whole milliseconds between 0 and two years', () => {
    const absurd = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, -1, 1e308))
    const strategy = fc.constantFrom('fixed' as const, 'exponential' as const)
    fc.assert(
      fc.property(fc.tuple(absurd, absurd, absurd, absurd, absurd, absurd), strategy, (numbers, strategy) => {
        const [errorDelayInSeconds, factor, maxSeconds, jitter, failures, chance] = numbers
        const retry = { strategy, factor, maxSeconds, jitter }
        const ms = delay({ errorDelayInSeconds, retry, failures, random: () => chance })
        expect(Number.isInteger(ms) && ms >= 0 && ms <= 2 * 366 * DAY_MS).toBe(true)
        expect(Object.is(ms, -0)).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })
})
