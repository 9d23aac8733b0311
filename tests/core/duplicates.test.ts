import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideAttempt } from '../../server/core/attempt.ts'
import { Hold, mergeKeyOf, type Task } from '../../server/core/task.ts'
import { attemptContext, changesOf, endedWith, kindsOf, NOW, patchOf, read, runningTask } from '../support/attempts.ts'
import { makeTask } from '../support/make.ts'

const keyed = { key: 'k', mergeKey: 'g:group k' }
const duplicate = (fields: Partial<Task> = {}): Task => makeTask({ id: 'other', version: 7, ...keyed, ...fields })

const decide = (duplicates: Task[], body: unknown, status = 200) =>
  decideAttempt(runningTask(keyed), endedWith(read(body, status)), attemptContext({ duplicates }))

describe('a merge key', () => {
  const task = { groupId: 'g1', worker: 'w1', key: 'k' }

  test('is none without a key', () => {
    expect(mergeKeyOf({ ...task, key: '' }, 'group')).toBe('')
    expect(mergeKeyOf({ ...task, key: '' }, 'worker')).toBe('')
  })

  test('spans the workers of a group, or the groups of a worker', () => {
    expect(mergeKeyOf(task, 'group')).toBe(mergeKeyOf({ ...task, worker: 'w2' }, 'group'))
    expect(mergeKeyOf(task, 'group')).not.toBe(mergeKeyOf({ ...task, groupId: 'g2' }, 'group'))
    expect(mergeKeyOf(task, 'worker')).toBe(mergeKeyOf({ ...task, groupId: 'g2' }, 'worker'))
    expect(mergeKeyOf(task, 'worker')).not.toBe(mergeKeyOf({ ...task, worker: 'w2' }, 'worker'))
  })

  test('of one scope is never one of the other', () => {
    const ids = fc.constantFrom('a', 'b', 'a:b')
    fc.assert(
      fc.property(ids, ids, ids, (groupId, worker, key) => {
        expect(mergeKeyOf({ groupId, worker, key }, 'group')).not.toBe(mergeKeyOf({ groupId, worker, key }, 'worker'))
      }),
    )
  })

  test('tells different groups and keys apart, colons or not', () => {
    expect(mergeKeyOf({ ...task, groupId: 'a:b', key: 'c' }, 'group')).not.toBe(
      mergeKeyOf({ ...task, groupId: 'a', key: 'b:c' }, 'group'),
    )
  })
})

describe('a success', () => {
  test('is the success of every duplicate, and wakes their children', () => {
    const decided = decide([duplicate(), duplicate({ id: 'third', holds: Hold.paused })], { output: { a: 1 } })
    expect(patchOf(decided, 'other')).toEqual({ holds: Hold.complete, output: '{"a":1}' })
    expect(patchOf(decided, 'third')).toEqual({ holds: Hold.paused | Hold.complete, output: '{"a":1}' })
    expect(changesOf(decided, 'releaseChildren').map(({ parentId }) => parentId)).toEqual(['task', 'other', 'third'])
    expect(decided.events).toContainEqual({ type: 'task.updated', groupId: 'group', taskId: 'other' })
  })

  test('counts only while no duplicate came, went or changed', () => {
    expect(decide([duplicate()], '').guards.slice(1)).toEqual([
      { kind: 'duplicates', mergeKey: 'g:group k', incomplete: 2 },
      { kind: 'version', taskId: 'other', version: 7 },
    ])
  })

  test('with no duplicate still makes sure that none was added', () => {
    expect(decide([], '').guards.slice(1)).toEqual([{ kind: 'duplicates', mergeKey: 'g:group k', incomplete: 1 }])
  })

  test('of a task without a key asks about nobody', () => {
    expect(decideAttempt(runningTask(), endedWith(read()), attemptContext()).guards).toHaveLength(1)
  })

  test('completes a duplicate that failed before, keeping what its attempts were', () => {
    const failed = duplicate({ holds: Hold.exhausted, remainingAttempts: 0, errors: ['x'] })
    expect(patchOf(decide([failed], ''), 'other')).toEqual({ holds: Hold.exhausted | Hold.complete, output: 'null' })
  })
})

describe('a failure', () => {
  test('is one failure of every duplicate, with its own delay', () => {
    const decided = decide([duplicate({ errorDelayInSeconds: 5, errors: ['old'] })], { error: 'no', output: 1 })
    expect(patchOf(decided, 'other')).toEqual({
      remainingAttempts: 4,
      holds: 0,
      failures: 1,
      rateLimitedSince: 0,
      errors: ['old', 'no'],
      runAfter: NOW + 5000,
    })
  })

  test('of the last attempt of a duplicate makes it failed', () => {
    expect(patchOf(decide([duplicate({ remainingAttempts: 1 })], '', 500), 'other')).toMatchObject({
      remainingAttempts: 0,
      holds: Hold.exhausted,
    })
  })

  test('leaves duplicates without attempts as they are', () => {
    expect(patchOf(decide([duplicate({ holds: Hold.exhausted, remainingAttempts: 0 })], '', 500), 'other')).toEqual({})
  })

  test('that is not retryable takes one attempt of the others', () => {
    const decided = decide([duplicate()], { error: 'x', retryable: false })
    expect(patchOf(decided).remainingAttempts).toBe(0)
    expect(patchOf(decided, 'other').remainingAttempts).toBe(4)
  })
})

test('a rate limit is nobody else’s', () => {
  const decided = decide([duplicate()], '', 429)
  expect(patchOf(decided, 'other')).toEqual({})
  expect(decided.guards).toHaveLength(1)
})

test('whatever the result, every incomplete duplicate ends with it exactly once and none is forgotten by the guards', () => {
  const other = fc.record({
    remainingAttempts: fc.integer({ min: 0, max: 3 }),
    holds: fc.constantFrom(0, Hold.paused),
    failures: fc.nat(3),
  })
  fc.assert(
    fc.property(fc.array(other, { maxLength: 8 }), fc.constantFrom(200, 500), (others, status) => {
      const duplicates = others.map((fields, index) =>
        duplicate({
          ...fields,
          id: `other-${index}`,
          holds: fields.holds | (fields.remainingAttempts === 0 ? Hold.exhausted : 0),
        }),
      )
      const decided = decide(duplicates, '', status)
      expect(decided.guards).toContainEqual({
        kind: 'duplicates',
        mergeKey: 'g:group k',
        incomplete: duplicates.length + 1,
      })
      for (const task of duplicates) {
        expect(decided.guards).toContainEqual({ kind: 'version', taskId: task.id, version: task.version })
        const after = { ...task, ...patchOf(decided, task.id) }
        if (status === 200) expect(after.holds).toBe(task.holds | Hold.complete)
        else expect(after.remainingAttempts).toBe(Math.max(0, task.remainingAttempts - 1))
        if (status !== 200) expect((after.holds & Hold.exhausted) !== 0).toBe(after.remainingAttempts === 0)
        expect(changesOf(decided, 'patchTask').filter(({ taskId }) => taskId === task.id).length).toBeLessThan(2)
      }
      const released = changesOf(decided, 'releaseChildren').length
      expect(released).toBe(status === 200 ? duplicates.length + 1 : 0)
      expect(kindsOf(decided)).not.toContain('insertTask')
    }),
  )
})
