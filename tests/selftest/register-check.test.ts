import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLinearizable, type RegisterCall } from '../../server/selftest/register-check.ts'

type Call = RegisterCall<string>
const NEVER = Number.POSITIVE_INFINITY
const write = (value: string, startedAt: number, endedAt: number): Call => ({
  kind: 'write',
  value,
  startedAt,
  endedAt,
})
const read = (value: string, startedAt: number, endedAt: number): Call => ({ kind: 'read', value, startedAt, endedAt })

test.each<[string, Call[]]>([
  ['a read of what was there', [read('0', 0, 1)]],
  ['a read of what was written', [write('a', 0, 1), read('a', 2, 3)]],
  ['a read beside a write, of either', [write('a', 0, 5), read('0', 1, 2), read('a', 3, 4)]],
  ['writes side by side in any order', [write('a', 0, 5), write('b', 0, 5), read('a', 6, 7)]],
  ['a write of unknown end that is seen late', [write('a', 0, NEVER), read('0', 1, 2), read('a', 3, 4)]],
  ['a write of unknown end that is never seen', [write('a', 0, NEVER), read('0', 1, 2)]],
  ['a read of unknown end of anything', [read('nonsense', 0, NEVER), read('0', 1, 2)]],
])('%s is linearizable', (_, calls) => {
  expect(isLinearizable('0', calls)).toBe(true)
})

test.each<[string, Call[]]>([
  ['a stale read', [write('a', 0, 1), read('0', 2, 3)]],
  ['a read of what nobody wrote', [read('x', 0, 1)]],
  ['a value that comes back', [write('a', 0, 1), write('b', 2, 3), read('a', 4, 5)]],
  [
    'two readers who see writes in different orders',
    [...[write('a', 0, 9), write('b', 0, 9), read('a', 10, 11), read('b', 12, 13)]],
  ],
  ['a value that is seen and then not', [write('a', 0, 9), read('a', 1, 2), read('0', 3, 4)]],
  ['a write that is seen before it began', [read('a', 0, 1), write('a', 2, 3)]],
])('%s is not', (_, calls) => {
  expect(isLinearizable('0', calls)).toBe(false)
})

/** Calls on a real register, each taking effect at a moment between its start and its end. */
const realCalls = fc.array(
  fc.record({ at: fc.nat(300), before: fc.nat(20), after: fc.nat(20), isWrite: fc.boolean() }),
  {
    maxLength: 40,
  },
)

test('whatever a real register does is linearizable', () => {
  fc.assert(
    fc.property(realCalls, (moments) => {
      let value = '0'
      const calls = moments
        .toSorted((a, b) => a.at - b.at)
        .map(({ at, before, after, isWrite }, index): Call => {
          if (isWrite) value = `v${index}`
          // Of two at the same moment the first comes first.
          const moment = at + index / 1000
          return { kind: isWrite ? 'write' : 'read', value, startedAt: moment - before, endedAt: moment + after }
        })
      expect(isLinearizable('0', calls)).toBe(true)
    }),
  )
})
