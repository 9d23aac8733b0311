import { describe, expect, test } from 'vitest'
import { decideAttempt, decideLostAttempt, MAX_GIVEN_BACK } from '../../server/core/attempt.ts'
import type { ChangeSet } from '../../server/core/change-set.ts'
import { decideRetry, decideUpdate } from '../../server/core/edits.ts'
import { followPolicy } from '../../server/core/failure-policy.ts'
import { DEFAULT_GROUP_SETTINGS, type FailurePolicy } from '../../server/core/group-settings.ts'
import { decideDelete, decideReset } from '../../server/core/reset.ts'
import { Hold, type Task } from '../../server/core/task.ts'
import type { TaskGroup } from '../../server/core/task-group.ts'
import { attemptContext, changesOf, endedWith, NOW, patchOf, read, runningTask } from '../support/attempts.ts'
import { makeGroup, makeTask } from '../support/make.ts'

const groupWith = (onTaskFailure: FailurePolicy, fields: Partial<TaskGroup> = {}): TaskGroup =>
  makeGroup({ settings: { ...DEFAULT_GROUP_SETTINGS, onTaskFailure }, ...fields })

/** The groups there are; notes which were read. */
function groupsOf(...groups: readonly TaskGroup[]) {
  const asked: string[] = []
  return {
    asked,
    async findGroup(id: string) {
      asked.push(id)
      return groups.find((group) => group.id === id) ?? null
    },
  }
}

const follow = (changeSet: ChangeSet, tasks: readonly Task[], ...groups: readonly TaskGroup[]): Promise<ChangeSet> =>
  followPolicy(changeSet, tasks, { now: NOW, groups: groupsOf(...groups) })

const failed = (task: Task, duplicates: readonly Task[] = []): ChangeSet =>
  decideAttempt(task, endedWith(read({ error: 'no' })), attemptContext({ duplicates }))

const last = (fields: Partial<Task> = {}): Task => runningTask({ remainingAttempts: 1, ...fields })
const passedOver = (fields: Partial<Task> = {}): Task =>
  makeTask({ holds: Hold.exhausted | Hold.passed, remainingAttempts: 0, ...fields })
const stop = { taskId: 'task', at: NOW, isPausedToo: false }
const stopped = (fields: Partial<TaskGroup> = {}): TaskGroup =>
  groupWith('failFast', { isPaused: true, stoppedBy: stop, ...fields })
const putGroups = (changeSet: ChangeSet): TaskGroup[] => changesOf(changeSet, 'putGroup').map(({ group }) => group)

describe('a group', () => {
  test('is not read while its tasks succeed, or have attempts left', async () => {
    const groups = groupsOf(groupWith('failFast'))
    const running = runningTask()
    const sets = [failed(running), decideAttempt(running, endedWith(read()), attemptContext())]
    for (const set of sets) expect(await followPolicy(set, [running], { now: NOW, groups })).toBe(set)
    expect(groups.asked).toEqual([])
  })

  test('is read once when several of its tasks fail for good', async () => {
    const [task, other] = [last({ mergeKey: 'k' }), makeTask({ id: 'other', mergeKey: 'k', remainingAttempts: 1 })]
    const groups = groupsOf(groupWith('wait'))
    const set = failed(task, [other])
    expect(await followPolicy(set, [task, other], { now: NOW, groups })).toEqual(set)
    expect(groups.asked).toEqual(['group'])
  })

  test('that is gone has no policy', async () => {
    expect(await follow(failed(last()), [last()])).toEqual(failed(last()))
  })
})

