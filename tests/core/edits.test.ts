import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decideRetry,
  decideSlot,
  decideUpdate,
  dueByResume,
  dueByRetry,
  editableFields,
  spreadSlots,
} from '../../server/core/edits.ts'
import { CrewError } from '../../server/core/errors.ts'
import { Hold, isExhausted, type Task } from '../../server/core/task.ts'
import type { TaskInput } from '../../server/core/task-input.ts'
import { changesOf, NOW, patchOf, runningTask } from '../support/attempts.ts'
import { makeTask } from '../support/make.ts'

const guards = [{ kind: 'version', taskId: 'task', version: 1 }]
const events = [{ type: 'task.updated', groupId: 'group', taskId: 'task' }]

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof CrewError) return error.code
    throw error
  }
  return 'none'
}

describe('an update', () => {
  test('sets what it names, guarded by the version', () => {
    const edit: TaskInput = {
      name: 'n',
      workgroup: 'ads',
      runAfter: NOW,
      priority: 3,
      progressWeight: 2,
      errorDelayInSeconds: 1.5,
      retry: { strategy: 'exponential', factor: 2, maxSeconds: 9, jitter: 0.5 },
      timeoutSeconds: 9,
      input: '[1.0]',
      output: '{}',
      isSeed: true,
      metadata: { a: 'b' },
    }
    expect(decideUpdate(makeTask(), edit, 'group')).toEqual({
      guards,
      changes: [{ kind: 'patchTask', taskId: 'task', patch: { ...edit, remainingAttempts: 5, holds: 0 } }],
      events,
    })
  })

  test('never moves a task or gives it other parents', () => {
    const patch = patchOf(decideUpdate(makeTask(), { id: 'other', parentIds: ['p'], name: 'n' }, 'group'))
    expect(Object.keys(patch).toSorted()).toEqual(['holds', 'name', 'remainingAttempts'])
  })

  test('of the pause touches no other hold', () => {
    const task = makeTask({ holds: Hold.exhausted, remainingAttempts: 0 })
    expect(patchOf(decideUpdate(task, { isPaused: true }, 'group')).holds).toBe(Hold.paused | Hold.exhausted)
    const paused = makeTask({ holds: Hold.paused | Hold.complete })
    expect(patchOf(decideUpdate(paused, { isPaused: false }, 'group')).holds).toBe(Hold.complete)
  })

  test('of the attempts gives a failed task new ones, and takes them away', () => {
    const failed = makeTask({ holds: Hold.exhausted, remainingAttempts: 0 })
    expect(patchOf(decideUpdate(failed, { remainingAttempts: 2 }, 'group'))).toEqual({
      remainingAttempts: 2,
      holds: 0,
    })
    expect(patchOf(decideUpdate(makeTask(), { remainingAttempts: 0 }, 'group')).holds).toBe(Hold.exhausted)
  })

  test('to complete wakes the children', () => {
    const decided = decideUpdate(makeTask(), { isComplete: true, output: '7' }, 'group')
    expect(decided.changes).toEqual([
      {
        kind: 'patchTask',
        taskId: 'task',
        patch: { output: '7', holds: Hold.complete, remainingAttempts: 5 },
      },
      { kind: 'releaseChildren', parentId: 'task' },
    ])
  })

  test('to incomplete makes the children wait', () => {
    const decided = decideUpdate(makeTask({ holds: Hold.complete }), { isComplete: false }, 'group')
    expect(patchOf(decided).holds).toBe(0)
    expect(changesOf(decided, 'blockChildren')).toEqual([{ kind: 'blockChildren', parentId: 'task' }])
  })

  test.each([true, false])('that leaves isComplete at %s wakes and blocks nobody', (isComplete) => {
    const task = makeTask({ holds: isComplete ? Hold.complete : 0 })
    expect(decideUpdate(task, { isComplete }, 'group').changes).toHaveLength(1)
  })

  test('of key or worker makes a new merge key in the scope of the group', () => {
    const task = makeTask({ key: 'k', mergeKey: 'w:worker k' })
    expect(patchOf(decideUpdate(task, { worker: 'w2' }, 'worker'))).toMatchObject({ mergeKey: 'w:w2 k' })
    expect(patchOf(decideUpdate(task, { key: 'l' }, 'group'))).toMatchObject({ mergeKey: 'g:group l' })
    expect(patchOf(decideUpdate(task, { key: '' }, 'group'))).toMatchObject({ mergeKey: '' })
    expect(patchOf(decideUpdate(task, { name: 'n' }, 'group'))).not.toHaveProperty('mergeKey')
  })
})

