import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { calendar } from '../../server/calendar.ts'
import type { CronTimes } from '../../server/core/calendar.ts'

function timesOf(cron: string, timezone: string): CronTimes {
  const times = calendar.read(cron, timezone)
  if ('detail' in times) throw new Error(times.detail)
  return times
}

/** The next times as the zone's clocks show them, with their offset. */
function nextLocal(cron: string, timezone: string, from: string, count: number): string[] {
  const times = timesOf(cron, timezone)
  const found: string[] = []
  for (let at = times.next(Date.parse(from)); at !== null && found.length < count; at = times.next(at)) {
    found.push(calendar.localTime(at, timezone).replace(':00.000', ''))
  }
  return found
}

const BERLIN = 'Europe/Berlin'
const NEW_YORK = 'America/New_York'

describe('a fixed time of day', () => {
  test('that comes twice in the night when clocks go back counts once, the first time', () => {
    expect(nextLocal('30 2 * * *', BERLIN, '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T02:30+02:00',
      '2026-10-26T02:30+01:00',
    ])
    expect(nextLocal('30 1 * * *', NEW_YORK, '2026-10-31T12:00:00Z', 2)).toEqual([
      '2026-11-01T01:30-04:00',
      '2026-11-02T01:30-05:00',
    ])
  })

  test('that is left out when clocks go forward comes right after the gap', () => {
    expect(nextLocal('30 2 * * *', BERLIN, '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T03:00+02:00',
      '2026-03-30T02:30+02:00',
    ])
    expect(nextLocal('30 2 * * *', NEW_YORK, '2026-03-07T12:00:00Z', 2)).toEqual([
      '2026-03-08T03:00-04:00',
      '2026-03-09T02:30-04:00',
    ])
  })

  test('in a list or a range counts the same, and several in the gap come as one', () => {
    expect(nextLocal('0,30 1-3 * * *', BERLIN, '2026-10-24T22:00:00Z', 7)).toEqual([
      '2026-10-25T01:00+02:00',
      '2026-10-25T01:30+02:00',
      '2026-10-25T02:00+02:00',
      '2026-10-25T02:30+02:00',
      '2026-10-25T03:00+01:00',
      '2026-10-25T03:30+01:00',
      '2026-10-26T01:00+01:00',
    ])
    expect(nextLocal('0,30 2 * * *', BERLIN, '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T03:00+02:00',
      '2026-03-30T02:00+02:00',
    ])
  })

  test('with a step in its minutes comes once where the hour comes twice, and not at all where it is left out', () => {
    expect(nextLocal('*/30 2 * * *', BERLIN, '2026-10-24T12:00:00Z', 3)).toEqual([
      '2026-10-25T02:00+02:00',
      '2026-10-25T02:30+02:00',
      '2026-10-26T02:00+01:00',
    ])
    expect(nextLocal('*/30 1 * * *', NEW_YORK, '2026-10-31T12:00:00Z', 3)).toEqual([
      '2026-11-01T01:00-04:00',
      '2026-11-01T01:30-04:00',
      '2026-11-02T01:00-05:00',
    ])
    expect(nextLocal('*/30 2 * * *', BERLIN, '2026-03-28T12:00:00Z', 1)).toEqual(['2026-03-30T02:00+02:00'])
  })
})

describe('an interval', () => {
  test('goes on through the hour that comes twice', () => {
    expect(nextLocal('0 * * * *', BERLIN, '2026-10-24T23:30:00Z', 4)).toEqual([
      '2026-10-25T02:00+02:00',
      '2026-10-25T02:00+01:00',
      '2026-10-25T03:00+01:00',
      '2026-10-25T04:00+01:00',
    ])
  })

  test('leaves out what the clocks leave out', () => {
    expect(nextLocal('30 * * * *', BERLIN, '2026-03-29T00:00:00Z', 3)).toEqual([
      '2026-03-29T01:30+01:00',
      '2026-03-29T03:30+02:00',
      '2026-03-29T04:30+02:00',
    ])
  })
})

