import { describe, expect, test } from 'vitest'
import { CLOSED } from '../../server/core/circuit-breaker.ts'
import type { Task } from '../../server/core/task.ts'
import { type EndOfCall, readSigns, type TrafficMemory } from '../../server/core/traffic.ts'
import { NOW, read, runningTask } from '../support/attempts.ts'

const SETTINGS = { failures: 2, openSeconds: 10 }
const NOTHING: TrafficMemory = { breaker: CLOSED, pace: null }
const ONE_FAULT: TrafficMemory = { ...NOTHING, breaker: { ...CLOSED, faults: 1 } }
const READING = { remaining: 5, resetMs: 10_000, limit: 100, windowMs: null, isWholeSeconds: false }

const end = (outcome: EndOfCall['outcome'], fields: Partial<EndOfCall> = {}): EndOfCall => ({
  outcome,
  statusCode: 200,
  startedAt: NOW - 20,
  endedAt: NOW,
  isProbe: false,
  reading: null,
  startedSince: 0,
  ...fields,
})

function signsOf(ended: EndOfCall, memory = NOTHING, task: Partial<Task> = {}) {
  return readSigns(runningTask(task), ended, { memory, settings: SETTINGS })
}

function timedOut(): EndOfCall['outcome'] {
  const outcome = read('', 500)
  if (outcome.kind !== 'failure') throw new Error('expected a failure')
  return { ...outcome, reason: 'timeout' }
}

const narrow = { kind: 'narrowWork', scope: 'worker', name: 'worker', startedAt: NOW - 20 }

describe('the end of an attempt', () => {
  test.each([
    ['a success', end(read('{}'))],
    ['a failure', end(read({ error: 'x' }))],
    ['a 500', end(read('', 500), { statusCode: 500 })],
    ['a rate limit, which holds by itself', end(read('', 429), { statusCode: 429 })],
    ['a 503 that says when', end(read('', 503, { 'retry-after': '9' }), { statusCode: 503 })],
  ])('changes nothing at the gates: %s', (_, ended) => {
    expect(signsOf(ended).signs).toEqual({ changes: [], probedUntil: null })
  })

  test('by a timeout, or a 503 without an hour, narrows the worker', () => {
    expect(signsOf(end(timedOut(), { statusCode: null })).signs.changes).toEqual([narrow])
    expect(signsOf(end(read('', 503), { statusCode: 503 }), NOTHING, { workgroup: 'ads' }).signs.changes).toEqual([
      narrow,
    ])
  })

  test('narrows by the clock of the storage, which the gate goes by', () => {
    const lease = { token: 'token', holder: 'boot-1', startedAt: NOW - 777, until: NOW + 1 }
    expect(signsOf(end(timedOut(), { statusCode: null }), NOTHING, { lease }).signs.changes).toEqual([
      { ...narrow, startedAt: NOW - 777 },
    ])
  })
})

describe('the fault that opens the breaker', () => {
  test('holds the worker, whatever the workgroup, and narrows nothing beside', () => {
    const { signs, memory } = signsOf(end(timedOut(), { statusCode: null }), ONE_FAULT, { workgroup: 'ads' })
    expect(signs).toEqual({
      changes: [
        { kind: 'holdWork', hold: expect.objectContaining({ scope: 'worker', kind: 'breaker', until: NOW + 10_000 }) },
      ],
      probedUntil: null,
    })
    expect(memory.breaker.isOpen).toBe(true)
  })

  test('of a probe says until when its task waits', () => {
    const { signs } = signsOf(end(read('', 500), { statusCode: 500, isProbe: true }))
    expect(signs.probedUntil).toBe(NOW + 10_000)
    expect(signs.changes).toEqual([
      { kind: 'holdWork', hold: expect.objectContaining({ kind: 'breaker', probeMs: 10_000 }) },
    ])
  })
})

test('a probe that fails when another has closed the breaker opens nothing, and its task waits for nothing', () => {
  const closed = { ...NOTHING, breaker: { ...CLOSED, movedAt: NOW - 10 } }
  const slow = end(read('', 500), { statusCode: 500, isProbe: true, startedAt: NOW - 60_000 })
  expect(signsOf(slow, closed).signs).toEqual({ changes: [], probedUntil: NOW })
})

test.each([
  ['a success', read('{}'), 200],
  ['a refusal', read('', 404), 404],
  ['a rate limit', read('', 429), 429],
])('a probe that is %s closes the breaker', (_, outcome, statusCode) => {
  const { signs, memory } = signsOf(end(outcome, { statusCode, isProbe: true }), ONE_FAULT)
  expect(signs).toEqual({
    changes: [{ kind: 'releaseWork', scope: 'worker', name: 'worker', onlyBreaker: true }],
    probedUntil: null,
  })
  expect(memory.breaker).toMatchObject({ faults: 0, isOpen: false })
})

describe('an answer that tells what is left', () => {
  const pacedBy = (ended: EndOfCall, task: Partial<Task> = {}) =>
    signsOf(ended, NOTHING, task).signs.changes.filter((change) => change.kind === 'paceWork')

  test('paces the workgroup of its task', () => {
    expect(pacedBy(end(read('{}'), { reading: READING }), { workgroup: 'ads' })).toMatchObject([
      { scope: 'workgroup', name: 'ads', pace: { until: NOW + 9990 } },
    ])
  })

  test('paces the workgroup that it names', () => {
    const named = end(read({ workgroup: 'key-7' }), { reading: READING })
    expect(pacedBy(named, { workgroup: 'ads' })).toMatchObject([{ scope: 'workgroup', name: 'key-7' }])
  })

  test('paces the worker of a task without a workgroup', () => {
    expect(pacedBy(end(read('{}'), { reading: READING }))).toMatchObject([{ scope: 'worker', name: 'worker' }])
  })

  test.each([200, 404, 429, 500, 503])('does so with status %i', (statusCode) => {
    expect(pacedBy(end(read('', statusCode), { statusCode, reading: READING }))).toHaveLength(1)
  })

  test('is remembered, so that the next one that tells the same writes nothing', () => {
    const ended = end(read('{}'), { reading: { ...READING, remaining: 60 } })
    const { memory } = signsOf(ended)
    expect(memory.pace?.remaining).toBe(60)
    expect(signsOf(ended, memory).signs.changes).toEqual([])
  })
})
