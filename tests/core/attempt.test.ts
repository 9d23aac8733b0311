import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decideAttempt,
  decideLostAttempt,
  decideUnstartedAttempt,
  type Loss,
  MAX_GIVEN_BACK,
  RATE_LIMIT_GRACE_MS,
} from '../../server/core/attempt.ts'
import { KEPT_ERRORS } from '../../server/core/failure.ts'
import { MIN_RATE_LIMIT_HOLD_MS } from '../../server/core/holds.ts'
import { Hold, type Task } from '../../server/core/task.ts'
import { attemptContext, changesOf, endedWith, kindsOf, NOW, patchOf, read, runningTask } from '../support/attempts.ts'

const updated = { type: 'task.updated', groupId: 'group', taskId: 'task' }
const leaseGuard = { kind: 'lease', taskId: 'task', token: 'token', version: 1 }

/** What the attempt of this task changes when the worker answers so. */
function decide(
  fields: Partial<Task>,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
  context: Parameters<typeof attemptContext>[0] = {},
) {
  const now = context?.now ?? NOW
  const ended = endedWith(read(body, status, headers), { endedAt: now, statusCode: status })
  return decideAttempt(runningTask(fields), ended, attemptContext(context))
}

describe('a success', () => {
  test('completes the task, gives up the lease, books the attempt and wakes the children', () => {
    expect(decide({}, '{"output":{"n":1}}')).toEqual({
      guards: [leaseGuard],
      changes: [
        {
          kind: 'patchTask',
          taskId: 'task',
          patch: { holds: Hold.complete, output: '{"n":1}', rateLimitedSince: 0 },
          lease: 'settle',
        },
        {
          kind: 'addAttempt',
          taskId: 'task',
          attempt: {
            number: 1,
            deliveryId: 'task_1',
            instance: 'boot-1',
            startedAt: NOW - 20,
            endedAt: NOW,
            outcome: 'succeeded',
            statusCode: 200,
            bytes: 2,
            error: null,
            retryAt: null,
          },
        },
        { kind: 'releaseChildren', parentId: 'task' },
      ],
      events: [updated],
    })
  })

  test('does not undo a pause', () => {
    expect(patchOf(decide({ holds: Hold.paused }, '')).holds).toBe(Hold.paused | Hold.complete)
  })

  test('ends a streak of rate limits', () => {
    expect(patchOf(decide({ rateLimitedSince: NOW - 5 }, '')).rateLimitedSince).toBe(0)
  })

  test('uses up no attempt and keeps the errors of those before', () => {
    const patch = patchOf(decide({ remainingAttempts: 1, errors: ['first'] }, ''))
    expect(patch).not.toHaveProperty('remainingAttempts')
    expect(patch).not.toHaveProperty('errors')
  })

  test('holds its workgroup when the answer asks for it', () => {
    const decided = decide({ workgroup: 'ads' }, { workgroupDelayInSeconds: 30 })
    expect(changesOf(decided, 'holdWork')).toEqual([
      {
        kind: 'holdWork',
        hold: {
          scope: 'workgroup',
          name: 'ads',
          until: NOW + 30_000,
          reason: 'asked for by task task of worker worker (workgroupDelayInSeconds)',
          kind: 'delay',
          since: NOW,
          taskId: 'task',
          source: 'workgroupDelayInSeconds',
          probeMs: 0,
        },
      },
    ])
    expect(decided.events).toContainEqual({ type: 'workgroup.held', workgroup: 'ads' })
  })

  test('holds the workgroup that the answer names instead of its own', () => {
    const decided = decide({ workgroup: 'ads' }, { workgroupDelayInSeconds: 30, workgroup: 'key-7' })
    expect(changesOf(decided, 'holdWork').map(({ hold }) => hold.name)).toEqual(['key-7'])
  })

  test('holds nothing when the task has no workgroup and the answer names none', () => {
    expect(changesOf(decide({}, { workgroupDelayInSeconds: 30 }), 'holdWork')).toEqual([])
  })

  test('delays its children before it wakes them', () => {
    const decided = decide({}, { childrenDelayInSeconds: 5 })
    expect(changesOf(decided, 'delayChildren')).toEqual([
      { kind: 'delayChildren', parentId: 'task', notBefore: NOW + 5000 },
    ])
    expect(kindsOf(decided).indexOf('delayChildren')).toBeLessThan(kindsOf(decided).indexOf('releaseChildren'))
  })
})

