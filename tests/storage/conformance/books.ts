import { expect } from 'vitest'
import { Hold, type TaskPatch } from '../../../server/core/task.ts'
import type { CountedGroup, GroupState } from '../../../server/core/task-group.ts'
import {
  addAttempt,
  blockChildren,
  changeSet,
  completion,
  delayChildren,
  deleteGroup,
  deleteTask,
  holdWork,
  insertTask,
  patchTask,
  putGroup,
  releaseWork,
  success,
} from '../../support/changes.ts'
import { makeAttempt } from '../../support/make.ts'
import type { StorageTest } from '../conformance.ts'
import { everyGroup, everyTask, makeEveryState } from '../storage-world.ts'

/** Counters that agree with a full scan, and the scan itself (I12). */
export function describeBooks(it: StorageTest): void {
  describeCounters(it)
  describeWeights(it)
  describeAudit(it)
  describeBatches(it)

  it('all tasks are counted, whatever they wait for, until they are deleted', async (world) => {
    expect(await world.storage.countTasks()).toBe(0)
    const made = Object.values(await makeEveryState(world))
    const group = await world.addGroup()
    const task = await world.addTask(group, { worker: 'another', workgroup: 'wg' })
    expect(await world.storage.countTasks()).toBe(made.length + 1)
    await world.commit(patchTask(task.id, { worker: 'moved' }))
    expect(await world.storage.countTasks()).toBe(made.length + 1)
    await world.commit(deleteTask(task.id))
    expect(await world.storage.countTasks()).toBe(made.length)
    await world.commit(deleteGroup(String(made[0]?.groupId)))
    expect(await world.storage.countTasks()).toBe(0)
  })

  it('a group is found without its books, and an absent one is not', async (world) => {
    const group = await world.addGroup({ isPaused: true, metadata: { a: 'b' }, epoch: 4 })
    await world.addTask(group)
    expect(await world.storage.findGroup(group.id)).toEqual(group)
    expect(await world.storage.findGroup('absent')).toBeNull()
  })
}

const countsOf = (some: Partial<CountedGroup['counts']>): CountedGroup['counts'] => ({
  succeeded: 0,
  running: 0,
  failed: 0,
  paused: 0,
  blocked: 0,
  waiting: 0,
  ...some,
})