describe('with continue', () => {
  const group = groupWith('continue')

  test('what fails for good lets its children go on, and stays failed', async () => {
    const set = await follow(failed(last()), [last()], group)
    expect(patchOf(set)).toMatchObject({ holds: Hold.exhausted | Hold.passed, remainingAttempts: 0 })
    expect(changesOf(set, 'releaseChildren')).toEqual([{ kind: 'releaseChildren', parentId: 'task' }])
    expect(putGroups(set)).toEqual([])
  })

  test('what fails with it by its key is passed over as well', async () => {
    const task = last({ mergeKey: 'k' })
    const duplicates = [1, 2].map((n) => makeTask({ id: `other-${n}`, mergeKey: 'k', remainingAttempts: n }))
    const set = await follow(failed(task, duplicates), [task, ...duplicates], group)
    expect(changesOf(set, 'releaseChildren').map(({ parentId }) => parentId)).toEqual(['task', 'other-1'])
    expect(patchOf(set, 'other-1').holds).toBe(Hold.exhausted | Hold.passed)
    expect(patchOf(set, 'other-2').holds).toBe(0)
  })

  test('each group follows its own policy', async () => {
    const [task, far] = [
      last({ mergeKey: 'k' }),
      makeTask({ id: 'far', groupId: 'far', mergeKey: 'k', remainingAttempts: 1 }),
    ]
    const groups = [groupWith('wait'), groupWith('continue', { id: 'far' })]
    const set = await follow(failed(task, [far]), [task, far], ...groups)
    expect([patchOf(set).holds, patchOf(set, 'far').holds]).toEqual([Hold.exhausted, Hold.exhausted | Hold.passed])
  })

  test('a lost attempt counts like any other', async () => {
    const task = last({ givenBack: MAX_GIVEN_BACK })
    const { outcome: _, ...ended } = endedWith(read())
    const lost = decideLostAttempt(task, ended, { ...attemptContext(), reason: 'lost' })
    expect(patchOf(await follow(lost, [task], group)).holds).toBe(Hold.exhausted | Hold.passed)
  })

  test('a child that is refused counts like any other failure', async () => {
    const refused = decideAttempt(
      last(),
      endedWith(read({ children: [{ worker: 'w', parentIds: ['x'] }] })),
      attemptContext(),
    )
    expect(patchOf(await follow(refused, [last()], group)).holds).toBe(Hold.exhausted | Hold.passed)
  })

  test('whoever leaves a task no attempts lets its children go on', async () => {
    const set = await follow(decideUpdate(makeTask(), { remainingAttempts: 0 }, 'group'), [makeTask()], group)
    expect(patchOf(set).holds).toBe(Hold.exhausted | Hold.passed)
    expect(changesOf(set, 'releaseChildren')).toHaveLength(1)
  })

  test('what failed is passed over once', async () => {
    const edit = decideUpdate(passedOver(), { name: 'n', remainingAttempts: 0, isComplete: false }, 'group')
    expect(await follow(edit, [passedOver()], group)).toEqual(edit)
    expect(patchOf(edit).holds).toBe(Hold.exhausted | Hold.passed)
    expect(changesOf(edit, 'releaseChildren')).toEqual([])
  })

  test('the last attempt of a task that was left none meanwhile passes it over, also when it was free', async () => {
    const task = runningTask({ remainingAttempts: 0, holds: Hold.exhausted })
    const limited = decideAttempt(task, endedWith(read('', 429, { 'retry-after': '1' })), attemptContext())
    expect(patchOf(await follow(limited, [task], group)).holds).toBe(Hold.exhausted | Hold.passed)
  })
})