describe('an update while the task runs', () => {
  const values: Required<TaskInput> = {
    id: 'x',
    name: 'x',
    worker: 'x',
    workgroup: 'x',
    key: 'x',
    remainingAttempts: 1,
    priority: 1,
    progressWeight: 1,
    isPaused: true,
    isComplete: true,
    runAfter: 1,
    isSeed: true,
    errorDelayInSeconds: 1,
    retry: null,
    timeoutSeconds: 1,
    input: '1',
    output: '1',
    metadata: {},
    parentIds: [],
  }
  const allowed: ReadonlySet<string> = new Set(['name', 'isPaused'])

  test.each(editableFields.filter((field) => !allowed.has(field)))('refuses to change %s', (field) => {
    const edit = { name: 'n', [field]: values[field] }
    expect(codeOf(() => decideUpdate(runningTask(), edit, 'group'))).toBe('task_running')
  })

  test('may change name and isPaused, which leaves the attempt alone', () => {
    const decided = decideUpdate(runningTask(), { name: 'n', isPaused: true }, 'group')
    expect(patchOf(decided)).toEqual({ name: 'n', holds: Hold.paused, remainingAttempts: 5 })
    expect(changesOf(decided, 'patchTask')[0]).not.toHaveProperty('lease')
  })
})

const five = { remainingAttempts: 5, now: NOW }

describe('a retry', () => {
  test('sets the attempts of a failed task and makes it due now', () => {
    const task = makeTask({ holds: Hold.exhausted, remainingAttempts: 0, failures: 5, runAfter: NOW + 60_000 })
    expect(decideRetry(task, { remainingAttempts: 3, now: NOW })).toEqual({
      guards,
      changes: [{ kind: 'patchTask', taskId: 'task', patch: { remainingAttempts: 3, holds: 0, runAfter: NOW } }],
      events,
    })
  })

  test('makes a task that waits after a failure due now', () => {
    const task = makeTask({ failures: 1, remainingAttempts: 4, runAfter: NOW + 60_000 })
    expect(patchOf(decideRetry(task, five) ?? { changes: [] })).toEqual({
      remainingAttempts: 5,
      holds: 0,
      runAfter: NOW,
    })
  })

  test('leaves the time of a task that never failed', () => {
    const task = makeTask({ runAfter: NOW + 60_000 })
    expect(patchOf(decideRetry(task, five) ?? { changes: [] })).toEqual({ remainingAttempts: 5, holds: 0 })
  })

  test('keeps a pause', () => {
    const task = makeTask({ holds: Hold.paused | Hold.exhausted, remainingAttempts: 0 })
    expect(patchOf(decideRetry(task, five) ?? { changes: [] }).holds).toBe(Hold.paused)
  })

  test('leaves a complete task as it is', () => {
    expect(decideRetry(makeTask({ holds: Hold.complete }), five)).toBe(null)
  })

  test('of a task that runs sets its attempts and leaves the attempt alone', () => {
    const decided = decideRetry(runningTask({ remainingAttempts: 1 }), five)
    expect(decided?.changes).toEqual([{ kind: 'patchTask', taskId: 'task', patch: { remainingAttempts: 5, holds: 0 } }])
  })

  test('in a slot makes what failed due then, however early or late it was', () => {
    for (const runAfter of [NOW - 5, NOW + 5, NOW + 60_000]) {
      const task = makeTask({ failures: 1, runAfter })
      expect(patchOf(decideRetry(task, { ...five, slot: NOW + 10 }) ?? { changes: [] }).runAfter).toBe(NOW + 10)
    }
  })

  test('in a slot leaves the time of what runs and of what never failed', () => {
    for (const task of [runningTask({ failures: 1 }), makeTask({ runAfter: NOW + 5 })]) {
      expect(patchOf(decideRetry(task, { ...five, slot: NOW + 10 }) ?? { changes: [] })).not.toHaveProperty('runAfter')
    }
  })
})

