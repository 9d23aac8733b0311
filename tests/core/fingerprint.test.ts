import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  FINGERPRINT_PATTERN,
  Fingerprints,
  fingerprintOf,
  MAX_REMEMBERED,
  normalizedError,
} from '../../server/core/fingerprint.ts'

describe('an error is normalised', () => {
  test.each([
    ['a number', 'no complete answer within 60 s', 'no complete answer within <n> s'],
    ['a URL', 'not found at https://a.test/c/7?d=1#e, says it', 'not found at <url> says it'],
    ['a quoted text', 'user "bob \\" x" is not \'anna\' or `c`', 'user <text> is not <text> or <text>'],
    ['an apostrophe', "can't open it, don't", "can't open it, don't"],
    ['a UUID', 'row 6f1c2d3e-0000-4abc-8def-001122334455 is gone', 'row <id> is gone'],
    ['an id', 'task tsk_01JD8ZQ7 of 7f00ab99cc', 'task <id> of <id>'],
    ['a time', 'since 2026-11-22T10:00:00.123Z', 'since <time>'],
    ['an address', 'connect ECONNREFUSED 127.0.0.1:4000', 'connect ECONNREFUSED <address>'],
    ['a hexadecimal', 'at 0xdeadBEEF', 'at <hex>'],
    ['space', ' a\n\n  b ', 'a b'],
    ['an error in words', 'invalid_grant: revoked', 'invalid_grant: revoked'],
    ["the status of Crew's own line", 'HTTP 503: 17 of 20 slots', 'HTTP 503: <n> of <n> slots'],
    ['what only looks like a status', 'HTTP 50312 x', 'HTTP <n> x'],
  ])('%s', (_what, message, normal) => {
    expect(normalizedError(message)).toBe(normal)
  })

  test('of a long one only the beginning counts', () => {
    expect(fingerprintOf(`${'word '.repeat(200)}a`)).toBe(fingerprintOf(`${'word '.repeat(200)}b`))
  })
})

test('errors of different statuses are different', () => {
  expect(fingerprintOf('HTTP 503: away')).not.toBe(fingerprintOf('HTTP 429: away'))
})

const pieces = fc.constantFrom(
  '"',
  "'",
  '`',
  ' ',
  '1',
  '9',
  'a',
  'Z',
  '-',
  '.',
  ':',
  '://',
  'HTTP ',
  'http',
  '0x',
  '\n',
  '\\',
)
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(pieces).map((parts) => parts.join('')),
)

test('what is normalised stays as it is, and so does its fingerprint', () => {
  fc.assert(
    fc.property(anyText, (message) => {
      const normal = normalizedError(message)
      expect(normalizedError(normal)).toBe(normal)
      expect(fingerprintOf(normal)).toBe(fingerprintOf(message))
      expect(fingerprintOf(message)).toMatch(FINGERPRINT_PATTERN)
    }),
    { numRuns: 1000 },
  )
})

test('ids and numbers do not matter', () => {
  const words = fc.array(fc.constantFrom('upstream', 'refused', 'row', 'of tenant', 'invalid_grant:'), { maxLength: 6 })
  const details = fc.record({ id: fc.uuid(), count: fc.nat(), text: fc.stringMatching(/^[\w ]{0,20}$/) })
  fc.assert(
    fc.property(words, details, details, (said, one, other) => {
      const told = ({ id, count, text }: typeof one) => `${said.join(' ')} ${id} failed ${count} times: "${text}"`
      expect(fingerprintOf(told(one))).toBe(fingerprintOf(told(other)))
    }),
  )
})

test('other words are other errors', () => {
  const letters = fc.stringMatching(/^[a-z]{1,10}( [a-z]{1,10}){0,5}$/)
  fc.assert(
    fc.property(letters, letters, (one, other) => {
      expect(fingerprintOf(one) === fingerprintOf(other)).toBe(one === other)
    }),
  )
})

describe('a text that was written to be slow takes not much longer than another one', () => {
  /** The best of some runs: what else the machine does only adds to it. */
  const costOf = (message: string): number => {
    const runs = Array.from({ length: 30 }, () => {
      const from = performance.now()
      normalizedError(message)
      return performance.now() - from
    })
    return Math.min(...runs)
  }
  const long = (part: string): string => part.repeat(Math.ceil(4096 / part.length)).slice(0, 4096)
  const slow = [
    '.a',
    '_a',
    'a:',
    '"\\',
    '\'"`',
    "' '",
    '1',
    '1.',
    '1-',
    '12345678-',
    '/',
    'a://',
    '0x',
    'f',
    '2026-11-22T',
    'é1.a',
  ]
  const texts = [...slow.map(long), `é1${long('.a')}`, `"${long('\\"')}`, `a1${long('_')}é`]

  test.each(texts.map((text) => [text.slice(0, 12), text]))('%s…', (_beginning, text) => {
    const plain = costOf(long('upstream refused row 17 of tenant "bob", '))
    expect(costOf(text)).toBeLessThan(12 * plain)
  })
})

test('fingerprints of many errors are those of each, and no more texts are remembered than agreed', () => {
  const fingerprints = new Fingerprints()
  for (let n = 0; n < 3 * MAX_REMEMBERED; n++) {
    const message = `row ${n} of table ${n % 7 === 0 ? 'a' : 'b'} is gone`
    expect(fingerprints.of(message)).toBe(fingerprintOf(message))
    expect(fingerprints.size).toBeLessThanOrEqual(MAX_REMEMBERED)
  }
})