describe('a task that was passed over', () => {
  const block = [{ kind: 'blockChildren', parentId: 'task' }]

  test('makes its children wait again when it is tried again', () => {
    const tries = [
      decideRetry(passedOver(), { remainingAttempts: 3, now: NOW }) as ChangeSet,
      decideUpdate(passedOver(), { remainingAttempts: 3 }, 'group'),
      decideReset(
        { targets: [passedOver()], deletions: [], dependants: [], survivors: [] },
        { remainingAttempts: 3, now: NOW },
      ),
    ]
    for (const set of tries) {
      expect(patchOf(set)).toMatchObject({ holds: 0, remainingAttempts: 3 })
      expect(changesOf(set, 'blockChildren')).toEqual(block)
    }
  })

  test('succeeds when it is marked complete, and its children are not counted down again', () => {
    const set = decideUpdate(passedOver(), { isComplete: true }, 'group')
    expect(patchOf(set).holds).toBe(Hold.complete | Hold.exhausted)
    expect(changesOf(set, 'releaseChildren')).toEqual([])
  })

  test('succeeds with a task of its key, and its children are not counted down again', () => {
    const other = passedOver({ id: 'other', mergeKey: 'k' })
    const set = decideAttempt(
      runningTask({ mergeKey: 'k' }),
      endedWith(read()),
      attemptContext({ duplicates: [other] }),
    )
    expect(patchOf(set, 'other').holds).toBe(Hold.complete | Hold.exhausted)
    expect(changesOf(set, 'releaseChildren').map(({ parentId }) => parentId)).toEqual(['task'])
  })
})

describe('with failFast', () => {
  test('the first failure stops the group, in the same change and as long as nobody changed it', async () => {
    const set = await follow(failed(last()), [last()], groupWith('failFast'))
    expect(putGroups(set)).toEqual([stopped({ epoch: 2 })])
    expect(set.guards).toContainEqual({ kind: 'group', groupId: 'group', epoch: 1 })
    expect(set.events).toContainEqual({ type: 'group.updated', groupId: 'group' })
    expect(changesOf(set, 'releaseChildren')).toEqual([])
  })

  test('a later failure leaves the cause as it is, as long as the group is stopped', async () => {
    const task = last({ id: 'later' })
    const set = await follow(failed(task), [task], stopped())
    expect(putGroups(set)).toEqual([])
    expect(set.guards).toContainEqual({ kind: 'group', groupId: 'group', epoch: 1 })
  })

  test('a group that somebody had paused stays paused when the stop is over', async () => {
    const [paused] = putGroups(await follow(failed(last()), [last()], groupWith('failFast', { isPaused: true })))
    expect(paused).toMatchObject({ isPaused: true, stoppedBy: { ...stop, isPausedToo: true } })
    const task = makeTask({ holds: Hold.exhausted, remainingAttempts: 0 })
    const retried = decideRetry(task, { remainingAttempts: 1, now: NOW }) as ChangeSet
    expect(putGroups(await follow(retried, [task], paused as TaskGroup))).toMatchObject([
      { isPaused: true, stoppedBy: null },
    ])
  })

  const cause = makeTask({ holds: Hold.exhausted, remainingAttempts: 0 })
  const only = { deletions: [], dependants: [], survivors: [] }
  test.each([
    ['retried', decideRetry(cause, { remainingAttempts: 1, now: NOW }) as ChangeSet],
    ['reset', decideReset({ ...only, targets: [cause] }, { remainingAttempts: 1, now: NOW })],
    ['completed by hand', decideUpdate(cause, { isComplete: true }, 'group')],
    ['given attempts by hand', decideUpdate(cause, { remainingAttempts: 2 }, 'group')],
    ['deleted', decideDelete({ deletions: [cause], survivors: [] })],
  ])('the group goes on when the task that stopped it is %s', async (_, changeSet) => {
    const set = await follow(changeSet, [cause], stopped())
    expect(putGroups(set)).toEqual([groupWith('failFast', { epoch: 2 })])
    expect(set.guards).toContainEqual({ kind: 'group', groupId: 'group', epoch: 1 })
  })

  test('the group stays stopped when another task that failed is tried again, or its cause is renamed', async () => {
    const other = { ...cause, id: 'other' }
    const retried = decideRetry(other, { remainingAttempts: 1, now: NOW }) as ChangeSet
    expect(await follow(retried, [other], stopped())).toEqual(retried)
    const renamed = decideUpdate(cause, { name: 'n' }, 'group')
    expect(await follow(renamed, [cause], stopped())).toEqual(renamed)
  })
})
