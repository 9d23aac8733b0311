import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Breaker,
  type BreakerAttempt,
  type BreakerMove,
  breakerHold,
  CLOSED,
  isFault,
  moveBreaker,
} from '../../server/core/circuit-breaker.ts'
import { NOW, read } from '../support/attempts.ts'

const SETTINGS = { failures: 3, openSeconds: 10 }

const attempt = (fields: Partial<BreakerAttempt>): BreakerAttempt => ({
  isFault: false,
  isProbe: false,
  startedAt: fields.now ?? NOW,
  now: NOW,
  ...fields,
})

/** The moves of these attempts in turn, and the breaker after them. */
function moves(attempts: readonly Partial<BreakerAttempt>[], settings = SETTINGS) {
  let breaker: Breaker = CLOSED
  const made: BreakerMove[] = []
  for (const one of attempts) {
    const next = moveBreaker(breaker, attempt(one), settings)
    breaker = next.breaker
    made.push(next.move)
  }
  return { moves: made, breaker }
}

const fault = { isFault: true }
const fine = { isFault: false }
const AFTER = NOW + 10_000

describe('a breaker that is closed', () => {
  test('opens at as many faults in a row as its settings say', () => {
    expect(moves([fault, fault, fault]).moves).toEqual(['none', 'none', 'open'])
  })

  test('counts from the start again after an answer that is no fault', () => {
    expect(moves([fault, fault, fine, fault, fault]).moves).not.toContain('open')
  })

  test('never opens with 0 failures', () => {
    const { moves: made } = moves(Array(100).fill(fault), { failures: 0, openSeconds: 10 })
    expect(new Set(made)).toEqual(new Set(['none']))
  })
})

describe('a breaker that is open', () => {
  const open = [fault, fault, fault]

  test('does not move for what was in flight when it opened', () => {
    const inFlight = [fault, fine, fault, fault, fault].map((one) => ({ ...one, startedAt: NOW - 5, now: NOW + 100 }))
    expect(moves([...open, ...inFlight]).moves.slice(3)).toEqual(Array(5).fill('none'))
  })

  test('closes by a probe that is no fault', () => {
    const { moves: made, breaker } = moves([...open, { isProbe: true, now: AFTER }])
    expect(made.at(-1)).toBe('close')
    expect(breaker).toMatchObject({ faults: 0, isOpen: false })
  })

  test('opens again by a probe that is a fault', () => {
    expect(moves([...open, { ...fault, isProbe: true, now: AFTER }]).moves.at(-1)).toBe('reopen')
  })

  test('once closed is not moved by what was in flight when it opened', () => {
    const late = { ...fault, startedAt: NOW - 5, now: AFTER + 1 }
    const after = moves([...open, { isProbe: true, now: AFTER }, late, late, late, late])
    expect(after.moves.slice(-4)).toEqual(Array(4).fill('none'))
    expect(after.breaker.faults).toBe(0)
  })

  test('has been closed by others when an attempt after its hold is no probe', () => {
    expect(moves([...open, { ...fault, now: AFTER }, { ...fault, now: AFTER }]).moves.slice(3)).toEqual([
      'none',
      'none',
    ])
    const three = Array(3).fill({ ...fault, now: AFTER })
    expect(moves([...open, ...three]).moves.at(-1)).toBe('open')
  })

  test('once closed is not opened again by a slow probe that started before', () => {
    const slow = { ...fault, isProbe: true, startedAt: AFTER, now: AFTER + 60_001 }
    const after = moves([...open, { isProbe: true, startedAt: AFTER + 50_000, now: AFTER + 50_020 }, slow])
    expect(after.moves.slice(3)).toEqual(['close', 'none'])
    expect(after.breaker).toMatchObject({ faults: 0, isOpen: false })
  })

  test('that opened again is not held longer by probes that started before, and closes by one of them', () => {
    const slow = (startedAt: number, isFault: boolean) => ({
      isFault,
      isProbe: true,
      startedAt,
      now: startedAt + 60_000,
    })
    const probes = [slow(AFTER, true), slow(AFTER + 10_000, true), slow(AFTER + 20_000, false)]
    expect(moves([...open, ...probes]).moves.slice(3)).toEqual(['reopen', 'none', 'close'])
  })

  test('that others have closed is not opened again by a slow probe', () => {
    const slow = { ...fault, isProbe: true, startedAt: AFTER, now: AFTER + 60_000 }
    expect(moves([...open, { ...fine, startedAt: AFTER + 9, now: AFTER + 40 }, slow]).moves.slice(3)).toEqual([
      'none',
      'none',
    ])
  })

  test('that somebody closes before its hold is over counts from then on', () => {
    const long = { failures: 3, openSeconds: 3600 }
    const again = Array(3).fill({ ...fault, now: NOW + 5000 })
    expect(moves([...open, ...again], long).moves.slice(3)).toEqual(['none', 'none', 'open'])
  })

  test('closes by any probe when it was switched off meanwhile', () => {
    const probe = attempt({ ...fault, isProbe: true, now: AFTER })
    expect(moveBreaker(moves(open).breaker, probe, { failures: 0, openSeconds: 10 }).move).toBe('close')
  })

  test('is probed by a server too that has not seen it open', () => {
    expect(moves([{ ...fault, isProbe: true }]).moves).toEqual(['reopen'])
    expect(moves([{ isProbe: true }]).moves).toEqual(['close'])
  })
})

