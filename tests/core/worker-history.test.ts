import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { latencyBand, noTally } from '../../server/core/figures.ts'
import { type CountedMinute, historyOf, MINUTE_MS } from '../../server/core/worker-history.ts'

const counted = (number: number, fields: Partial<CountedMinute> = {}): CountedMinute => ({
  number,
  tally: noTally,
  before: 0,
  peak: 0,
  after: 0,
  ...fields,
})
const at = (number: number) => number * MINUTE_MS + 59_999

describe('the history of a worker', () => {
  test('has each minute, also those in which nothing happened', () => {
    const tally = { ...noTally, attempts: 3, errors: 1, latencies: new Map([[latencyBand(1024), 3]]) }
    expect(historyOf([counted(100, { tally, peak: 2 })], { now: at(101), minutes: 3 })).toEqual([
      { at: 99 * MINUTE_MS, attempts: 0, errors: 0, p50Ms: null, p95Ms: null, inFlight: 0 },
      { at: 100 * MINUTE_MS, attempts: 3, errors: 1, p50Ms: 1024, p95Ms: 1024, inFlight: 2 },
      { at: 101 * MINUTE_MS, attempts: 0, errors: 0, p50Ms: null, p95Ms: null, inFlight: 0 },
    ])
  })

  const inFlight = (minutes: readonly CountedMinute[], now: number, span: number) =>
    historyOf(minutes, { now, minutes: span }).map((minute) => minute.inFlight)

  test('knows what is under way in minutes without an event', () => {
    const minutes = [counted(105, { before: 4, peak: 4, after: 0 }), counted(101, { before: 1, peak: 5, after: 4 })]
    expect(inFlight(minutes, at(107), 8)).toEqual([1, 5, 4, 4, 4, 4, 0, 0])
  })

  test('begins with what was under way before it', () => {
    expect(inFlight([counted(50, { peak: 3, after: 3 })], at(107), 2)).toEqual([3, 3])
  })

  test('knows nothing of the future', () => {
    expect(inFlight([counted(110, { before: 9, peak: 9, after: 9 })], at(107), 2)).toEqual([0, 0])
  })

  test('of a worker that was not called is empty', () => {
    expect(inFlight([], at(107), 3)).toEqual([0, 0, 0])
  })

  test('whatever happened, counts every attempt of its minutes once', () => {
    const minutes = fc.uniqueArray(fc.integer({ min: 40, max: 110 }), { maxLength: 30 })
    fc.assert(
      fc.property(minutes, fc.integer({ min: 1, max: 60 }), (numbers, span) => {
        const given = numbers.map((number) => counted(number, { tally: { ...noTally, attempts: number } }))
        const told = historyOf(given, { now: at(100), minutes: span })
        const inSpan = numbers.filter((number) => number <= 100 && number > 100 - span)
        expect(told.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(inSpan.reduce((a, b) => a + b, 0))
        expect(told.map((minute) => minute.at / MINUTE_MS)).toEqual(
          Array.from({ length: span }, (_, index) => 101 - span + index),
        )
      }),
    )
  })
})