describe('a failure', () => {
  test('uses one attempt, adds one line, and waits for the retry delay', () => {
    const decided = decide({ errors: ['before'], failures: 1, errorDelayInSeconds: 1.5 }, { error: 'no budget' })
    expect(decided.guards).toEqual([leaseGuard])
    expect(decided.changes).toEqual([
      {
        kind: 'patchTask',
        taskId: 'task',
        patch: {
          remainingAttempts: 4,
          holds: 0,
          failures: 2,
          rateLimitedSince: 0,
          errors: ['before', 'no budget'],
          runAfter: NOW + 1500,
        },
        lease: 'settle',
      },
      {
        kind: 'addAttempt',
        taskId: 'task',
        attempt: {
          number: 1,
          deliveryId: 'task_1',
          instance: 'boot-1',
          startedAt: NOW - 20,
          endedAt: NOW,
          outcome: 'failed',
          statusCode: 200,
          bytes: 2,
          error: 'no budget',
          retryAt: NOW + 1500,
        },
      },
    ])
  })

  test('grows its delay with every failure of the run', () => {
    const retry = { strategy: 'exponential', factor: 3, maxSeconds: null, jitter: 0 } as const
    expect(patchOf(decide({ retry, failures: 2, errorDelayInSeconds: 1 }, '', 500)).runAfter).toBe(NOW + 9000)
  })

  test('keeps the newest 50 lines', () => {
    const errors = Array.from({ length: KEPT_ERRORS }, (_, index) => `error ${index}`)
    expect(patchOf(decide({ errors }, { error: 'last' })).errors).toEqual([...errors.slice(1), 'last'])
  })

  test('of the last attempt leaves the task failed and promises no retry', () => {
    const decided = decide({ remainingAttempts: 1 }, '', 500)
    expect(patchOf(decided)).toMatchObject({ remainingAttempts: 0, holds: Hold.exhausted })
    expect(changesOf(decided, 'addAttempt')[0]?.attempt.retryAt).toBe(null)
  })

  test('that is not retryable takes all attempts at once', () => {
    expect(patchOf(decide({ remainingAttempts: 5 }, { error: 'x', retryable: false }))).toMatchObject({
      remainingAttempts: 0,
      holds: Hold.exhausted,
    })
  })

  test('comes again when the answer says, even at once', () => {
    expect(patchOf(decide({}, { error: 'x', retryAfterSeconds: 7 })).runAfter).toBe(NOW + 7000)
    expect(patchOf(decide({}, { error: 'x', retryAfterSeconds: 0 })).runAfter).toBe(NOW)
  })

  test('keeps the output that came with it, and the one before when none came', () => {
    expect(patchOf(decide({ output: '1' }, '{"error":"x","output":{"half":2}}')).output).toBe('{"half":2}')
    expect(patchOf(decide({ output: '1' }, '{"error":"x"}'))).not.toHaveProperty('output')
  })

  test('holds the workgroup and delays the children as the answer asks', () => {
    const body = { error: 'x', workgroupDelayInSeconds: 3, childrenDelayInSeconds: 4 }
    const decided = decide({ workgroup: 'ads' }, body)
    expect(changesOf(decided, 'holdWork').map(({ hold }) => hold.until)).toEqual([NOW + 3000])
    expect(changesOf(decided, 'delayChildren').map(({ notBefore }) => notBefore)).toEqual([NOW + 4000])
  })

  test('does not wake children', () => {
    expect(kindsOf(decide({}, '', 500))).not.toContain('releaseChildren')
  })

  test('does not undo a pause', () => {
    expect(patchOf(decide({ holds: Hold.paused }, '', 500)).holds).toBe(Hold.paused)
    expect(patchOf(decide({ holds: Hold.paused, remainingAttempts: 1 }, '', 500)).holds).toBe(
      Hold.paused | Hold.exhausted,
    )
  })

  test('of a task whose attempts were set to none meanwhile does not go below zero', () => {
    expect(patchOf(decide({ remainingAttempts: 0, holds: Hold.exhausted }, '', 500)).remainingAttempts).toBe(0)
  })

  test('is recorded with its kind', () => {
    const ended = endedWith({ ...failureOf('timeout') })
    const decided = decideAttempt(runningTask(), ended, attemptContext())
    expect(changesOf(decided, 'addAttempt')[0]?.attempt.outcome).toBe('timeout')
  })
})

