import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keepingOf, MAX_KEY_LENGTH, meet, parseIdempotencyKey } from '../../server/core/idempotency.ts'

describe('the header', () => {
  test.each([
    ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['"8e03978e"', '8e03978e'],
    ['order:17/retry=1', 'order:17/retry=1'],
    ['"with a space, a comma; and \\"quotes\\" \\\\"', 'with a space, a comma; and "quotes" \\'],
    ['k', 'k'],
    ['k'.repeat(MAX_KEY_LENGTH), 'k'.repeat(MAX_KEY_LENGTH)],
    [`"${'\\"'.repeat(MAX_KEY_LENGTH)}"`, '"'.repeat(MAX_KEY_LENGTH)],
  ])('%s is a key', (header, key) => {
    expect(parseIdempotencyKey(header)).toBe(key)
  })

  test.each([
    '',
    '""',
    'two words',
    'a, b',
    '"a", "b"',
    '"open',
    'closed"',
    '"a"b',
    '"a"; p=1',
    '"bad \\escape"',
    'k\u00e9y',
    'tab\tbed',
    'k'.repeat(MAX_KEY_LENGTH + 1),
    `"${'k'.repeat(MAX_KEY_LENGTH + 1)}"`,
    'k'.repeat(100_000),
  ])('%j is none', (header) => {
    expect(parseIdempotencyKey(header)).toBeNull()
  })

  test('every printable text of the right length has its quoted form', () => {
    const printable = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: MAX_KEY_LENGTH })
    const keys = printable.filter((key) => /^[ -~]+$/.test(key))
    fc.assert(
      fc.property(keys, (key) => {
        expect(parseIdempotencyKey(`"${key.replace(/["\\]/g, '\\$&')}"`)).toBe(key)
      }),
    )
  })

  test('what is read from any text is a key by itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 300 }), (header) => {
        const key = parseIdempotencyKey(header)
        expect(key === null || (key.length >= 1 && key.length <= MAX_KEY_LENGTH && /^[ -~]+$/.test(key))).toBe(true)
      }),
    )
  })
})

test('a request meets what is kept under its key', () => {
  const answer = { status: 200, type: 'application/json', body: '{}' }
  const begun = { hash: 'a', at: 1 }
  expect(meet(begun, 'a')).toEqual({ kind: 'begun' })
  expect(meet(begun, 'b')).toEqual({ kind: 'reused' })
  expect(meet({ ...begun, answer }, 'a')).toEqual({ kind: 'answered', answer })
  expect(meet({ ...begun, answer }, 'b')).toEqual({ kind: 'reused' })
})

test.each([
  [200, null, 'keep'],
  [404, 'group_not_found', 'keep'],
  [409, 'duplicate_id', 'keep'],
  [422, 'unknown_parent', 'keep'],
  [409, 'conflict', 'open'],
  [429, 'too_many_requests', 'open'],
  [500, 'internal', 'open'],
  [503, 'storage_unavailable', 'open'],
  [400, 'invalid_json', 'forget'],
  [422, 'invalid_request', 'forget'],
] as const)('an answer with %i %s: %s', (status, code, keeping) => {
  expect(keepingOf(status, code)).toBe(keeping)
})
