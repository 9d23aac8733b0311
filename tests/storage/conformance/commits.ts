import { expect } from 'vitest'
import type { Guard } from '../../../server/core/change-set.ts'
import { Hold } from '../../../server/core/task.ts'
import {
  addAttempt,
  changeSet,
  deleteTask,
  failure,
  holdWork,
  ifDuplicates,
  ifEpoch,
  ifLeased,
  ifUnchanged,
  insertTask,
  patchTask,
  putGroup,
  success,
} from '../../support/changes.ts'
import { makeAttempt } from '../../support/make.ts'
import type { StorageTest } from '../conformance.ts'

/** Change sets apply all or nothing, and only while their guards hold. */
export function describeCommits(it: StorageTest): void {
  describeBatches(it)
  describeLeaseGuards(it)
  describeOtherGuards(it)
}

function describeBatches(it: StorageTest): void {
  it('an empty batch answers nothing', async (world) => {
    expect(await world.storage.commit([])).toEqual([])
  })

  it('a change set without changes is applied', async (world) => {
    expect(await world.tryCommit({})).toBe('applied')
  })

  it('each change set of a batch is answered in its place', async (world) => {
    const group = await world.addGroup()
    const [one, two] = [world.task({ groupId: group.id }), world.task({ groupId: 'nowhere' })]
    const sets = [one, two, one].map((task) => changeSet({ changes: [insertTask(task)] }))
    expect(await world.storage.commit(sets)).toEqual(['applied', 'conflict', 'conflict'])
  })

  it('the changes of a set apply in order', async (world) => {
    const group = world.group()
    const [kept, dropped] = [world.task({ groupId: group.id }), world.task({ groupId: group.id })]
    await world.commit(
      putGroup(group),
      insertTask(kept),
      insertTask(dropped),
      patchTask(kept.id, { name: 'first' }),
      patchTask(kept.id, { name: 'second' }),
      deleteTask(dropped.id),
    )
    expect(await world.listIds(group)).toEqual([kept.id])
    expect(await world.load(kept)).toMatchObject({ name: 'second', version: kept.version + 2 })
  })

  it('a change set sees what an earlier one of its batch wrote', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const rename = changeSet({ guards: [ifUnchanged(task)], changes: [patchTask(task.id, { name: 'renamed' })] })
    expect(await world.storage.commit([rename, rename])).toEqual(['applied', 'conflict'])
    expect(await world.load(task)).toMatchObject({ name: 'renamed', version: task.version + 1 })
  })

  it('a set whose guard fails writes nothing while the others of its batch apply', async (world) => {
    const group = await world.addGroup()
    const [first, second, third] = [1, 2, 3].map(() => world.task({ groupId: group.id }))
    if (!first || !second || !third) throw new Error('three tasks were made')
    const stale = { guards: [ifEpoch({ ...group, epoch: 99 })], changes: [insertTask(second)] }
    const results = await world.storage.commit([
      changeSet({ changes: [insertTask(first)] }),
      changeSet(stale),
      changeSet({ changes: [insertTask(third)] }),
    ])
    expect(results).toEqual(['applied', 'conflict', 'applied'])
    expect(await world.listIds(group)).toEqual([first.id, third.id])
  })

  it('a set that conflicts in its last change undoes all before it', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group)
    const child = await world.addTask(group, { parentIds: [task.id] })
    const before = await world.fingerprint()
    const result = await world.tryCommit({
      changes: [
        putGroup({ ...group, name: 'renamed', isPaused: true, epoch: 2 }),
        insertTask(world.task({ groupId: group.id, parentIds: [task.id] })),
        patchTask(task.id, { holds: Hold.complete, worker: 'other', metadata: { a: 'b' } }, 'settle'),
        { kind: 'releaseChildren', parentId: task.id },
        { kind: 'delayChildren', parentId: task.id, notBefore: world.clock.now() + 5 },
        addAttempt(task.id, makeAttempt()),
        holdWork('worker', 'worker', world.clock.now() + 5),
        deleteTask(child.id),
        insertTask(world.task({ id: task.id, groupId: group.id })),
      ],
    })
    expect(result).toBe('conflict')
    expect(await world.fingerprint()).toBe(before)
    expect(await world.claimIds()).toEqual([task.id])
  })

  it('a set that conflicts after deleting its group brings the group back', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group)
    const before = await world.fingerprint()
    const changes = [{ kind: 'deleteGroup', groupId: group.id } as const, insertTask(world.task({ groupId: group.id }))]
    expect(await world.tryCommit({ changes })).toBe('conflict')
    expect(await world.fingerprint()).toBe(before)
    expect(await world.claimIds()).toEqual([task.id])
  })

  it('ten thousand tasks fit in one set', async (world) => {
    const group = await world.addGroup()
    const root = world.task({ groupId: group.id })
    const leaves = Array.from({ length: 9_999 }, () => world.task({ groupId: group.id, parentIds: [root.id] }))
    await world.commit(insertTask(root), ...leaves.map(insertTask))
    const { counts } = await world.loadGroup(group)
    expect(counts).toMatchObject({ waiting: 1, blocked: 9_999 })
    await world.complete(root)
    expect((await world.loadGroup(group)).counts).toMatchObject({ succeeded: 1, waiting: 9_999, blocked: 0 })
  })
}