function failureOf(reason: 'timeout' | 'networkError') {
  const outcome = read('', 500)
  if (outcome.kind !== 'failure') throw new Error('expected a failure')
  return { ...outcome, reason }
}

describe('a rate limit', () => {
  test('holds the workgroup and uses up no attempt', () => {
    const decided = decide({ workgroup: 'ads' }, '', 429, { 'retry-after': '30' })
    expect(decided.changes).toEqual([
      { kind: 'patchTask', taskId: 'task', patch: { rateLimitedSince: NOW }, lease: 'settle' },
      expect.objectContaining({ kind: 'addAttempt' }),
      {
        kind: 'holdWork',
        hold: {
          scope: 'workgroup',
          name: 'ads',
          until: NOW + 30_000,
          reason: 'rate limit met by task task of worker worker (Retry-After)',
          kind: 'rateLimit',
          since: NOW,
          taskId: 'task',
          source: 'Retry-After',
          probeMs: 0,
        },
      },
    ])
    expect(changesOf(decided, 'addAttempt')[0]?.attempt).toMatchObject({
      outcome: 'rateLimited',
      error: 'HTTP 429',
      retryAt: NOW + 30_000,
    })
    expect(decided.events).toEqual([updated, { type: 'workgroup.held', workgroup: 'ads' }])
  })

  test('holds the worker when the task has no workgroup', () => {
    const [held] = changesOf(decide({}, '', 429, { 'retry-after': '30' }), 'holdWork')
    expect(held?.hold).toMatchObject({ scope: 'worker', name: 'worker' })
    expect(decide({}, '', 429).events).toContainEqual({ type: 'worker.held', worker: 'worker' })
  })

  test('that names a workgroup holds that one', () => {
    const [held] = changesOf(decide({ workgroup: 'ads' }, { workgroup: 'key-7' }, 429), 'holdWork')
    expect(held?.hold).toMatchObject({ scope: 'workgroup', name: 'key-7' })
  })

  test('that names a workgroup the task is not in makes the task itself wait too', () => {
    const decided = decide({}, { workgroup: 'key-7' }, 429, { 'retry-after': '30' })
    expect(patchOf(decided).runAfter).toBe(NOW + 30_000)
  })

  test('without any word about time holds for the retry delay', () => {
    const [held] = changesOf(decide({ errorDelayInSeconds: 12 }, '', 429), 'holdWork')
    expect(held?.hold.until).toBe(NOW + 12_000)
  })

  test.each(['0', '0.2'])('holds for a second when told to come back in %s', (seconds) => {
    const [held] = changesOf(decide({}, '', 429, { 'retry-after': seconds }), 'holdWork')
    expect(held?.hold.until).toBe(NOW + MIN_RATE_LIMIT_HOLD_MS)
  })

  test('keeps the output that came with it, and the wish of when to come again', () => {
    const decided = decide({}, { output: 3, retryAfterSeconds: 90 }, 429, { 'retry-after': '30' })
    expect(patchOf(decided)).toMatchObject({ output: '3', runAfter: NOW + 90_000 })
    expect(changesOf(decided, 'addAttempt')[0]?.attempt.retryAt).toBe(NOW + 90_000)
  })

  test('delays the children as the answer asks', () => {
    expect(changesOf(decide({}, { childrenDelayInSeconds: 4 }, 429), 'delayChildren')).toHaveLength(1)
  })

  test('remembers when the streak began', () => {
    expect(patchOf(decide({ rateLimitedSince: NOW - 1000 }, '', 429)).rateLimitedSince).toBe(NOW - 1000)
  })

  test('uses up no attempt until a day has passed', () => {
    const rateLimitedSince = NOW - RATE_LIMIT_GRACE_MS + 1
    expect(patchOf(decide({ rateLimitedSince }, '', 429))).not.toHaveProperty('remainingAttempts')
  })

  test('after a day is a failure that still holds the workgroup', () => {
    const rateLimitedSince = NOW - RATE_LIMIT_GRACE_MS
    const decided = decide({ rateLimitedSince, workgroup: 'ads' }, '', 429, { 'retry-after': '30' })
    expect(patchOf(decided)).toMatchObject({ remainingAttempts: 4, errors: ['HTTP 429'] })
    expect(changesOf(decided, 'holdWork').map(({ hold }) => hold.until)).toEqual([NOW + 30_000])
  })

  test('after a day uses an attempt each time, and gets no second day', () => {
    const rateLimitedSince = NOW - RATE_LIMIT_GRACE_MS
    const patch = patchOf(decide({ rateLimitedSince }, '', 429))
    const next = decide({ ...patch, rateLimitedSince: patch.rateLimitedSince ?? 0 }, '', 429)
    expect(patchOf(next).remainingAttempts).toBe(3)
  })

  test('that is not retryable fails the task for good and still holds the workgroup', () => {
    const decided = decide({ workgroup: 'ads' }, { retryable: false }, 429, { 'retry-after': '30' })
    expect(patchOf(decided)).toMatchObject({ remainingAttempts: 0, holds: Hold.exhausted })
    expect(changesOf(decided, 'holdWork')).toHaveLength(1)
  })

  test('broken by another failure begins a new streak', () => {
    expect(patchOf(decide({ rateLimitedSince: NOW - 1000 }, '', 500)).rateLimitedSince).toBe(0)
  })
})