function describeCounters(it: StorageTest): void {
  it('a group counts its tasks by bucket and those that turn with time by state', async (world) => {
    const made = await makeEveryState(world)
    const { counts, waiting } = await world.loadGroup({ id: String(made.ready?.groupId) })
    expect(counts).toEqual(countsOf({ succeeded: 1, running: 1, failed: 1, paused: 1, blocked: 1, waiting: 4 }))
    expect(waiting).toEqual({ scheduled: 1, retrying: 1, throttled: 1 })
  })

  it('the split of what waits follows the time and the holds', async (world) => {
    const made = await makeEveryState(world)
    const group = { id: String(made.ready?.groupId) }
    world.clock.advance(5_000)
    expect((await world.loadGroup(group)).waiting).toEqual({ scheduled: 0, retrying: 0, throttled: 1 })
    await world.commit(holdWork('worker', 'worker', world.clock.now() + 1_000))
    expect((await world.loadGroup(group)).waiting).toEqual({ scheduled: 0, retrying: 0, throttled: 4 })
    await world.commit(releaseWork('worker', 'worker'), releaseWork('workgroup', 'held'))
    expect((await world.loadGroup(group)).waiting).toEqual({ scheduled: 0, retrying: 0, throttled: 0 })
  })

  it('a held task that is not due is scheduled, not throttled', async (world) => {
    const group = await world.addGroup()
    const now = world.clock.now()
    await world.addTask(group, { workgroup: 'wg', runAfter: now + 100 })
    await world.addTask(group, { workgroup: 'wg', runAfter: now + 100, failures: 1 })
    await world.commit(holdWork('workgroup', 'wg', now + 1_000), holdWork('worker', 'worker', now + 1_000))
    expect((await world.loadGroup(group)).waiting).toEqual({ scheduled: 1, retrying: 1, throttled: 0 })
    world.clock.advance(100)
    expect((await world.loadGroup(group)).waiting).toEqual({ scheduled: 0, retrying: 0, throttled: 2 })
  })

  it('a task that waits for its key is counted by what else holds it', async (world) => {
    const group = await world.addGroup()
    const key = { key: 'k', mergeKey: 'k' }
    const parent = await world.addTask(group, { holds: Hold.complete })
    const running = await world.addTask(group, { ...key, priority: 1 })
    const waiting = await world.addTask(group, { ...key, parentIds: [parent.id], workgroup: 'held' })
    await world.addTask(group, { worker: 'full' })
    expect(await world.claimIds({ slots: new Map([['full', 0]]) })).toEqual([running.id])
    await world.commit(holdWork('workgroup', 'held', world.clock.now() + 1_000))
    expect((await world.loadGroup(group)).waiting.throttled).toBe(1)
    await world.commit(patchTask(parent.id, { holds: Hold.paused }), blockChildren(parent.id))
    expect(await world.loadGroup(group)).toMatchObject({
      counts: countsOf({ running: 1, paused: 1, blocked: 1, waiting: 1 }),
      waiting: { scheduled: 0, retrying: 0, throttled: 0 },
    })
    await world.commit(...completion(parent.id), delayChildren(parent.id, world.clock.now() + 500))
    expect((await world.loadGroup(group)).waiting).toEqual({ scheduled: 1, retrying: 0, throttled: 0 })
    await world.commit(patchTask(waiting.id, { failures: 1 }))
    expect((await world.loadGroup(group)).waiting).toEqual({ scheduled: 0, retrying: 1, throttled: 0 })
  })

  it('what is complete has succeeded, what runs runs, and what has no attempts failed, whatever else holds it', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group, { holds: Hold.paused })
    const running = await world.addTask(group)
    await world.claimTask(running)
    await world.commit(patchTask(running.id, { holds: Hold.paused | Hold.exhausted }))
    const parentIds = [parent.id]
    await world.addTask(group, { parentIds, holds: Hold.complete | Hold.paused | Hold.exhausted })
    await world.addTask(group, { parentIds, holds: Hold.paused | Hold.exhausted })
    await world.addTask(group, { parentIds, holds: Hold.paused })
    await world.addTask(group, { parentIds, runAfter: world.clock.now() + 5 })
    const { counts } = await world.loadGroup(group)
    expect(counts).toEqual(countsOf({ succeeded: 1, running: 1, failed: 1, paused: 2, blocked: 1 }))
  })

  it('what is passed over has failed: in the counters, the lists, the weight that is done and whether the group is finished', async (world) => {
    const group = await world.addGroup()
    const passed = await world.addTask(group, { holds: Hold.exhausted | Hold.passed })
    await world.addTask(group, { holds: Hold.complete })
    const { counts, weightDone, weightTotal } = await world.loadGroup(group)
    expect(counts).toEqual(countsOf({ succeeded: 1, failed: 1 }))
    expect([weightDone, weightTotal]).toEqual([1_000_000, 2_000_000])
    expect(await world.listIds(group, { states: ['failed'] })).toEqual([passed.id])
    expect(await world.listIds(group, { skipCompleted: true })).toEqual([passed.id])
    expect(await world.listEnded('succeeded')).toEqual([])
    expect(await world.listEnded('failed')).toEqual([group.id])
    expect(await world.storage.countGroups()).toMatchObject({ failed: 1, failing: 1, succeeded: 0 })
  })

  it('a group that a failure stopped has failed, and is paused when only somebody paused it', async (world) => {
    const group = await world.addGroup({ isPaused: true, stoppedBy: { taskId: 't', at: 5, isPausedToo: true } })
    const task = await world.addTask(group)
    expect(await world.loadGroup(group)).toMatchObject({ isPaused: true, stoppedBy: group.stoppedBy })
    const inState = async (state: GroupState) =>
      (await world.storage.listGroups({ ...everyGroup, states: [state] })).groups.map(({ id }) => id)
    expect([await inState('failed'), await inState('paused')]).toEqual([[group.id], []])
    expect(await world.claimIds()).toEqual([])
    await world.commit(putGroup({ ...group, stoppedBy: null }))
    expect([await inState('failed'), await inState('paused')]).toEqual([[], [group.id]])
    await world.commit(putGroup({ ...group, isPaused: false, stoppedBy: null }))
    expect(await inState('active')).toEqual([group.id])
    expect(await world.claimIds()).toEqual([task.id])
  })

  it('counters follow one task through its life', async (world) => {
    const group = await world.addGroup()
    const counts = async () => (await world.loadGroup(group)).counts
    const parent = await world.addTask(group)
    const child = await world.addTask(group, { parentIds: [parent.id] })
    const follow = async (patch: TaskPatch, lease?: 'settle' | 'fence') => {
      await world.commit(patchTask(child.id, patch, lease))
      return counts()
    }
    expect(await counts()).toEqual(countsOf({ waiting: 1, blocked: 1 }))
    await world.complete(parent)
    expect(await counts()).toEqual(countsOf({ succeeded: 1, waiting: 1 }))
    await world.claimTask(child)
    expect(await counts()).toEqual(countsOf({ succeeded: 1, running: 1 }))
    expect(await follow({ holds: Hold.exhausted }, 'settle')).toEqual(countsOf({ succeeded: 1, failed: 1 }))
    expect(await follow({ holds: Hold.paused })).toEqual(countsOf({ succeeded: 1, paused: 1 }))
    expect(await follow({ holds: 0 })).toEqual(countsOf({ succeeded: 1, waiting: 1 }))
    await world.claimTask(child)
    expect(await follow({}, 'fence')).toEqual(countsOf({ succeeded: 1, waiting: 1 }))
    expect(await follow({ holds: Hold.complete })).toEqual(countsOf({ succeeded: 2 }))
    await world.commit(deleteTask(child.id), deleteTask(parent.id))
    expect(await counts()).toEqual(countsOf({}))
  })

  it('each group counts its own', async (world) => {
    const [one, two] = [await world.addGroup(), await world.addGroup()]
    const task = world.task({ groupId: one.id })
    const sets = [
      changeSet({ changes: [insertTask(task), ...completion(task.id)] }),
      changeSet({ changes: [insertTask(world.task({ groupId: two.id }))] }),
    ]
    expect(await world.storage.commit(sets)).toEqual(['applied', 'applied'])
    expect((await world.loadGroup(one)).counts).toEqual(countsOf({ succeeded: 1 }))
    expect((await world.loadGroup(two)).counts).toEqual(countsOf({ waiting: 1 }))
  })
}