describe('the newest times of a range', () => {
  test.each([
    ['30 2 * * *', BERLIN],
    ['*/20 2 * * *', BERLIN],
    ['0,30 1-3 * * *', BERLIN],
    ['*/15 * * * *', NEW_YORK],
    ['*/30 1 * * *', NEW_YORK],
    ['0 */2 * * *', 'Australia/Lord_Howe'],
    ['0 0 L * *', 'UTC'],
  ])('of %s in %s are those that come one after the other, also where clocks change', (cron, timezone) => {
    const times = timesOf(cron, timezone)
    const start = Date.UTC(2026, 0, 1)
    const place = fc.integer({ min: 0, max: 366 * 24 * 60 }).map((minute) => start + minute * 60_000)
    fc.assert(
      fc.property(place, fc.integer({ min: 1, max: 72 * 60 }), (after, minutes) => {
        const until = after + minutes * 60_000
        const forward: number[] = []
        for (let at = times.next(after); at !== null && at <= until; at = times.next(at)) forward.push(at)
        expect(times.newest({ after, until, limit: 20 })).toEqual(forward.slice(-20))
      }),
      { numRuns: 40 },
    )
  })

  test('begin after the start and reach to the end', () => {
    const times = timesOf('* * * * * *', 'UTC')
    const after = Date.UTC(2026, 10, 22, 10)
    expect(times.newest({ after, until: after + 3000, limit: 10 })).toEqual([1000, 2000, 3000].map((ms) => after + ms))
  })
})

describe('a pattern', () => {
  test.each([
    ['@daily', '2026-11-23T00:00+00:00'],
    ['@hourly', '2026-11-22T11:00+00:00'],
    ['  0   12  * * MON-FRI ', '2026-11-23T12:00+00:00'],
    ['15 0 12 * * *', '2026-11-22T12:00:15.000+00:00'],
    ['0 0 L * *', '2026-11-30T00:00+00:00'],
    ['0 0 * * FRI#1', '2026-12-04T00:00+00:00'],
    ['0 0 29 2 *', '2028-02-29T00:00+00:00'],
  ])('%s comes next at %s', (cron, expected) => {
    expect(nextLocal(cron, 'UTC', '2026-11-22T10:00:00Z', 1)).toEqual([expected])
  })

  test.each(['0 0 30 2 *', '0 0 31 4,6,9,11 *'])('%s never comes, which is found in milliseconds', (cron) => {
    expect(timesOf(cron, 'UTC').next(Date.UTC(2026, 10, 22))).toBeNull()
  })

  test.each([
    ['', /5 parts, or 6 with seconds first/],
    ['x', /5 parts, or 6 with seconds first/],
    ['* * * *', /5 parts, or 6 with seconds first/],
    ['* * * * * * *', /5 parts, or 6 with seconds first/],
    ['60 * * * *', /minute: 60/],
    ['* 24 * * *', /hour: 24/],
    ['*/0 * * * *', /stepping: 0/],
    ['0 0 * * NEVER', /illegal characters/],
    ['@reboot', /@reboot/],
    ['@often', /five, six/],
    ['2026-11-22T10:00:00Z', /":" stands in none/],
  ])('%j is refused with a reason', (cron, reason) => {
    expect(calendar.read(cron, 'UTC')).toEqual({ pointer: '/cron', detail: expect.stringMatching(reason) })
  })

  test.each(['Nowhere/Atall', '', 'UTC+2'])('is not read in the zone %j', (timezone) => {
    expect(calendar.read('@daily', timezone)).toMatchObject({ pointer: '/timezone' })
  })
})

test.each([
  ['2026-11-22T10:00:00Z', 'UTC', '2026-11-22T10:00:00.000+00:00'],
  ['2026-11-22T10:00:00Z', BERLIN, '2026-11-22T11:00:00.000+01:00'],
  ['2026-11-22T02:00:00Z', NEW_YORK, '2026-11-21T21:00:00.000-05:00'],
  ['2026-11-22T10:00:00Z', 'Asia/Kathmandu', '2026-11-22T15:45:00.000+05:45'],
])('%s in %s is %s', (at, timezone, expected) => {
  expect(calendar.localTime(Date.parse(at), timezone)).toBe(expected)
})