describe('what the end of an attempt says about its gates', () => {
  const release = { kind: 'releaseWork', scope: 'worker', name: 'worker', onlyBreaker: true } as const
  const pace = { intervalMs: 20, until: NOW + 1000, laterIntervalMs: 20, expiresAt: NOW + 9000 }
  const signs = { changes: [release], probedUntil: null }

  test('is written with what it changes for its task, before any hold, and told', () => {
    const decided = decide({}, '', 429, { 'retry-after': '3' }, { signs })
    expect(decided.changes[0]).toEqual(release)
    expect(decided.changes.at(-1)).toMatchObject({ kind: 'holdWork', hold: { scope: 'worker', kind: 'rateLimit' } })
    expect(decided.events).toEqual([
      updated,
      { type: 'worker.held', worker: 'worker' },
      { type: 'worker.resumed', worker: 'worker' },
    ])
  })

  test('is written also when the task was completed by hand meanwhile', () => {
    expect(decide({ holds: Hold.complete }, '{}', 200, {}, { signs }).changes).toContainEqual(release)
  })

  test('is not told when it is a pace', () => {
    const paceWork = { kind: 'paceWork', scope: 'worker', name: 'worker', pace } as const
    const decided = decide({}, '{}', 200, {}, { signs: { changes: [paceWork], probedUntil: null } })
    expect(decided.changes).toContainEqual(paceWork)
    expect(decided.events).toEqual([updated])
  })
})

describe('a probe that fails', () => {
  const probed = (task: Partial<Task>, body: unknown = '', status = 500) =>
    decide(task, body, status, {}, { signs: { changes: [], probedUntil: NOW + 10_000 } })

  test('uses up no attempt, is booked as what it was, and waits until the next probe', () => {
    expect(probed({ remainingAttempts: 1 }).changes).toEqual([
      {
        kind: 'patchTask',
        taskId: 'task',
        patch: { rateLimitedSince: NOW, runAfter: NOW + 10_000 },
        lease: 'settle',
      },
      {
        kind: 'addAttempt',
        taskId: 'task',
        attempt: expect.objectContaining({ outcome: 'failed', error: 'HTTP 500', retryAt: NOW + 10_000 }),
      },
    ])
  })

  test('waits longer when its answer or its task says so, and its output is kept', () => {
    expect(patchOf(probed({}, { error: 'x', retryAfterSeconds: 60, output: 7 }))).toMatchObject({
      runAfter: NOW + 60_000,
      output: '7',
    })
    expect(patchOf(probed({ runAfter: NOW + 30_000 })).runAfter).toBe(NOW + 30_000)
  })

  test('holds and delays what its answer asks for', () => {
    const decided = probed({ workgroup: 'ads' }, { workgroupDelayInSeconds: 3, childrenDelayInSeconds: 4 })
    expect(changesOf(decided, 'holdWork').map(({ hold }) => hold.kind)).toEqual(['delay'])
    expect(changesOf(decided, 'delayChildren')).toHaveLength(1)
  })

  test('uses one all the same when it is not to be retried', () => {
    expect(patchOf(probed({}, { error: 'x', retryable: false }))).toMatchObject({ holds: Hold.exhausted })
  })

  test('uses one each time after a day, and gets no second day', () => {
    const rateLimitedSince = NOW - RATE_LIMIT_GRACE_MS
    expect(patchOf(probed({ rateLimitedSince }))).toMatchObject({ remainingAttempts: 4, rateLimitedSince })
  })

  test('shares nothing with its duplicates', () => {
    const other = runningTask({ id: 'other', key: 'k', mergeKey: 'g:group k', lease: null })
    const signs = { changes: [], probedUntil: NOW + 10_000 }
    const decided = decide({ key: 'k', mergeKey: 'g:group k' }, '', 500, {}, { signs, duplicates: [other] })
    expect(patchOf(decided, 'other')).toEqual({})
  })
})

