import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AnswerHeaders,
  MAX_DELAY_MS,
  type RateLimitReading,
  rateLimitDelayMs,
  rateLimitReading,
} from '../../server/core/rate-limit-headers.ts'

const NOW = Date.UTC(2026, 10, 22, 10)
const IN_A_MINUTE = new Date(NOW + 60_000)
const A_MINUTE_AGO = new Date(NOW - 60_000)

function delayOf(headers: AnswerHeaders): number | null {
  return rateLimitDelayMs(headers, NOW)?.delayMs ?? null
}

function sourceOf(headers: AnswerHeaders): string | null {
  return rateLimitDelayMs(headers, NOW)?.source ?? null
}

describe('Retry-After', () => {
  test.each([
    ['30', 30_000],
    [' 30 ', 30_000],
    ['0', 0],
    ['1.5', 1500],
    ['0.05', 50],
    ['007', 7000],
    ['86401', MAX_DELAY_MS],
    ['9'.repeat(400), MAX_DELAY_MS],
    [IN_A_MINUTE.toUTCString(), 60_000],
    ['Sunday, 22-Nov-26 10:01:00 GMT', 60_000],
    ['Sun Nov 22 10:01:00 2026', 60_000],
    [IN_A_MINUTE.toISOString(), 60_000],
    [A_MINUTE_AGO.toUTCString(), 0],
    ['Sun, 22 Nov 2099 10:01:00 GMT', MAX_DELAY_MS],
  ])("'%s' waits %d ms", (value, ms) => {
    expect(rateLimitDelayMs({ 'retry-after': value }, NOW)).toEqual({ delayMs: ms, source: 'Retry-After' })
  })

  test.each([
    '',
    ' ',
    '-5',
    '+5',
    '1e3',
    '0x10',
    'NaN',
    'Infinity',
    'soon',
    '5s',
    '5,5',
    '.5',
    'Sun, 31 Feb 2026 10:00:00 GMT',
  ])("'%s' is malformed and ignored", (value) => {
    expect(rateLimitDelayMs({ 'retry-after': value }, NOW)).toBe(null)
    expect(delayOf({ 'retry-after': value, 'x-ratelimit-reset': '7' })).toBe(7000)
  })

  test('of several the first counts', () => {
    expect(delayOf({ 'retry-after': ['3', '9'] })).toBe(3000)
    expect(delayOf({ 'retry-after': [] })).toBe(null)
  })
})

describe('RateLimit', () => {
  test.each([
    ['limit=100, remaining=0, reset=30', 30_000],
    ['limit=100,remaining=0,reset=30', 30_000],
    ['limit=100; remaining=0; reset=30', 30_000],
    ['"default";r=0;t=30', 30_000],
    ['default;r=0;t=30', 30_000],
    ['"a";r=0;t=30, "b";r=0;t=50, "c";r=5;t=90', 50_000],
    ['"odd, name; r=9\\"";r=0;t=30', 30_000],
    ['"default"; r=0; t=30; pk=:c2VjcmV0:', 30_000],
    ['"default";r=0;t=99999999', MAX_DELAY_MS],
  ])("'%s' waits %d ms", (value, ms) => {
    expect(rateLimitDelayMs({ ratelimit: value }, NOW)).toEqual({ delayMs: ms, source: 'RateLimit' })
  })

  test.each([
    'limit=100, remaining=1, reset=30',
    '"default";r=50;t=30',
    '"default";r=0',
    '"default";t=30',
    '"default";r=zero;t=30',
    '"default";r=0;t=-1',
    '"default;r=0;t=30',
    '',
  ])("'%s' holds nothing", (value) => {
    expect(rateLimitDelayMs({ ratelimit: value }, NOW)).toBe(null)
  })

  test('several lines are one list', () => {
    expect(delayOf({ ratelimit: ['"a";r=0;t=30', '"b";r=0;t=40'] })).toBe(40_000)
  })

  test('separate headers count when nothing remains', () => {
    const reset = { 'ratelimit-reset': '12' }
    expect(rateLimitDelayMs({ ...reset, 'ratelimit-remaining': '0' }, NOW)).toEqual({
      delayMs: 12_000,
      source: 'RateLimit-Reset',
    })
    expect(rateLimitDelayMs({ ...reset, 'ratelimit-remaining': '1' }, NOW)).toBe(null)
    expect(rateLimitDelayMs(reset, NOW)).toBe(null)
  })
})