function describeLeaseGuards(it: StorageTest): void {
  it('the current token applies its result', async (world) => {
    const task = await world.addTask(await world.addGroup())
    expect(await world.tryCommit(success(await world.claimTask(task), { output: '42' }))).toBe('applied')
    expect(await world.load(task)).toMatchObject({ holds: Hold.complete, output: '42', lease: null })
  })

  it('a token that never was writes nothing', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const claimed = await world.claimTask(task)
    const before = await world.fingerprint()
    expect(await world.tryCommit(success({ ...claimed, token: 'forged' }))).toBe('leaseLost')
    expect(await world.fingerprint()).toBe(before)
  })

  it('a token is good for its own task only', async (world) => {
    const group = await world.addGroup()
    const [one, two] = [await world.addTask(group), await world.addTask(group)]
    const claimed = await world.claim()
    const [ofOne, ofTwo] = [one, two].map(({ id }) => claimed.find(({ task }) => task.id === id))
    if (!ofOne || !ofTwo) throw new Error('both tasks are claimed')
    expect(await world.tryCommit(success({ ...ofOne, token: ofTwo.token }))).toBe('leaseLost')
    expect((await world.load(one)).lease?.token).toBe(ofOne.token)
  })

  it('a result for a task that was never claimed is refused', async (world) => {
    const task = await world.addTask(await world.addGroup())
    expect(await world.tryCommit(success({ task, token: 'early' }))).toBe('leaseLost')
    expect(await world.tryCommit(success({ task, token: '' }))).toBe('leaseLost')
  })

  it('a result for a task that does not exist is refused', async (world) => {
    expect(await world.tryCommit(success({ task: world.task(), token: 'late' }))).toBe('leaseLost')
  })

  it('a repeated result is a duplicate and counts its children down once', async (world) => {
    const group = await world.addGroup()
    const [parent, other] = [
      await world.addTask(group),
      await world.addTask(group, { runAfter: world.clock.now() + 1 }),
    ]
    const child = await world.addTask(group, { parentIds: [parent.id, other.id] })
    const result = success(await world.claimTask(parent))
    expect(await world.tryCommit(result)).toBe('applied')
    const before = await world.fingerprint()
    expect(await world.tryCommit(result)).toBe('duplicate')
    expect(await world.fingerprint()).toBe(before)
    expect((await world.load(child)).unfinishedParents).toBe(1)
  })

  it('a result twice in one batch is applied once', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const result = failure(await world.claimTask(task))
    expect(await world.storage.commit([result, result])).toEqual(['applied', 'duplicate'])
    expect((await world.load(task)).remainingAttempts).toBe(task.remainingAttempts - 1)
  })

  it('a repeated result is a duplicate also after an edit', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const result = failure(await world.claimTask(task))
    await world.tryCommit(result)
    await world.commit(patchTask(task.id, { name: 'edited' }))
    expect(await world.tryCommit(result)).toBe('duplicate')
  })

  it('a repeated result is refused while a later attempt runs', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const result = failure(await world.claimTask(task))
    await world.tryCommit(result)
    const running = await world.claimTask(task)
    expect(await world.tryCommit(result)).toBeOneOf(['duplicate', 'leaseLost'])
    expect(await world.load(task)).toEqual(running.task)
  })

  it('a result settled before the last one is lost', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const [first, second] = [failure(await world.claimTask(task)), 'later' as const]
    await world.tryCommit(first)
    await world.tryCommit(failure(await world.claimTask(task), { name: second }))
    expect(await world.tryCommit(first)).toBe('leaseLost')
    expect((await world.load(task)).name).toBe(second)
  })

  it('a result decided before an edit conflicts and is applied when decided again', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const claimed = await world.claimTask(task)
    await world.commit(patchTask(task.id, { holds: Hold.paused }))
    expect(await world.tryCommit(success(claimed))).toBe('conflict')
    expect((await world.load(task)).lease?.token).toBe(claimed.token)
    expect(await world.tryCommit(success({ ...claimed, task: await world.load(task) }))).toBe('applied')
  })

  it('a result that comes after a fence is lost', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const claimed = await world.claimTask(task)
    await world.commit(patchTask(task.id, { attempts: 0, run: 2 }, 'fence'))
    const before = await world.fingerprint()
    expect(await world.tryCommit(success(claimed))).toBe('leaseLost')
    expect(await world.tryCommit(success({ ...claimed, task: await world.load(task) }))).toBe('leaseLost')
    expect(await world.fingerprint()).toBe(before)
  })

  it('a fenced result is lost also when the task runs again', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const late = await world.claimTask(task)
    await world.commit(patchTask(task.id, {}, 'fence'))
    const current = await world.claimTask(task)
    expect(await world.tryCommit(success({ ...late, task: current.task }))).toBe('leaseLost')
    expect(await world.tryCommit(success(current))).toBe('applied')
    expect(await world.tryCommit(success({ ...late, task: current.task }))).toBe('leaseLost')
  })

  it('a result for a deleted task is lost, also when the id was taken again', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group)
    const late = success(await world.claimTask(task))
    await world.commit(deleteTask(task.id))
    expect(await world.tryCommit(late)).toBe('leaseLost')
    await world.commit(insertTask(task))
    expect(await world.tryCommit(late)).toBe('leaseLost')
    expect((await world.load(task)).holds).toBe(0)
  })
}