function describeWeights(it: StorageTest): void {
  const weights = async ({ weightTotal, weightDone }: CountedGroup) => [weightTotal, weightDone]

  it('weights add up without drifting', async (world) => {
    const group = await world.addGroup()
    for (let n = 0; n < 10; n++) await world.addTask(group, { progressWeight: 0.1 })
    await world.addTask(group, { progressWeight: 1 / 3 })
    expect(await weights(await world.loadGroup(group))).toEqual([1_333_333, 0])
  })

  it('weights follow inserts, results, edits and deletes', async (world) => {
    const group = await world.addGroup()
    const [one, two] = [
      await world.addTask(group, { progressWeight: 2 }),
      await world.addTask(group, { progressWeight: 0.5 }),
    ]
    const done = await world.addTask(group, { progressWeight: 4, holds: Hold.complete })
    const now = async () => weights(await world.loadGroup(group))
    expect(await now()).toEqual([6_500_000, 4_000_000])
    await world.complete(one)
    expect(await now()).toEqual([6_500_000, 6_000_000])
    await world.commit(patchTask(one.id, { progressWeight: 3 }), patchTask(two.id, { progressWeight: 1 }))
    expect(await now()).toEqual([8_000_000, 7_000_000])
    await world.commit(patchTask(one.id, { holds: 0 }))
    expect(await now()).toEqual([8_000_000, 4_000_000])
    await world.commit(patchTask(two.id, { progressWeight: 0.25, holds: Hold.complete }))
    expect(await now()).toEqual([7_250_000, 4_250_000])
    await world.commit(deleteTask(done.id), deleteTask(one.id))
    expect(await now()).toEqual([250_000, 250_000])
  })
}

