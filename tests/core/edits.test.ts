import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideRetry, decideUpdate, editableFields } from '../../server/core/edits.ts'
import { CrewError } from '../../server/core/errors.ts'
import { Hold, isExhausted } from '../../server/core/task.ts'
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

describe('a retry', () => {
  test('sets the attempts of a failed task and makes it due now', () => {
    const task = makeTask({ holds: Hold.exhausted, remainingAttempts: 0, failures: 5, runAfter: NOW + 60_000 })
    expect(decideRetry(task, 3, NOW)).toEqual({
      guards,
      changes: [{ kind: 'patchTask', taskId: 'task', patch: { remainingAttempts: 3, holds: 0, runAfter: NOW } }],
      events,
    })
  })

  test('makes a task that waits after a failure due now', () => {
    const task = makeTask({ failures: 1, remainingAttempts: 4, runAfter: NOW + 60_000 })
    expect(patchOf(decideRetry(task, 5, NOW) ?? { changes: [] })).toEqual({
      remainingAttempts: 5,
      holds: 0,
      runAfter: NOW,
    })
  })

  test('leaves the time of a task that never failed', () => {
    const task = makeTask({ runAfter: NOW + 60_000 })
    expect(patchOf(decideRetry(task, 5, NOW) ?? { changes: [] })).toEqual({ remainingAttempts: 5, holds: 0 })
  })

  test('keeps a pause', () => {
    const task = makeTask({ holds: Hold.paused | Hold.exhausted, remainingAttempts: 0 })
    expect(patchOf(decideRetry(task, 5, NOW) ?? { changes: [] }).holds).toBe(Hold.paused)
  })

  test('leaves a complete task as it is', () => {
    expect(decideRetry(makeTask({ holds: Hold.complete }), 5, NOW)).toBe(null)
  })

  test('of a task that runs sets its attempts and leaves the attempt alone', () => {
    const decided = decideRetry(runningTask({ remainingAttempts: 1 }), 5, NOW)
    expect(decided?.changes).toEqual([{ kind: 'patchTask', taskId: 'task', patch: { remainingAttempts: 5, holds: 0 } }])
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
