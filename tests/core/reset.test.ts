import { describe, expect, test } from 'vitest'
import { decideDelete, decideReset, orphansOf } from '../../server/core/reset.ts'
import { Hold, type Task } from '../../server/core/task.ts'
import { kindsOf, NOW, patchOf, runningTask } from '../support/attempts.ts'
import { makeTask } from '../support/make.ts'

const options = { remainingAttempts: 3, now: NOW }
const reset = (task: Task) => decideReset({ targets: [task], deletions: [], dependants: [], survivors: [] }, options)

describe('a reset', () => {
  test('makes the task look as if it never ran', () => {
    const task = makeTask({
      holds: Hold.exhausted,
      remainingAttempts: 0,
      output: '{"a":1}',
      errors: ['x'],
      run: 41,
      attempts: 7,
      failures: 5,
      givenBack: 2,
      rateLimitedSince: NOW - 5,
      runAfter: NOW + 60_000,
    })
    expect(reset(task)).toEqual({
      guards: [{ kind: 'version', taskId: 'task', version: 1 }],
      changes: [
        {
          kind: 'patchTask',
          taskId: 'task',
          patch: {
            remainingAttempts: 3,
            holds: 0,
            output: 'null',
            errors: [],
            runAfter: NOW,
            run: 42,
            attempts: 0,
            failures: 0,
            givenBack: 0,
            rateLimitedSince: 0,
          },
          lease: 'fence',
        },
      ],
      events: [{ type: 'task.updated', groupId: 'group', taskId: 'task' }],
    })
  })

  test('fences the attempt in flight', () => {
    expect(reset(runningTask()).changes).toEqual([expect.objectContaining({ kind: 'patchTask', lease: 'fence' })])
  })

  test('of a complete task makes its children wait', () => {
    const decided = reset(makeTask({ holds: Hold.complete }))
    expect(decided.changes).toContainEqual({ kind: 'blockChildren', parentId: 'task' })
    expect(patchOf(decided).holds).toBe(0)
  })

  test('of an incomplete task does not count its children up again', () => {
    expect(kindsOf(reset(makeTask()))).toEqual(['patchTask'])
  })

  test('keeps a pause', () => {
    expect(patchOf(reset(makeTask({ holds: Hold.paused | Hold.complete }))).holds).toBe(Hold.paused)
  })

  test('to no attempts leaves it failed', () => {
    const decided = decideReset(
      { targets: [makeTask()], deletions: [], dependants: [], survivors: [] },
      { remainingAttempts: 0, now: NOW },
    )
    expect(patchOf(decided).holds).toBe(Hold.exhausted)
  })

  test('deletes continuations before anything else, and makes complete children wait in a new run', () => {
    const decided = decideReset(
      {
        targets: [makeTask({ holds: Hold.complete })],
        deletions: [makeTask({ id: 'made' })],
        dependants: [makeTask({ id: 'child', holds: Hold.complete | Hold.paused, run: 7, output: '1' })],
        survivors: [],
      },
      options,
    )
    expect(kindsOf(decided)).toEqual(['deleteTask', 'patchTask', 'blockChildren', 'patchTask', 'blockChildren'])
    expect(patchOf(decided, 'child')).toEqual({ holds: Hold.paused, run: 8 })
    expect(decided.changes.at(-1)).toEqual({ kind: 'blockChildren', parentId: 'child' })
  })

  test('counts only while nothing it touches changed', () => {
    const decided = decideReset(
      {
        targets: [makeTask({ id: 'a', version: 1 })],
        deletions: [makeTask({ id: 'b', version: 2 })],
        dependants: [makeTask({ id: 'c', version: 3, holds: Hold.complete })],
        survivors: [makeTask({ id: 'd', version: 4 })],
      },
      options,
    )
    expect(decided.guards).toEqual([
      { kind: 'version', taskId: 'a', version: 1 },
      { kind: 'version', taskId: 'b', version: 2 },
      { kind: 'version', taskId: 'c', version: 3 },
      { kind: 'version', taskId: 'd', version: 4 },
      { kind: 'children', taskId: 'b', count: 0 },
    ])
  })
})

describe('a deletion', () => {
  test('takes the tasks away while they are as they were read', () => {
    const deletions = [makeTask(), makeTask({ id: 'child', version: 4, parentIds: ['task'] })]
    const survivors = [makeTask({ id: 'stays', version: 9, parentIds: ['other', 'child'] })]
    expect(decideDelete({ deletions, survivors })).toEqual({
      guards: [
        { kind: 'version', taskId: 'task', version: 1 },
        { kind: 'version', taskId: 'child', version: 4 },
        { kind: 'version', taskId: 'stays', version: 9 },
        { kind: 'children', taskId: 'task', count: 1 },
        { kind: 'children', taskId: 'child', count: 1 },
      ],
      changes: [
        { kind: 'deleteTask', taskId: 'task' },
        { kind: 'deleteTask', taskId: 'child' },
      ],
      events: [
        { type: 'task.deleted', groupId: 'group', taskId: 'task' },
        { type: 'task.deleted', groupId: 'group', taskId: 'child' },
      ],
    })
  })

  test('takes along the children whose last parent goes, and no others', () => {
    const children = [
      makeTask({ id: 'only', parentIds: ['a'] }),
      makeTask({ id: 'both', parentIds: ['a', 'b'] }),
      makeTask({ id: 'other', parentIds: ['a', 'c'] }),
      makeTask({ id: 'a', parentIds: ['b'] }),
    ]
    expect(orphansOf(children, new Set(['a', 'b'])).map(({ id }) => id)).toEqual(['only', 'both'])
  })
})