describe('X-RateLimit-Reset', () => {
  test.each([
    ['30', 30_000],
    ['0.25', 250],
    [String(NOW / 1000 + 60), 60_000],
    [`${NOW / 1000 + 60}.5`, 60_500],
    [String(NOW + 60_000), 60_000],
    [String(NOW / 1000 - 60), 0],
    [String(NOW - 60_000), 0],
    [IN_A_MINUTE.toUTCString(), 60_000],
    [IN_A_MINUTE.toISOString(), 60_000],
    ['2026-11-22T11:01:00+01:00', 60_000],
    ['1m30s', 90_000],
    ['250ms', 250],
    ['6.5s', 6500],
    ['1h2m3.5s', 3_723_500],
    ['100us', 0],
    ['0s', 0],
    ['48h', MAX_DELAY_MS],
    ['1d', MAX_DELAY_MS],
  ])("'%s' waits %d ms", (value, ms) => {
    const expected = { delayMs: ms, source: 'X-RateLimit-Reset' }
    expect(rateLimitDelayMs({ 'x-ratelimit-reset': value }, NOW)).toEqual(expected)
    expect(rateLimitDelayMs({ 'x-ratelimit-reset': value, 'x-ratelimit-remaining': '0' }, NOW)).toEqual(expected)
  })

  test.each(['', '-1', 'soon', '1m30', 'm', '1 m', '-1s', '1.s', '0001-01-01T00:00:00Z'])(
    "'%s' is malformed and ignored",
    (value) => {
      expect(rateLimitDelayMs({ 'x-ratelimit-reset': value }, NOW)).toBe(null)
    },
  )

  test('it holds nothing while something remains', () => {
    expect(delayOf({ 'x-ratelimit-reset': '30', 'x-ratelimit-remaining': '3' })).toBe(null)
    expect(delayOf({ 'x-ratelimit-reset': '30', 'x-ratelimit-remaining': '-2' })).toBe(30_000)
    expect(delayOf({ 'x-ratelimit-reset': '30', 'x-ratelimit-remaining': 'none' })).toBe(30_000)
  })

  test('the wait is preferred to the instant, which needs two clocks to agree', () => {
    const headers = { 'x-ratelimit-reset': String(NOW / 1000 + 900), 'x-ratelimit-reset-after': '1.25' }
    expect(rateLimitDelayMs(headers, NOW)).toEqual({ delayMs: 1250, source: 'X-RateLimit-Reset-After' })
    expect(sourceOf({ ...headers, 'x-ratelimit-reset-after': 'soon' })).toBe('X-RateLimit-Reset')
  })

  test('requests and tokens are limits of their own and the longest that is used up counts', () => {
    const headers = {
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '1s',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '6m0s',
    }
    expect(rateLimitDelayMs(headers, NOW)).toEqual({ delayMs: 360_000, source: 'X-RateLimit-Reset-Tokens' })
    expect(delayOf({ ...headers, 'x-ratelimit-remaining-tokens': '5' })).toBe(1000)
  })

  test('the spelling X-Rate-Limit-Reset is known', () => {
    expect(sourceOf({ 'x-rate-limit-reset': '9' })).toBe('X-Rate-Limit-Reset')
  })
})

describe('the order of headers', () => {
  const all = {
    'retry-after': '1',
    ratelimit: '"default";r=0;t=2',
    'x-ratelimit-reset': '3',
  }

  test('Retry-After comes before RateLimit and that before X-RateLimit-Reset', () => {
    expect(delayOf(all)).toBe(1000)
    expect(delayOf({ ...all, 'retry-after': undefined })).toBe(2000)
    expect(delayOf({ ...all, 'retry-after': 'x', ratelimit: '"default";r=1;t=2' })).toBe(3000)
    expect(delayOf({})).toBe(null)
  })
})

