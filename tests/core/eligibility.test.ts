import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type EligibilityFacts, explain, type Reason } from '../../server/core/eligibility.ts'
import { type Gate, type GateScope, NO_LIMITS, openGate } from '../../server/core/gate.ts'
import { callbackHolder, pollHolder } from '../../server/core/outside.ts'
import { Hold, stateOf, type Task } from '../../server/core/task.ts'
import { FOREVER, formatTime } from '../../server/core/time.ts'
import { NOW, runningTask } from '../support/attempts.ts'
import { makeTask } from '../support/make.ts'

const nothing: EligibilityFacts = {
  now: NOW,
  isGroupPaused: false,
  unfinishedParents: [],
  gates: [openGate('workgroup', 'ads'), openGate('worker', 'worker'), openGate('all', '')],
  holds: [],
  runningDuplicate: null,
  hasAddress: true,
  slots: { inFlight: 0, limit: 20 },
  lastWordAt: null,
}

const gate = (scope: GateScope, fields: Partial<Gate> = {}): Gate => ({
  ...openGate(scope, { all: '', worker: 'worker', workgroup: 'ads' }[scope]),
  ...fields,
})

/** The reasons of a task one of whose gates is like this. */
const reasonsAt = (scope: GateScope, fields: Partial<Gate>, facts: Partial<EligibilityFacts> = {}): Reason[] =>
  explain(makeTask({ workgroup: 'ads' }), { ...nothing, gates: [gate(scope, fields)], ...facts })

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

  test('of a task that runs outside tells who has it, and when that was heard of last', () => {
    const reason = (holder: string, lastWordAt: number | null = null) => {
      const lease = { token: 'token', holder, startedAt: NOW, until: NOW + 30_000 }
      return explain(runningTask({ attempts: 2, lease }), { ...nothing, lastWordAt })
    }
    const until = NOW + 30_000
    const [then, later] = [formatTime(NOW), formatTime(NOW + 5000)]
    expect(reason(pollHolder({ workerId: 'host 7', leaseMs: 1000 }))).toEqual([
      { code: 'running', message: `Polling worker host 7 has attempt 2 since ${then}.`, until },
    ])
    expect(reason(callbackHolder('x'), NOW + 5000)).toEqual([
      {
        code: 'running',
        message: `Attempt 2 was accepted with 202, and goes on while heartbeats come in time. Its worker last told of it at ${later}.`,
        until,
      },
    ])
  })

  test('of a task that nothing holds back is that it is ready', () => {
    expect(codesOf(makeTask())).toEqual(['ready'])
  })

  test('of a task that its worker fetches is that somebody has to, however many it has', () => {
    const gates = [openGate('worker', 'worker'), openGate('all', '')].map((open) => ({ ...open, leases: 500 }))
    expect(explain(makeTask(), { ...nothing, gates, slots: null })).toEqual([
      { code: 'ready', message: 'Nothing holds it back: a polling worker of worker has to fetch it.' },
    ])
  })
})

