import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatTime, parseHttpDate, parseTime, UNSET } from '../../server/core/time.ts'

const NOON = Date.UTC(2026, 10, 22, 12)

describe('parseTime', () => {
  test.each([
    ['2026-11-22T12:00:00Z', NOON],
    ['2026-11-22T12:00:00.000Z', NOON],
    ['2026-11-22t12:00:00z', NOON],
    ['2026-11-22T13:30:00+01:30', NOON],
    ['2026-11-22T07:00:00-05:00', NOON],
    ['2026-11-23T11:59:00+23:59', NOON],
    ['2026-11-22T12:00:00-00:00', NOON],
    ['2026-11-22T12:00:00.5Z', NOON + 500],
    ['2026-11-22T12:00:00.0079999999999Z', NOON + 7],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['1969-12-31T23:59:59.999Z', -1],
  ])('%s is read', (text, ms) => {
    expect(parseTime(text)).toBe(ms)
  })

  test.each(['', null, '0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z', '0001-01-01T01:00:00+01:00'])(
    '%j means unset',
    (value) => {
      expect(parseTime(value)).toBe(UNSET)
    },
  )

  test.each([
    ...['2026-02-30T00:00:00Z', '2025-02-29T00:00:00Z', '1900-02-29T00:00:00Z', '2026-04-31T00:00:00Z'],
    ...['2026-13-01T00:00:00Z', '2026-00-01T00:00:00Z', '2026-01-00T00:00:00Z', '2026-01-01T24:00:00Z'],
    ...['2026-01-01T00:60:00Z', '2026-01-01T00:00:61Z', '2026-01-01T00:00:00+24:00', '2026-01-01T00:00:00+00:60'],
    ...['2026-01-01', '2026-01-01T00:00Z', '2026-01-01T00:00:00', '2026-01-01 00:00:00Z', ' 2026-01-01T00:00:00Z'],
    ...['2026-01-01T00:00:00.Z', '2026-01-01T00:00:00,5Z', '+02026-01-01T00:00:00Z', '2026-01-01T00:00:00+0100'],
    ...['0000-01-01T00:00:00+00:01', '9999-12-31T23:59:59-00:01', 'now', 0, NOON, true, {}, [], undefined],
  ])('%j is no time', (value) => {
    expect(parseTime(value)).toBe(null)
  })

  test('a leap second at the end of a month stays in its minute', () => {
    expect(parseTime('2016-12-31T23:59:60Z')).toBe(Date.UTC(2017, 0, 1) - 1)
    expect(parseTime('2016-12-31T23:59:60.7Z')).toBe(Date.UTC(2017, 0, 1) - 1)
    expect(parseTime('2016-12-31T15:59:60-08:00')).toBe(Date.UTC(2017, 0, 1) - 1)
  })

  test.each(['2016-12-31T12:00:60Z', '2016-12-30T23:59:60Z', '2016-12-31T23:59:60+01:00'])(
    'a leap second anywhere else is no time: %s',
    (text) => {
      expect(parseTime(text)).toBe(null)
    },
  )

  test('a fraction of any length is read', () => {
    expect(parseTime(`2026-11-22T12:00:00.123${'9'.repeat(200_000)}Z`)).toBe(NOON + 123)
  })

  test('any text gives a time that can be written, or null', () => {
    const digits = (n: number) => fc.stringMatching(new RegExp(`^\\d{${n}}$`))
    const two = digits(2)
    const almost = fc
      .tuple(digits(4), two, two, two, two, two, fc.constantFrom('Z', '+14:00', '-23:59'))
      .map(
        ([year, month, day, hour, minute, second, zone]) =>
          `${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`,
      )
    fc.assert(
      fc.property(fc.oneof(fc.string(), almost), (text) => {
        const ms = parseTime(text)
        if (ms !== null) expect(parseTime(formatTime(ms))).toBe(ms)
      }),
    )
  })
})

describe('formatTime', () => {
  test('a time has milliseconds and unset is the year-1 zero', () => {
    expect(formatTime(NOON)).toBe('2026-11-22T12:00:00.000Z')
    expect(formatTime(NOON + 7)).toBe('2026-11-22T12:00:00.007Z')
    expect(formatTime(UNSET)).toBe('0001-01-01T00:00:00Z')
  })

  test('what RFC 3339 cannot write becomes the nearest time it can', () => {
    expect(formatTime(Number.POSITIVE_INFINITY)).toBe('9999-12-31T23:59:59.999Z')
    expect(formatTime(-1e18)).toBe('0000-01-01T00:00:00.000Z')
  })

  test('what is written is read back', () => {
    const anyTime = fc.date({
      min: new Date('0001-01-02T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(anyTime, (date) => {
        expect(parseTime(formatTime(date.getTime()))).toBe(date.getTime())
      }),
    )
  })

  test('an offset moves the time by just that much', () => {
    const anyTime = fc.integer({ min: 0, max: 4e12 })
    fc.assert(
      fc.property(anyTime, fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), (ms, hours, minutes) => {
        const offset = `${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`
        const local = new Date(ms).toISOString().slice(0, -1)
        const shift = (hours * 60 + minutes) * 60_000
        expect(parseTime(`${local}+${offset}`)).toBe(ms - shift)
        expect(parseTime(`${local}-${offset}`)).toBe(ms + shift)
      }),
    )
  })
})

describe('parseHttpDate', () => {
  const sunday = Date.UTC(1994, 10, 6, 8, 49, 37)
  const in1995 = Date.UTC(1995, 0, 1)

  test.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    "each form of RFC 9110 is read: '%s'",
    (text) => {
      expect(parseHttpDate(text, in1995)).toBe(sunday)
    },
  )

  test('a two-digit year is at most 50 years ahead', () => {
    const now = Date.UTC(2026, 5, 1)
    expect(parseHttpDate('Sunday, 06-Nov-76 08:49:37 GMT', now)).toBe(Date.UTC(2076, 10, 6, 8, 49, 37))
    expect(parseHttpDate('Sunday, 06-Nov-77 08:49:37 GMT', now)).toBe(Date.UTC(1977, 10, 6, 8, 49, 37))
    expect(parseHttpDate('Sunday, 06-Nov-10 08:49:37 GMT', Date.UTC(2080, 0))).toBe(Date.UTC(2110, 10, 6, 8, 49, 37))
  })

  test.each([
    '',
    '06 Nov 1994 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 CET',
    'Sun, 06 Nox 1994 08:49:37 GMT',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun Nov 6 08:49:37 1994',
    'Sun, 06 Nov 1994 08:49:60 GMT',
  ])("'%s' is no date", (text) => {
    expect(parseHttpDate(text, in1995)).toBe(null)
  })

  test('what toUTCString writes is read back to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), (seconds) => {
        expect(parseHttpDate(new Date(seconds * 1000).toUTCString(), in1995)).toBe(seconds * 1000)
      }),
    )
  })
})
