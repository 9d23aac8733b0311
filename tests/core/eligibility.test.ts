import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type EligibilityFacts, explain } from '../../server/core/eligibility.ts'
import { Hold, stateOf, type Task } from '../../server/core/task.ts'
import { NOW, runningTask } from '../support/attempts.ts'
import { makeTask } from '../support/make.ts'

const nothing: EligibilityFacts = {
  now: NOW,
  isGroupPaused: false,
  unfinishedParents: [],
  workgroupHold: null,
  workerHold: null,
  runningDuplicate: null,
  hasAddress: true,
  slots: { inFlight: 0, limit: 20 },
}

const codesOf = (task: Task, facts: Partial<EligibilityFacts> = {}): string[] =>
  explain(task, { ...nothing, ...facts }).map(({ code }) => code)

describe('the one reason', () => {
  test('of a complete task is that it is done, whatever else holds it', () => {
    const task = makeTask({ holds: Hold.complete | Hold.paused | Hold.exhausted })
    expect(explain(task, { ...nothing, isGroupPaused: true })).toEqual([
      { code: 'succeeded', message: 'It is complete.' },
    ])
  })

  test('of a running task is its attempt, until its lease ends', () => {
    expect(explain(runningTask({ attempts: 2, holds: Hold.paused }), nothing)).toEqual([
      { code: 'running', message: 'Attempt 2 is in flight.', until: NOW + 30_000 },
    ])
  })

  test('of a task that nothing holds back is that it is ready', () => {
    expect(codesOf(makeTask())).toEqual(['ready'])
  })
})

describe('a reason', () => {
  test('tells that no attempts are left', () => {
    expect(codesOf(makeTask({ holds: Hold.exhausted }))).toEqual(['no_attempts_left'])
  })

  test('tells that the task is paused, and its group', () => {
    expect(explain(makeTask({ holds: Hold.paused }), { ...nothing, isGroupPaused: true })).toEqual([
      { code: 'paused', message: 'It is paused: resume it.', ref: 'task' },
      { code: 'group_paused', message: 'Its group is paused: resume the group.', ref: 'group' },
    ])
  })

  test('names each unfinished parent and says which failed for good', () => {
    const unfinishedParents = [
      { id: 'a', holds: 0 },
      { id: 'b', holds: Hold.exhausted },
    ]
    expect(explain(makeTask(), { ...nothing, unfinishedParents })).toEqual([
      { code: 'parent_unfinished', message: 'Its parent a is not complete.', ref: 'a' },
      { code: 'parent_unfinished', message: 'Its parent b failed for good: retry or reset it.', ref: 'b' },
    ])
  })

  test('counts the parents beyond the fifth', () => {
    const unfinishedParents = Array.from({ length: 7 }, (_, index) => ({ id: `p${index}`, holds: 0 }))
    const reasons = explain(makeTask(), { ...nothing, unfinishedParents })
    expect(reasons).toHaveLength(6)
    expect(reasons.at(-1)).toEqual({ code: 'parent_unfinished', message: '2 more parents are not complete.' })
  })

  test('tells a time ahead, as a retry once it failed', () => {
    expect(explain(makeTask({ runAfter: NOW + 1 }), nothing)).toEqual([
      { code: 'not_due', message: 'Its time has not come.', until: NOW + 1 },
    ])
    expect(explain(makeTask({ runAfter: NOW + 1, failures: 2, remainingAttempts: 3 }), nothing)).toEqual([
      {
        code: 'retrying',
        message: 'It failed 2 times and waits to be tried again (3 attempts left).',
        until: NOW + 1,
      },
    ])
  })

  test('of a time that has just come is none', () => {
    expect(codesOf(makeTask({ runAfter: NOW }))).toEqual(['ready'])
  })

  test('tells what holds the workgroup and the worker, until when and why', () => {
    const hold = { until: NOW + 5, reason: 'asked for by task x' }
    expect(explain(makeTask({ workgroup: 'ads' }), { ...nothing, workgroupHold: hold, workerHold: hold })).toEqual([
      {
        code: 'workgroup_held',
        message: 'Its workgroup ads is held: asked for by task x.',
        until: NOW + 5,
        ref: 'ads',
      },
      {
        code: 'worker_held',
        message: 'Its worker worker is held: asked for by task x.',
        until: NOW + 5,
        ref: 'worker',
      },
    ])
  })

  test('tells the running duplicate', () => {
    expect(explain(makeTask(), { ...nothing, runningDuplicate: 'twin' })).toEqual([
      {
        code: 'duplicate_running',
        message: 'Task twin with the same key runs; this one gets its result.',
        ref: 'twin',
      },
    ])
  })

  test('tells that nobody knows where the worker is', () => {
    expect(codesOf(makeTask(), { hasAddress: false })).toEqual(['no_address'])
  })

  test('tells that the worker is full only when it is', () => {
    expect(codesOf(makeTask(), { slots: { inFlight: 20, limit: 20 } })).toEqual(['worker_full'])
    expect(codesOf(makeTask(), { slots: { inFlight: 19, limit: 20 } })).toEqual(['ready'])
    expect(codesOf(makeTask(), { slots: null })).toEqual(['ready'])
  })
})