describe('the policy of a worker', () => {
  const exponential = { strategy: 'exponential', factor: 3, maxSeconds: null, jitter: 0 } as const
  const retryOf = (worker: string) => (worker === 'worker' ? exponential : null)

  test('is for tasks that have none of their own', () => {
    const task = { failures: 1, errorDelayInSeconds: 1 }
    expect(patchOf(decide(task, '', 500, {}, { retryOf })).runAfter).toBe(NOW + 3000)
    const fixed = { strategy: 'fixed', factor: 1, maxSeconds: null, jitter: 0 } as const
    expect(patchOf(decide({ ...task, retry: fixed }, '', 500, {}, { retryOf })).runAfter).toBe(NOW + 1000)
    expect(patchOf(decide({ ...task, worker: 'other' }, '', 500, {}, { retryOf })).runAfter).toBe(NOW + 1000)
  })

  test('is for rate limits that say nothing about time, and for the duplicates of other workers theirs', () => {
    const [held] = changesOf(decide({ failures: 1, errorDelayInSeconds: 1 }, '', 429, {}, { retryOf }), 'holdWork')
    expect(held?.hold).toMatchObject({ until: NOW + 3000, source: '' })
    const keyed = { key: 'k', mergeKey: 'g:group k', errorDelayInSeconds: 1, failures: 1 }
    const other = runningTask({ ...keyed, id: 'other', worker: 'other', lease: null })
    const decided = decide(keyed, '', 500, {}, { retryOf, duplicates: [other] })
    expect([patchOf(decided).runAfter, patchOf(decided, 'other').runAfter]).toEqual([NOW + 3000, NOW + 1000])
  })
})

describe('an answer to a task that was completed by hand meanwhile', () => {
  test.each([
    ['a success', '{"output":1,"children":[{"worker":"w"}]}', 200, 'succeeded'],
    ['a failure', '', 500, 'failed'],
    ['a rate limit', '', 429, 'rateLimited'],
  ])('of %s is booked and changes nothing else', (_, body, status, outcome) => {
    const decided = decide({ holds: Hold.complete, version: 1 }, body, status)
    expect(decided.guards).toEqual([leaseGuard])
    expect(decided.changes).toEqual([
      { kind: 'patchTask', taskId: 'task', patch: {}, lease: 'settle' },
      { kind: 'addAttempt', taskId: 'task', attempt: expect.objectContaining({ outcome, retryAt: null }) },
    ])
  })
})