function describeOtherGuards(it: StorageTest): void {
  it('a version guard holds for the very version only', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const tryVersion = (version: number) => world.tryCommit({ guards: [ifUnchanged({ id: task.id, version })] })
    expect(await tryVersion(task.version - 1)).toBe('conflict')
    expect(await tryVersion(task.version)).toBe('applied')
    expect(await tryVersion(task.version + 1)).toBe('conflict')
  })

  it('a version guard of an absent task conflicts', async (world) => {
    expect(await world.tryCommit({ guards: [ifUnchanged(world.task())] })).toBe('conflict')
  })

  it('a claim raises the version, so that an edit decided before it is decided again', async (world) => {
    const task = await world.addTask(await world.addGroup())
    await world.claimTask(task)
    expect(await world.tryCommit({ guards: [ifUnchanged(task)], changes: [patchTask(task.id, { name: 'x' })] })).toBe(
      'conflict',
    )
  })

  it('a children guard holds while no child came or went', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group)
    const guards = (count: number): Guard[] => [{ kind: 'children', taskId: parent.id, count }]
    expect(await world.tryCommit({ guards: guards(0) })).toBe('applied')
    const child = await world.addTask(group, { parentIds: [parent.id] })
    expect(await world.tryCommit({ guards: guards(0) })).toBe('conflict')
    expect(await world.tryCommit({ guards: guards(1) })).toBe('applied')
    await world.commit(deleteTask(child.id))
    expect(await world.tryCommit({ guards: guards(0) })).toBe('applied')
    await world.commit(deleteTask(parent.id))
    expect(await world.tryCommit({ guards: guards(0) })).toBe('conflict')
  })

  it('a group guard holds for its epoch only', async (world) => {
    const group = await world.addGroup({ epoch: 7 })
    expect(await world.tryCommit({ guards: [ifEpoch(group)] })).toBe('applied')
    await world.commit(putGroup({ ...group, epoch: 8 }))
    expect(await world.tryCommit({ guards: [ifEpoch(group)] })).toBe('conflict')
  })

  it('a group guard of an absent group conflicts', async (world) => {
    expect(await world.tryCommit({ guards: [ifEpoch(world.group())] })).toBe('conflict')
  })

  it('a group guard can ask that there is no such group', async (world) => {
    const group = world.group()
    const make = { guards: [{ kind: 'group', groupId: group.id, epoch: null } as const], changes: [putGroup(group)] }
    expect(await world.tryCommit(make)).toBe('applied')
    expect(await world.tryCommit(make)).toBe('conflict')
    await world.commit({ kind: 'deleteGroup', groupId: group.id })
    expect(await world.tryCommit(make)).toBe('applied')
  })

  it('a group guard can ask that all tasks of the group are complete', async (world) => {
    const group = await world.addGroup()
    const guards = [{ ...ifEpoch(group), isFinished: true } as const]
    const done = await world.addTask(group, { holds: Hold.complete })
    expect(await world.tryCommit({ guards })).toBe('applied')
    await world.commit(patchTask(done.id, { holds: 0 }))
    expect(await world.tryCommit({ guards })).toBe('conflict')
    await world.complete(done)
    expect(await world.tryCommit({ guards })).toBe('applied')
    await world.addTask(group)
    expect(await world.tryCommit({ guards })).toBe('conflict')
  })

  it('a finished group that gets work in the same batch is not deleted as finished', async (world) => {
    const group = await world.addGroup()
    await world.addTask(group, { holds: Hold.complete })
    const late = world.task({ groupId: group.id })
    const results = await world.storage.commit([
      changeSet({ changes: [insertTask(late)] }),
      changeSet({
        guards: [{ ...ifEpoch(group), isFinished: true }],
        changes: [{ kind: 'deleteGroup', groupId: group.id }],
      }),
    ])
    expect(results).toEqual(['applied', 'conflict'])
    expect(await world.claimIds()).toEqual([late.id])
  })

  it('a duplicates guard holds for the exact count of incomplete tasks', async (world) => {
    const group = await world.addGroup()
    await world.addTask(group, { key: 'k', mergeKey: 'k' })
    await world.addTask(group, { key: 'k', mergeKey: 'k', holds: Hold.paused })
    await world.addTask(group, { key: 'k', mergeKey: 'k', holds: Hold.exhausted })
    await world.addTask(group, { key: 'k', mergeKey: 'k', holds: Hold.complete })
    await world.addTask(group, { key: 'other', mergeKey: 'other' })
    const tryCount = (incomplete: number) => world.tryCommit({ guards: [ifDuplicates('k', incomplete)] })
    expect([await tryCount(2), await tryCount(3), await tryCount(4)]).toEqual(['conflict', 'applied', 'conflict'])
  })

  it('a duplicates guard of a key that nobody carries expects none', async (world) => {
    expect(await world.tryCommit({ guards: [ifDuplicates('k', 0)] })).toBe('applied')
    expect(await world.tryCommit({ guards: [ifDuplicates('k', 1)] })).toBe('conflict')
  })

  it('a children guard of an absent task conflicts', async (world) => {
    expect(await world.tryCommit({ guards: [{ kind: 'children', taskId: 'nobody', count: 0 }] })).toBe('conflict')
  })

  it('a child added in the same batch is seen by a children guard', async (world) => {
    const parent = await world.addTask(await world.addGroup())
    const child = insertTask(world.task({ groupId: parent.groupId, parentIds: [parent.id] }))
    const childless = {
      guards: [{ kind: 'children', taskId: parent.id, count: 0 } as const],
      changes: [deleteTask(parent.id)],
    }
    const results = await world.storage.commit([changeSet({ changes: [child] }), changeSet(childless)])
    expect(results).toEqual(['applied', 'conflict'])
  })

  it('every guard of a set has to hold', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group, { key: 'k', mergeKey: 'k' })
    const claimed = await world.claimTask(task)
    await world.addTask(group, { parentIds: [task.id] })
    const children = { kind: 'children', taskId: task.id, count: 1 } as const
    const good: Guard[] = [ifLeased(claimed), ifUnchanged(claimed.task), ifEpoch(group), ifDuplicates('k', 1), children]
    const bad: Guard[] = [
      ifLeased({ ...claimed, token: 'forged' }),
      ifUnchanged({ ...task, version: 99 }),
      ifEpoch({ ...group, epoch: 99 }),
      ifDuplicates('k', 2),
      { ...children, count: 2 },
    ]
    const before = await world.fingerprint()
    const changes = [patchTask(task.id, { name: 'written' })]
    for (const [at, guard] of bad.entries()) {
      const result = await world.tryCommit({ guards: good.with(at, guard), changes })
      expect(result).toBe(at === 0 ? 'leaseLost' : 'conflict')
    }
    expect(await world.fingerprint()).toBe(before)
    expect(await world.tryCommit({ guards: good, changes })).toBe('applied')
  })

  it('guards look at the state before the changes of their own set', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const newcomer = world.task({ groupId: task.groupId })
    const early = { guards: [ifUnchanged(newcomer)], changes: [insertTask(newcomer)] }
    expect(await world.tryCommit(early)).toBe('conflict')
    const late = { changes: [patchTask(task.id, { name: 'x' })], guards: [ifUnchanged(task)] }
    expect(await world.tryCommit(late)).toBe('applied')
  })
}
