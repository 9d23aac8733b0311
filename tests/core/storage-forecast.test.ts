import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  forecastOf,
  SAMPLE_EVERY_MS,
  type SizeSample,
  sizesFrom,
  sizesText,
  withSample,
} from '../../server/core/storage-forecast.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** Hour by hour. */
const growing = (bytesPerHour: number, hours = 48): SizeSample[] =>
  Array.from({ length: hours + 1 }, (_, hour) => ({
    at: hour * HOUR_MS,
    bytes: 1e6 + hour * bytesPerHour,
    tasks: 1000,
  }))

test('a store that grows is full when what is free is used up at that rate', () => {
  expect(forecastOf(growing(1000), 240_000)).toEqual({ bytesPerTask: 1048, bytesPerDay: 24_000, daysUntilFull: 10 })
})

test('a store that shrinks, or whose bound nobody knows, is never full', () => {
  expect(forecastOf(growing(-1000), 240_000)).toMatchObject({ bytesPerDay: -24_000, daysUntilFull: null })
  expect(forecastOf(growing(0), 240_000)).toMatchObject({ bytesPerDay: 0, daysUntilFull: null })
  expect(forecastOf(growing(1000), null)).toMatchObject({ bytesPerDay: 24_000, daysUntilFull: null })
})

test('nothing is foretold from less than an hour, and of no tasks no size', () => {
  expect(forecastOf([], 100)).toEqual({ bytesPerTask: null, bytesPerDay: null, daysUntilFull: null })
  const young = [0, SAMPLE_EVERY_MS].map((at) => ({ at, bytes: 1000 + at, tasks: 0 }))
  expect(forecastOf(young, 100)).toEqual({ bytesPerTask: null, bytesPerDay: null, daysUntilFull: null })
})

test('a week of samples is kept, and one that comes early is not', () => {
  const sample = (at: number) => ({ at, bytes: 1, tasks: 1 })
  expect(withSample([sample(0)], sample(SAMPLE_EVERY_MS / 2 - 1))).toEqual([sample(0)])
  expect(withSample([sample(0)], sample(7 * DAY_MS))).toEqual([sample(7 * DAY_MS)])
  expect(sizesFrom(sizesText([sample(1), sample(2)]))).toEqual([sample(1), sample(2)])
  expect(sizesFrom(null)).toEqual([])
})

test('what is kept is bounded, and its rate that of any steady growth', () => {
  fc.assert(
    fc.property(fc.integer({ min: -50_000, max: 50_000 }), fc.integer({ min: 4, max: 600 }), (perHalfHour, many) => {
      let samples: readonly SizeSample[] = []
      for (let n = 0; n < many; n++)
        samples = withSample(samples, { at: n * SAMPLE_EVERY_MS, bytes: 1e9 + n * perHalfHour, tasks: n })
      expect(samples.length).toBeLessThanOrEqual(336)
      const { bytesPerDay } = forecastOf(samples, 1e9)
      expect(Math.abs((bytesPerDay ?? Number.NaN) - perHalfHour * 48)).toBeLessThanOrEqual(1)
    }),
    { numRuns: 30 },
  )
})