describe('an attempt that was lost', () => {
  const lost = (task: Partial<Task>, reason: Loss = 'lost', duplicates: Task[] = []) => {
    const { outcome: _, ...ended } = endedWith(read())
    return decideLostAttempt(runningTask(task), ended, { now: NOW, random: () => 0, duplicates, reason })
  }

  test('is given back and may start again at once', () => {
    const decided = lost({ givenBack: 3, runAfter: NOW - 500 })
    expect(decided.guards).toEqual([leaseGuard])
    expect(decided.changes).toEqual([
      { kind: 'patchTask', taskId: 'task', patch: { givenBack: 4 }, lease: 'fence' },
      {
        kind: 'addAttempt',
        taskId: 'task',
        attempt: expect.objectContaining({ outcome: 'lost', error: 'the server that ran the attempt died' }),
      },
    ])
  })

  test('by a shutdown says so', () => {
    expect(changesOf(lost({}, 'givenBack'), 'addAttempt')[0]?.attempt).toMatchObject({
      outcome: 'givenBack',
      error: 'the server shut down during the attempt',
    })
  })

  test('of a worker that fetched it is given back, and says so', () => {
    const decided = lost({}, 'abandoned')
    expect(patchOf(decided)).toEqual({ givenBack: 1 })
    const error = 'its polling worker did not release it before its lease ended'
    expect(changesOf(decided, 'addAttempt')[0]?.attempt).toMatchObject({ outcome: 'lost', error })
  })

  test('of a worker that accepted it and fell silent is a timeout, and uses up an attempt', () => {
    const decided = lost({ remainingAttempts: 3, errorDelayInSeconds: 60 }, 'silent')
    const error = 'accepted with 202, and then no heartbeat came in time'
    expect(patchOf(decided)).toMatchObject({
      remainingAttempts: 2,
      failures: 1,
      runAfter: NOW + 60_000,
      errors: [error],
    })
    expect(changesOf(decided, 'addAttempt')[0]?.attempt).toMatchObject({
      outcome: 'timeout',
      error,
      retryAt: NOW + 60_000,
    })
    expect(changesOf(decided, 'patchTask')[0]?.lease).toBe('fence')
  })

  test('is given back ten times; the next time it is a failure like any other', () => {
    let task = runningTask({ remainingAttempts: 2 })
    for (let time = 1; time <= MAX_GIVEN_BACK; time++) {
      task = { ...task, ...patchOf(lost(task)) }
      expect(task.remainingAttempts).toBe(2)
    }
    const decided = lost(task)
    expect(patchOf(decided)).toMatchObject({ remainingAttempts: 1, runAfter: NOW + 60_000 })
    expect(patchOf(decided).errors).toEqual(['the server that ran the attempt died; it was given back 10 times before'])
    task = { ...task, ...patchOf(decided) }
    expect(patchOf(lost(task))).toMatchObject({ remainingAttempts: 0, holds: Hold.exhausted })
  })

  test('too often is a failure for its duplicates as well', () => {
    const other = runningTask({ id: 'other', key: 'k', mergeKey: 'g:group k', lease: null })
    const decided = lost({ givenBack: MAX_GIVEN_BACK, key: 'k', mergeKey: 'g:group k' }, 'lost', [other])
    expect(patchOf(decided, 'other').remainingAttempts).toBe(4)
    expect(decided.guards).toContainEqual({ kind: 'duplicates', mergeKey: 'g:group k', incomplete: 2 })
  })
})

test('a claim that was never POSTed leaves no trace', () => {
  expect(decideUnstartedAttempt(runningTask({ attempts: 3 }), 'token')).toEqual({
    guards: [leaseGuard],
    changes: [{ kind: 'patchTask', taskId: 'task', patch: { attempts: 2 }, lease: 'settle' }],
    events: [updated],
  })
})

test('whatever the answer, the attempt is booked once, the lease given up once, and no attempt counted twice', () => {
  const body = fc.oneof(
    fc.constantFrom('', '{}', '[]', '{"error":1}', '{"error":"x","retryable":false}', '{"children":[{"worker":"w"}]}'),
    fc.string(),
  )
  const headers = fc.constantFrom<Record<string, string>>({}, { 'retry-after': '5' }, { 'retry-after': '0' })
  const status = fc.constantFrom(200, 202, 302, 404, 429, 500, 503)
  const fields = fc.record({
    remainingAttempts: fc.integer({ min: 1, max: 3 }),
    holds: fc.constantFrom(0, Hold.paused),
    workgroup: fc.constantFrom('', 'ads'),
    failures: fc.nat(5),
    rateLimitedSince: fc.constantFrom(0, NOW - 5, NOW - RATE_LIMIT_GRACE_MS),
  })
  fc.assert(
    fc.property(fields, body, status, headers, (task, sent, code, sentHeaders) => {
      const decided = decide(task, sent, code, sentHeaders)
      const patch = patchOf(decided)
      expect(decided.guards[0]).toEqual(leaseGuard)
      expect(changesOf(decided, 'addAttempt')).toHaveLength(1)
      expect(changesOf(decided, 'patchTask').filter(({ lease }) => lease === 'settle')).toHaveLength(1)
      expect((patch.holds ?? task.holds) & Hold.paused).toBe(task.holds)
      const left = patch.remainingAttempts ?? task.remainingAttempts
      expect(left).toBeGreaterThanOrEqual(0)
      expect(left).toBeLessThanOrEqual(task.remainingAttempts)
      const isComplete = ((patch.holds ?? task.holds) & Hold.complete) !== 0
      expect(kindsOf(decided).includes('releaseChildren')).toBe(isComplete)
      const isFinal = sent.includes('"retryable":false')
      if (code === 500) expect(left).toBe(isFinal ? 0 : task.remainingAttempts - 1)
    }),
  )
})