describe('rateLimitReading', () => {
  const reading = (fields: Partial<RateLimitReading>): RateLimitReading => ({
    remaining: 7,
    resetMs: 30_000,
    limit: null,
    windowMs: null,
    isWholeSeconds: true,
    ...fields,
  })

  test.each<[AnswerHeaders, RateLimitReading | null]>([
    [{ ratelimit: 'limit=100, remaining=7, reset=30' }, reading({ limit: 100 })],
    [
      { ratelimit: 'limit=100, remaining=7, reset=30', 'ratelimit-policy': '10;w=1, 100;w=60' },
      reading({ limit: 100, windowMs: 60_000 }),
    ],
    [
      { ratelimit: '"a";r=7;t=30, "b";r=3;t=9', 'ratelimit-policy': '"a";q=50;w=60, "b";q=10;w=10' },
      reading({ remaining: 3, resetMs: 9000, limit: 10, windowMs: 10_000 }),
    ],
    [{ ratelimit: '"a";r=7;t=30', 'ratelimit-policy': '"a";q=50;w=0' }, reading({ limit: 50 })],
    [{ ratelimit: '"a";r=7;t=30', 'ratelimit-policy': '"a";q=50;w=soon' }, reading({ limit: 50 })],
    [{ ratelimit: '"a";r=7;t=30', 'ratelimit-policy': '"b";q=50;w=60' }, reading({})],
    [
      { 'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '7', 'ratelimit-reset': '30' },
      reading({ limit: 100, windowMs: 60_000 }),
    ],
    [
      { 'ratelimit-limit': '100, 50;w=1, 100;w=60', 'ratelimit-remaining': '7', 'ratelimit-reset': '30' },
      reading({ limit: 100, windowMs: 60_000 }),
    ],
    [{ 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': '30' }, reading({})],
    [{ 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': '30.0' }, reading({ isWholeSeconds: false })],
    [{ 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': '30s' }, reading({ isWholeSeconds: false })],
    [{ 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': String(NOW + 30_000) }, reading({ isWholeSeconds: false })],
    [{ 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': String(NOW / 1000 + 30) }, reading({})],
    [{ 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': IN_A_MINUTE.toUTCString() }, reading({ resetMs: 60_000 })],
    [
      { 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': IN_A_MINUTE.toISOString() },
      reading({ resetMs: 60_000, isWholeSeconds: false }),
    ],
    [{ 'x-ratelimit-remaining': '0.0', 'x-ratelimit-reset': '0' }, reading({ remaining: 0, resetMs: 0 })],
    [{ 'x-ratelimit-reset': '30' }, null],
    [{ 'x-ratelimit-remaining': '7' }, null],
    [{ 'x-ratelimit-remaining': 'many', 'x-ratelimit-reset': '30' }, null],
    [{ 'retry-after': '30' }, null],
    [{}, null],
  ])('%j reads as %j', (headers, expected) => {
    expect(rateLimitReading(headers, NOW)).toEqual(expected)
  })

  test('equally tight limits count as the longer one', () => {
    const headers = { ratelimit: '"a";r=3;t=5, "b";r=3;t=9' }
    expect(rateLimitReading(headers, NOW)?.resetMs).toBe(9000)
  })
})

describe('any headers', () => {
  const NAMES = [
    ...['retry-after', 'ratelimit', 'ratelimit-policy', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'],
    ...['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'x-ratelimit-reset-after'],
    ...['x-ratelimit-reset-requests', 'x-rate-limit-reset'],
  ]
  const piece = fc.constantFrom(...'0123456789.,;="-+:\\ rtqwhmsZT', 'reset=', 'remaining=', 'r=0', 't=', 'GMT', 'Nov')
  const value = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.double().map(String),
    fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
  )
  const headers = fc.dictionary(fc.constantFrom(...NAMES), fc.oneof(value, fc.array(value, { maxLength: 3 })))

  test('a delay is whole milliseconds between 0 and 24 hours', () => {
    const isDelay = (ms: number) => Number.isInteger(ms) && ms >= 0 && ms <= MAX_DELAY_MS
    fc.assert(
      fc.property(headers, fc.nat({ max: 4e12 }), (headers, now) => {
        const delay = rateLimitDelayMs(headers, now)
        const reading = rateLimitReading(headers, now)
        expect(delay === null || isDelay(delay.delayMs)).toBe(true)
        expect(reading === null || (isDelay(reading.resetMs) && reading.remaining >= 0)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('any wait in seconds is understood in every spelling', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 86_400 }), (seconds) => {
        const until = new Date(NOW + seconds * 1000)
        const spellings: AnswerHeaders[] = [
          { 'retry-after': `${seconds}` },
          { 'retry-after': until.toUTCString() },
          { ratelimit: `"p";r=0;t=${seconds}` },
          { ratelimit: `limit=9, remaining=0, reset=${seconds}` },
          { 'x-ratelimit-reset': `${until.getTime()}` },
          { 'x-ratelimit-reset': `${until.getTime() / 1000}` },
          { 'x-ratelimit-reset': `${Math.floor(seconds / 60)}m${seconds % 60}s` },
        ]
        expect(spellings.map(delayOf)).toEqual(spellings.map(() => seconds * 1000))
      }),
    )
  })

  test.each(['1', '1m', '"', ',', ';', 'a;', '"a";r=0;t=1,', '1.', ' ', '\\'])(
    'two hundred thousand characters of %j are refused before they are read',
    (piece) => {
      const long = piece.repeat(200_000 / piece.length)
      const headers = Object.fromEntries(NAMES.map((name) => [name, long]))
      expect(rateLimitDelayMs(headers, NOW)).toBe(null)
      expect(rateLimitReading(headers, NOW)).toBe(null)
    },
  )
})
