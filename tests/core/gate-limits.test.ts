import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NO_LIMITS } from '../../server/core/gate.ts'
import { areNoLimits, limitsJson, parseLimits, unknownFields } from '../../server/core/gate-limits.ts'

const faultsAt = (body: Record<string, unknown>): string[] => parseLimits(body).faults.map(({ pointer }) => pointer)

describe('limits as a client writes them', () => {
  test('set what they name', () => {
    const body = { maxConcurrent: 5, rateLimit: { count: 50, perSeconds: 2, burst: 10 }, ramp: { stepSeconds: 0.5 } }
    expect(parseLimits(body)).toEqual({
      edit: { maxConcurrent: 5, rate: { count: 50, perMs: 2000, burst: 10 }, rampStepMs: 500 },
      faults: [],
    })
  })

  test('set nothing that they leave out', () => {
    expect(parseLimits({ other: 1 })).toEqual({ edit: {}, faults: [] })
  })

  test('reset what is null', () => {
    expect(parseLimits({ maxConcurrent: null, rateLimit: null, ramp: null })).toEqual({
      edit: { maxConcurrent: null, rate: null, rampStepMs: NO_LIMITS.rampStepMs },
      faults: [],
    })
  })

  test.each([
    [{ count: 10, perSeconds: 60 }, 1],
    [{ count: 1000, perSeconds: 1, burst: null }, 20],
  ])('without a burst let start at once what comes due in 20 ms: %j', (rateLimit, burst) => {
    expect(parseLimits({ rateLimit }).edit.rate?.burst).toBe(burst)
  })

  test('turn the ramp off with a step of 0', () => {
    expect(parseLimits({ ramp: { stepSeconds: 0 } }).edit).toEqual({ rampStepMs: 0 })
  })

  test.each([0, -1, 1.5, '5', true, [], {}, 1e9, Number.NaN])('refuse %j at once, by its name', (maxConcurrent) => {
    expect(faultsAt({ maxConcurrent })).toEqual(['/maxConcurrent'])
  })

  test.each([
    [5, ''],
    ['50/s', ''],
    [[], ''],
    [{ perSeconds: 1 }, '/count'],
    [{ count: 0, perSeconds: 1 }, '/count'],
    [{ count: 1.5, perSeconds: 1 }, '/count'],
    [{ count: '5', perSeconds: 1 }, '/count'],
    [{ count: -5, perSeconds: 1 }, '/count'],
    [{ count: 5 }, '/perSeconds'],
    [{ count: 5, perSeconds: 0 }, '/perSeconds'],
    [{ count: 5, perSeconds: -1 }, '/perSeconds'],
    [{ count: 5, perSeconds: 1e12 }, '/perSeconds'],
    [{ count: 5, perSeconds: null }, '/perSeconds'],
    [{ count: 5, perSeconds: 1, burst: 0 }, '/burst'],
    [{ count: 5, perSeconds: 1, burst: 2.5 }, '/burst'],
    [{ count: 5, perSeconds: 1, bursts: 2 }, '/bursts'],
    [{ count: 1_000_000, perSeconds: 0.001 }, '/count'],
  ])('refuse the rate %j, by the field', (rateLimit, field) => {
    expect(faultsAt({ rateLimit })).toEqual([`/rateLimit${field}`])
  })

  test.each([
    [5, ''],
    [{}, '/stepSeconds'],
    [{ stepSeconds: -1 }, '/stepSeconds'],
    [{ stepSeconds: '1' }, '/stepSeconds'],
    [{ stepSeconds: 3601 }, '/stepSeconds'],
    [{ stepSeconds: 1, steps: 3 }, '/steps'],
  ])('refuse the ramp %j, by the field', (ramp, field) => {
    expect(faultsAt({ ramp })).toEqual([`/ramp${field}`])
  })

  test('name all faults at once, below where they stand', () => {
    const { faults } = parseLimits({ maxConcurrent: 0, rateLimit: {}, ramp: 1 }, '/limits')
    expect(faults.map(({ pointer }) => pointer)).toEqual([
      '/limits/maxConcurrent',
      '/limits/rateLimit/count',
      '/limits/rateLimit/perSeconds',
      '/limits/ramp',
    ])
  })

  test('with a word that nobody knows are refused where it stands', () => {
    expect(unknownFields({ maxConcurrent: 1, 'a/b~c': 2 }, ['maxConcurrent'])).toEqual([
      { pointer: '/a~1b~0c', detail: 'is none of maxConcurrent' },
    ])
  })
})

test('limits are read again as they are shown', () => {
  const rateLimit = fc.record({
    count: fc.integer({ min: 1, max: 1000 }),
    perSeconds: fc.integer({ min: 10, max: 1_000_000 }).map((ms) => ms / 1000),
    burst: fc.integer({ min: 1, max: 1000 }),
  })
  const body = fc.record({
    maxConcurrent: fc.option(fc.integer({ min: 1, max: 1000 })),
    rateLimit: fc.option(rateLimit),
    ramp: fc.record({ stepSeconds: fc.integer({ min: 0, max: 60_000 }).map((ms) => ms / 1000) }),
  })
  fc.assert(
    fc.property(body, (given) => {
      const { edit, faults } = parseLimits(given)
      expect(faults).toEqual([])
      expect(limitsJson({ ...NO_LIMITS, ...edit })).toEqual(given)
    }),
  )
})

test('what is reset in everything is as if nobody had set it', () => {
  const set = { ...NO_LIMITS, ...parseLimits({ maxConcurrent: 3, ramp: { stepSeconds: 0 } }).edit }
  expect(areNoLimits(set)).toBe(false)
  const reset = parseLimits({ maxConcurrent: null, ramp: null }).edit
  expect(areNoLimits({ ...set, ...reset })).toBe(true)
})