test('all reasons come at once, what only a person can end first', () => {
  const task = makeTask({ holds: Hold.paused | Hold.exhausted, runAfter: NOW + 9, workgroup: 'ads' })
  const hold = { until: NOW + 5, reason: 'r' }
  expect(
    codesOf(task, {
      isGroupPaused: true,
      unfinishedParents: [{ id: 'a', holds: 0 }],
      workgroupHold: hold,
      workerHold: hold,
      runningDuplicate: 'twin',
      hasAddress: false,
      slots: { inFlight: 1, limit: 1 },
    }),
  ).toEqual([
    'no_attempts_left',
    'paused',
    'group_paused',
    'parent_unfinished',
    'not_due',
    'workgroup_held',
    'worker_held',
    'duplicate_running',
    'no_address',
    'worker_full',
  ])
})

test('the state of a task is among the reasons why it does not run', () => {
  const codesOfState = {
    succeeded: ['succeeded'],
    running: ['running'],
    failed: ['no_attempts_left'],
    paused: ['paused', 'group_paused'],
    blocked: ['parent_unfinished'],
    scheduled: ['not_due'],
    retrying: ['retrying'],
    throttled: ['workgroup_held', 'worker_held'],
    ready: ['ready'],
  }
  const situation = fc.record({
    holds: fc.nat(7),
    isRunning: fc.boolean(),
    isGroupPaused: fc.boolean(),
    parents: fc.nat(2),
    runAfter: fc.constantFrom(0, NOW, NOW + 1),
    failures: fc.nat(1),
    heldUntil: fc.constantFrom(0, NOW + 1),
  })
  fc.assert(
    fc.property(situation, ({ isRunning, isGroupPaused, parents, heldUntil, ...fields }) => {
      const lease = isRunning ? runningTask().lease : null
      const task = makeTask({ ...fields, lease, unfinishedParents: parents, workgroup: 'ads' })
      const state = stateOf(task, { now: NOW, isGroupPaused, heldUntil })
      const reasons = explain(task, {
        ...nothing,
        isGroupPaused,
        unfinishedParents: Array.from({ length: parents }, (_, index) => ({ id: `p${index}`, holds: 0 })),
        workgroupHold: heldUntil > 0 ? { until: heldUntil, reason: 'r' } : null,
      })
      expect(codesOfState[state].some((code) => reasons.some((reason) => reason.code === code))).toBe(true)
      const isAlone = state === 'succeeded' || state === 'running' || state === 'ready'
      if (isAlone) expect(reasons).toHaveLength(1)
    }),
  )
})