describe('what becomes due', () => {
  const all = [
    makeTask({ id: 'never-failed' }),
    makeTask({ id: 'exhausted', holds: Hold.exhausted, remainingAttempts: 0 }),
    makeTask({ id: 'retrying', failures: 1, runAfter: NOW + 60_000 }),
    makeTask({ id: 'complete', failures: 1, holds: Hold.complete }),
    makeTask({ id: 'paused', holds: Hold.paused }),
    makeTask({ id: 'blocked', unfinishedParents: 1 }),
    makeTask({ id: 'scheduled', runAfter: NOW + 1 }),
    runningTask({ id: 'running', failures: 1 }),
  ]
  const idsOf = (tasks: readonly Task[]) => tasks.map(({ id }) => id)

  test('by a retry is what failed', () => {
    expect(idsOf(dueByRetry(all))).toEqual(['exhausted', 'retrying'])
  })

  test('by the resume of a paused group is all that only the pause held back', () => {
    expect(idsOf(dueByResume(all, { isGroupPaused: true, now: NOW }))).toEqual(['never-failed', 'paused'])
  })

  test('by the resume of a group that was not paused is what was paused itself', () => {
    expect(idsOf(dueByResume(all, { isGroupPaused: false, now: NOW }))).toEqual(['paused'])
  })
})

describe('tasks that are spread', () => {
  test('start evenly over the time, the first one now', () => {
    const tasks = ['a', 'b', 'c', 'd'].map((id) => makeTask({ id }))
    expect([...spreadSlots(tasks, { now: NOW, spreadMs: 1000 })]).toEqual([
      ['a', NOW],
      ['b', NOW + 250],
      ['c', NOW + 500],
      ['d', NOW + 750],
    ])
  })

  test('keep their order: higher priority, then the earlier time, then as they were created', () => {
    const tasks = [
      makeTask({ id: 'later', runAfter: NOW - 1 }),
      makeTask({ id: 'earlier', runAfter: NOW - 2 }),
      makeTask({ id: 'ahead', runAfter: NOW + 60_000 }),
      makeTask({ id: 'now', runAfter: NOW }),
      makeTask({ id: 'urgent', runAfter: NOW, priority: 1 }),
    ]
    const slots = spreadSlots(tasks, { now: NOW, spreadMs: 1000 })
    expect([...slots.keys()]).toEqual(['urgent', 'earlier', 'later', 'ahead', 'now'])
  })

  test('are only ever put off', () => {
    const task = makeTask({ runAfter: NOW + 5 })
    expect(decideSlot(task, NOW + 9)).toEqual({
      guards,
      changes: [{ kind: 'patchTask', taskId: 'task', patch: { runAfter: NOW + 9 } }],
      events,
    })
    expect(patchOf(decideSlot(task, NOW)).runAfter).toBe(NOW + 5)
  })

  test('are each in a slot of their own share, none beyond the time', () => {
    const waiting = fc.array(fc.record({ priority: fc.nat(2), runAfter: fc.integer({ min: NOW - 9, max: NOW + 9 }) }))
    fc.assert(
      fc.property(waiting, fc.integer({ min: 1, max: 100_000 }), (fields, spreadMs) => {
        const tasks = fields.map((field, index) => makeTask({ id: `${index}`, ...field }))
        const slots = [...spreadSlots(tasks, { now: NOW, spreadMs }).values()]
        expect(slots).toHaveLength(tasks.length)
        slots.forEach((slot, index) => {
          expect(Math.abs(slot - NOW - (index * spreadMs) / tasks.length)).toBeLessThan(1)
        })
      }),
    )
  })
})

test('whatever is edited, a task has attempts left exactly when it is not exhausted', () => {
  const edit = fc.record(
    {
      remainingAttempts: fc.nat(3),
      isPaused: fc.boolean(),
      isComplete: fc.boolean(),
      name: fc.string(),
    },
    { requiredKeys: [] },
  )
  const holds = fc.constantFrom(0, Hold.paused, Hold.complete, Hold.paused | Hold.complete)
  fc.assert(
    fc.property(edit, holds, fc.nat(2), (changes, other, remainingAttempts) => {
      const task = makeTask({ remainingAttempts, holds: other | (remainingAttempts === 0 ? Hold.exhausted : 0) })
      const after = { ...task, ...patchOf(decideUpdate(task, changes, 'group')) }
      expect(isExhausted(after)).toBe(after.remainingAttempts === 0)
      const before = { paused: (task.holds & Hold.paused) !== 0, complete: (task.holds & Hold.complete) !== 0 }
      expect((after.holds & Hold.paused) !== 0).toBe(changes.isPaused ?? before.paused)
      expect((after.holds & Hold.complete) !== 0).toBe(changes.isComplete ?? before.complete)
    }),
  )
})