function describeBatches(it: StorageTest): void {
  it('what was counted of a group that is deleted in the same call is not booked to the group after it', async (world) => {
    const gone = await world.addGroup()
    await world.addTask(gone)
    const next = world.group()
    const results = await world.storage.commit([
      changeSet({ changes: [insertTask(world.task({ groupId: gone.id, holds: Hold.complete }))] }),
      changeSet({ changes: [deleteGroup(gone.id)] }),
      changeSet({ changes: [putGroup(next), insertTask(world.task({ groupId: next.id }))] }),
    ])
    expect(results).toEqual(['applied', 'applied', 'applied'])
    expect((await world.storage.audit()).faults).toEqual([])
    const { workers } = await world.storage.listWorkers({ page: 1, pageSize: 0 })
    expect(workers.map(({ total, completed }) => [total, completed])).toEqual([[1, 0]])
  })
}

function describeAudit(it: StorageTest): void {
  it('an empty store is without fault', async (world) => {
    expect((await world.storage.audit()).faults).toEqual([])
  })

  it('reading leaves the fingerprint as it is', async (world) => {
    const made = await makeEveryState(world)
    const { storage } = world
    const { id, groupId } = made.ready ?? world.task()
    const before = await world.fingerprint()
    await storage.getTasks([id])
    await storage.getGroup(groupId)
    await storage.listGroups(everyGroup)
    for (const state of ['ready', 'throttled', 'running'] as const)
      await storage.listTasks({ ...everyTask(groupId), states: [state] })
    await storage.listChildren([id])
    await storage.listCreatedBy([id])
    await storage.listDuplicates('k')
    await storage.listAttempts(id)
    await storage.listHolds('workgroup')
    await storage.listWorkgroups({ page: 1, pageSize: 5 })
    await storage.listEndedGroups({ ending: 'succeeded', before: world.clock.now(), limit: 5 })
    await storage.listEndedGroups({ ending: 'failed', before: world.clock.now(), limit: 5 })
    await storage.room()
    await storage.listExpiredLeases(5)
    await storage.getRecord('session/1')
    await storage.claim({
      limit: 0,
      slots: new Map(),
      slotsPerWorker: 9,
      maxLeasesPerWorker: 1_000,
      until: world.clock.now() + 1,
    })
    await storage.renewLeases([{ taskId: id, token: 'forged' }], world.clock.now() + 1)
    expect(await world.fingerprint()).toBe(before)
  })

  it('every change of state changes the fingerprint', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group)
    const now = world.clock.now()
    const seen = new Set([await world.fingerprint()])
    let claimed = { task, token: '' }
    const steps: [string, () => Promise<unknown>][] = [
      ['a group', () => world.commit(putGroup(world.group({ id: 'other' })))],
      ['its name', () => world.commit(putGroup(world.group({ id: 'other', name: 'named' })))],
      ['its pause', () => world.commit(putGroup(world.group({ id: 'other', name: 'named', isPaused: true })))],
      ['a task', () => world.addTask(group, { id: 'second', parentIds: [task.id] })],
      ['its input', () => world.commit(patchTask('second', { input: '1' }))],
      ['its long output', () => world.commit(patchTask('second', { output: JSON.stringify('x'.repeat(5_000)) }))],
      ['a claim', async () => Object.assign(claimed, await world.claimTask(task))],
      ['a renewal', () => world.storage.renewLeases([{ taskId: task.id, token: claimed.token }], now + 99_999)],
      ['an attempt', () => world.commit(addAttempt(task.id, makeAttempt()))],
      ['a result', () => world.tryCommit(success(claimed))],
      ['a hold', () => world.commit(holdWork('workgroup', 'wg', now + 100, 'why'))],
      ['a longer hold', () => world.commit(holdWork('workgroup', 'wg', now + 200, 'why'))],
      ['a record', () => world.storage.putRecord('settings', '1')],
      ['its value', () => world.storage.putRecord('settings', '2')],
      ['a deleted task', () => world.commit(deleteTask('second'))],
      ['a deleted group', () => world.commit(deleteGroup('other'))],
    ]
    for (const [step, apply] of steps) {
      await apply()
      const fingerprint = await world.fingerprint()
      expect([step, seen.has(fingerprint)]).toEqual([step, false])
      seen.add(fingerprint)
    }
    claimed = { task, token: '' }
  })
}