describe('a fault', () => {
  test.each<[string, ReturnType<typeof read>, number | null, boolean]>([
    ['a success', read('{}'), 200, false],
    ['an error in a 200', read({ error: 'x' }), 200, false],
    ['a body that is no JSON', read('<html>'), 200, false],
    ['a 404', read('', 404), 404, false],
    ['a 429', read('', 429), 429, false],
    ['a 503 that says when', read('', 503, { 'retry-after': '3' }), 503, false],
    ['a 503 that does not', read('', 503), 503, true],
    ['a 500', read('', 500), 500, true],
    ['a 500 that is not to be retried', read({ error: 'x', retryable: false }, 500), 500, true],
  ])('%s', (_, outcome, status, expected) => {
    expect(isFault(outcome, status)).toBe(expected)
  })

  test.each(['timeout', 'networkError'] as const)('a %s', (reason) => {
    const outcome = read('', 500)
    if (outcome.kind !== 'failure') throw new Error('expected a failure')
    expect(isFault({ ...outcome, reason }, null)).toBe(true)
  })
})

test('the hold of a breaker says who let it open, and when it is probed', () => {
  const task = { id: 't1', worker: 'mail' }
  const hold = breakerHold(task, { move: 'open', faults: 3, error: 'HTTP 500: oops', now: NOW }, SETTINGS)
  expect(hold).toEqual({
    scope: 'worker',
    name: 'mail',
    until: NOW + 10_000,
    reason: '3 faults in a row, the last by task t1: HTTP 500: oops',
    kind: 'breaker',
    since: NOW,
    taskId: 't1',
    source: '',
    probeMs: 10_000,
  })
  const again = breakerHold(task, { move: 'reopen', faults: 4, error: 'x'.repeat(9999), now: NOW }, SETTINGS)
  expect(again.reason).toMatch(/^the probe failed as well, by task t1: x{150,200}$/)
})

test('whatever comes, a breaker opens after exactly that many faults in a row and only probes move it while it is open', () => {
  const steps = fc.array(
    fc.record({ isFault: fc.boolean(), isProbe: fc.boolean(), ageMs: fc.nat(20_000), passedMs: fc.nat(4000) }),
    { maxLength: 200 },
  )
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), (all, failures) => {
      let breaker = CLOSED
      let now = NOW
      let row = 0
      for (const { isFault, isProbe, ageMs, passedMs } of all) {
        now += passedMs
        const before = breaker
        const step = moveBreaker(
          breaker,
          { isFault, isProbe, startedAt: now - ageMs, now },
          { failures, openSeconds: 5 },
        )
        breaker = step.breaker
        const isLate = now - ageMs < before.movedAt
        if (isProbe && isFault && isLate) expect(step).toEqual({ breaker: before, move: 'none' })
        else if (isProbe) expect(step.move).toBe(isFault ? 'reopen' : 'close')
        else if (now - ageMs < before.countsFrom) expect(step).toEqual({ breaker: before, move: 'none' })
        else {
          row = isFault ? (before.isOpen ? 1 : row + 1) : 0
          expect(step.move).toBe(row === failures ? 'open' : 'none')
          expect(breaker.faults).toBe(row)
        }
        if (step.move === 'close') row = 0
      }
    }),
  )
})