describe('a reason', () => {
  test('tells that no attempts are left', () => {
    expect(codesOf(makeTask({ holds: Hold.exhausted }))).toEqual(['no_attempts_left'])
  })

  test('of a task that failed for good names no time at which it would go on', () => {
    const task = makeTask({ holds: Hold.exhausted, failures: 3, remainingAttempts: 0, runAfter: NOW + 60_000 })
    expect(codesOf(task)).toEqual(['no_attempts_left'])
  })

  test('tells that the task is paused, and its group', () => {
    expect(explain(makeTask({ holds: Hold.paused }), { ...nothing, isGroupPaused: true })).toEqual([
      { code: 'paused', message: 'It is paused: resume it.', ref: 'task' },
      { code: 'group_paused', message: 'Its group is paused: resume the group.', ref: 'group' },
    ])
  })

  test('of a stopped group names the failure that stopped it, and what to do', () => {
    const stopped = { ...nothing, isGroupPaused: true, stoppedBy: { taskId: 'first', at: NOW, isPausedToo: true } }
    expect(explain(makeTask(), stopped)).toEqual([
      {
        code: 'group_stopped',
        message:
          'Its group was stopped when task first failed for good: retry that task or the group, or resume the group. Somebody paused it as well.',
        ref: 'first',
      },
    ])
    const cause = makeTask({ id: 'first', holds: Hold.exhausted })
    expect(codesOf(cause, stopped)).toEqual(['no_attempts_left', 'group_stopped'])
    expect(codesOf(makeTask(), { ...stopped, isGroupPaused: false })).toEqual(['ready'])
  })

  test('of a task that was passed over says that the tasks below it go on', () => {
    const [reason] = explain(makeTask({ holds: Hold.exhausted | Hold.passed }), nothing)
    expect(reason?.message).toBe(
      'It failed and has no attempts left: retry or reset it. The tasks below it go on without it.',
    )
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
    expect(explain(makeTask({ runAfter: NOW + 1, failures: 1, remainingAttempts: 1 }), nothing)).toMatchObject([
      { message: 'It failed once and waits to be tried again (1 attempt left).' },
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
    const gates = [gate('workgroup', { heldUntil: NOW + 5 }), gate('worker', { heldUntil: NOW + 6 })]
    const holds = [
      { scope: 'worker', kind: 'manual', reason: '' },
      { scope: 'workgroup', kind: 'delay', reason: 'asked for by task x' },
    ] as const
    expect(explain(makeTask({ workgroup: 'ads' }), { ...nothing, gates, holds })).toEqual([
      {
        code: 'workgroup_held',
        message: 'Its workgroup ads is held: asked for by task x.',
        until: NOW + 5,
        ref: 'ads',
      },
      { code: 'worker_held', message: 'Its worker worker is held.', until: NOW + 6, ref: 'worker' },
    ])
  })

  test('of a hold without an end names none', () => {
    const holds = [{ scope: 'worker', kind: 'manual', reason: 'broken' }] as const
    const reason = {
      code: 'worker_held',
      message: 'Its worker worker is held until somebody resumes it: broken.',
      ref: 'worker',
    }
    expect(reasonsAt('worker', { heldUntil: FOREVER }, { holds })).toEqual([reason])
    // Somebody paused it while its breaker was open: a probe would not end that.
    expect(reasonsAt('worker', { heldUntil: FOREVER, probeMs: 1000 }, { holds })).toEqual([reason])
  })

  test('tells an open breaker, and when the next probe starts', () => {
    const holds = [{ scope: 'worker', kind: 'breaker', reason: '10 failures in a row' }] as const
    expect(reasonsAt('worker', { heldUntil: NOW + 9, probeMs: 1000 }, { holds })).toEqual([
      {
        code: 'breaker_open',
        message: 'Its worker worker fails, and its breaker is open: 10 failures in a row.',
        until: NOW + 9,
        ref: 'worker',
      },
    ])
    expect(reasonsAt('worker', { probeMs: 1000, spaceClock: NOW - 400 })).toEqual([
      {
        code: 'breaker_open',
        message: 'Its worker worker fails, and its breaker is open.',
        until: NOW + 600,
        ref: 'worker',
      },
    ])
  })

  const one = { ...NO_LIMITS, maxConcurrent: 1 }
  test.each([
    ['workgroup', 'workgroup_full', 'Its workgroup ads has 1 of 1 attempts in flight.'],
    ['worker', 'worker_full', 'Its worker worker has 1 of 1 attempts in flight.'],
    ['all', 'server_full', 'The whole of Crew has 1 of 1 attempts in flight.'],
  ] as const)('tells that the gate of its %s is full, without an end', (scope, code, message) => {
    const ref = scope === 'all' ? {} : { ref: gate(scope).name }
    expect(reasonsAt(scope, { limits: one, leases: 1 })).toEqual([{ code, message, ...ref }])
  })

  const rated = { ...NO_LIMITS, rate: { count: 2, perMs: 1000, burst: 1 } }
  test.each([
    ['workgroup', 'workgroup_rate_limited', 'Its workgroup ads has used up its rate, 2 in 1 s.'],
    ['worker', 'worker_rate_limited', 'Its worker worker has used up its rate, 2 in 1 s.'],
    ['all', 'rate_limited', 'The whole of Crew has used up its rate, 2 in 1 s.'],
  ] as const)('tells that the rate of its %s is used up, and when the next may start', (scope, code, message) => {
    const ref = scope === 'all' ? {} : { ref: gate(scope).name }
    expect(reasonsAt(scope, { limits: rated, rateClock: NOW })).toEqual([{ code, message, until: NOW + 500, ...ref }])
  })

  test('tells a pace', () => {
    const pace = { intervalMs: 200, until: NOW + 9000, laterIntervalMs: 0, expiresAt: NOW + 9000 }
    expect(reasonsAt('workgroup', { pace, spaceClock: NOW })).toEqual([
      {
        code: 'paced',
        message: 'Its workgroup ads is paced, so that it does not run into the limit behind it.',
        until: NOW + 200,
        ref: 'ads',
      },
    ])
  })

  test('tells that a gate opens step by step', () => {
    const ramp = { from: NOW - 1000, base: 1, isSpaced: false }
    expect(reasonsAt('worker', { ramp, leases: 2 })).toEqual([
      {
        code: 'ramping',
        message: 'Its worker worker opens step by step, at present with 2 at once.',
        until: NOW + 1000,
        ref: 'worker',
      },
    ])
  })

  test('of several bounds of one gate is the one that ends last', () => {
    const limits = { ...rated, maxConcurrent: 1 }
    expect(reasonsAt('worker', { limits, rateClock: NOW, leases: 1 }).map(({ code }) => code)).toEqual(['worker_full'])
    expect(reasonsAt('worker', { limits, rateClock: NOW, leases: 0 }).map(({ code }) => code)).toEqual([
      'worker_rate_limited',
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

  test('counts the leases of the worker on other servers', () => {
    const gates = [gate('worker', { leases: 20 })]
    expect(codesOf(makeTask(), { gates, slots: { inFlight: 1, limit: 20 } })).toEqual(['worker_full'])
  })

  test('says once that the worker is full', () => {
    const gates = [gate('worker', { limits: one, leases: 1 })]
    expect(codesOf(makeTask(), { gates, slots: { inFlight: 1, limit: 1 } })).toEqual(['worker_full'])
  })
})

test('all reasons come at once, what only a person can end first', () => {
  const task = makeTask({ holds: Hold.paused | Hold.exhausted, runAfter: NOW + 9, workgroup: 'ads' })
  expect(
    codesOf(task, {
      isGroupPaused: true,
      unfinishedParents: [{ id: 'a', holds: 0 }],
      gates: [
        gate('workgroup', { heldUntil: NOW + 5 }),
        gate('worker', { heldUntil: NOW + 5 }),
        gate('all', { limits: { ...NO_LIMITS, maxConcurrent: 1 }, leases: 1 }),
      ],
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
    'server_full',
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
        gates: [gate('workgroup', { heldUntil })],
      })
      expect(codesOfState[state].some((code) => reasons.some((reason) => reason.code === code))).toBe(true)
      const isAlone = state === 'succeeded' || state === 'running' || state === 'ready'
      if (isAlone) expect(reasons).toHaveLength(1)
    }),
  )
})
