import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  errorKindOf,
  errorKindsOf,
  type FailingState,
  type FailingTask,
  messageOf,
  sightingsOf,
} from '../../server/core/error-kinds.ts'
import { fingerprintOf } from '../../server/core/fingerprint.ts'
import { makeAttempt } from '../support/make.ts'

const failing = (id: string, error: string, fields: Partial<FailingTask> = {}): FailingTask => ({
  id,
  groupId: 'g',
  worker: 'w',
  state: 'failed',
  errorKind: errorKindOf({ errors: ['an older one', error] }),
  runAfter: 0,
  ...fields,
})

describe('failing tasks are sorted by their newest error', () => {
  test('whatever its numbers are, those with most tasks first', () => {
    const b = failing('b', 'away')
    const a = failing('a', 'row 1')
    const c = failing('c', 'row 2', { worker: 'v', groupId: 'h', state: 'retrying' })
    expect(errorKindsOf([b, a, c])).toEqual([
      {
        fingerprint: fingerprintOf('row 3'),
        workers: ['w', 'v'],
        count: 2,
        failed: 1,
        retrying: 1,
        groups: 2,
        witnesses: [a, c],
      },
      {
        fingerprint: fingerprintOf('away'),
        workers: ['w'],
        count: 1,
        failed: 1,
        retrying: 0,
        groups: 1,
        witnesses: [b],
      },
    ])
  })

  test('a task without an error is of no kind', () => {
    expect(errorKindOf({ errors: [] })).toBe('')
    expect(errorKindsOf([{ ...failing('a', ''), errorKind: '' }])).toEqual([])
  })

  test('the workers with most of them come first, of very many the first twenty', () => {
    const tasks = Array.from({ length: 50 }, (_, at) => failing(`${at}`, 'away', { worker: `w${at % 25}` }))
    const [kind] = errorKindsOf([...tasks, failing('more', 'away', { worker: 'w24' })])
    expect(kind?.workers).toEqual(['w24', ...Array.from({ length: 19 }, (_, at) => `w${at}`)])
  })

  test('the first and the last to fail bear witness', () => {
    const tasks = Array.from({ length: 20 }, (_, at) => failing(`${at}`, 'away', { runAfter: (at * 7) % 20 }))
    const [kind] = errorKindsOf(tasks)
    expect(kind?.witnesses.map(({ runAfter }) => runAfter)).toEqual([0, 1, 2, 17, 18, 19])
  })

  test('every task with an error is in one kind', () => {
    const states = fc.constantFrom<FailingState>('failed', 'retrying')
    const errors = fc.constantFrom('row 1', 'row 2', 'away', 'HTTP 503', 'HTTP 500')
    fc.assert(
      fc.property(fc.array(fc.tuple(errors, states, fc.nat(9))), (given) => {
        const tasks = given.map(([error, state, runAfter], at) => failing(`${at}`, error, { runAfter, state }))
        const kinds = errorKindsOf(tasks)
        expect(kinds.reduce((sum, { count }) => sum + count, 0)).toBe(tasks.length)
        expect(kinds.reduce((sum, { failed }) => sum + failed, 0)).toBe(given.filter(([, s]) => s === 'failed').length)
        expect(new Set(kinds.map(({ fingerprint }) => fingerprint)).size).toBe(kinds.length)
        for (const { witnesses, count } of kinds) expect(witnesses).toHaveLength(Math.min(count, 6))
      }),
    )
  })
})

describe('what errors of a kind have in common', () => {
  test('is told by the first that is of it', () => {
    expect(messageOf(fingerprintOf('row 9'), ['away', 'row 7', 'row 8'])).toBe('row <n>')
    expect(messageOf(fingerprintOf('row 9'), ['away'])).toBe(null)
  })
})

/** Stores keep them: who changes one has to note the kinds of all stored errors anew, as a step of the schema. */
describe('kinds are for good', () => {
  test.each([
    ['HTTP 404: no row 17 of account a8f-2231', 'e63ea8ac20cf3166'],
    ['connect ECONNREFUSED 10.0.0.7:8080', '1b66d047137640fa'],
    ['no answer within 30 s from https://example.com/run?id=5', 'a902b82b1ea9c084'],
    ['"quoted" at 2026-11-22T10:00:00Z in 0xdeadbeef', 'aa883f81a451a040'],
  ])('%s', (error, kind) => {
    expect(errorKindOf({ errors: [error] })).toBe(kind)
  })
})

describe('attempts tell when an error was seen', () => {
  const at = (endedAt: number, error: string | null, statusCode: number | null = 503) =>
    makeAttempt({ endedAt, error, statusCode, outcome: error === null ? 'succeeded' : 'failed' })

  test('first and last, with the status of the last', () => {
    const attempts = [at(30, 'row 3', null), at(10, 'row 1'), at(40, 'away', 500), at(50, null, 200), at(20, 'row 2')]
    expect(sightingsOf(fingerprintOf('row 9'), attempts)).toEqual({ firstSeenAt: 10, lastSeenAt: 30, statusCode: null })
  })

  test('nothing when none of it is kept', () => {
    const unknown = { firstSeenAt: null, lastSeenAt: null, statusCode: null }
    expect(sightingsOf(fingerprintOf('row 9'), [at(40, 'away')])).toEqual(unknown)
  })
})
