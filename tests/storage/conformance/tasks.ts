import { expect } from 'vitest'
import { DEFAULT_GROUP_SETTINGS, type GroupSettings, groupSettingsOf } from '../../../server/core/group-settings.ts'
import { Hold, type Task, type TaskPatch } from '../../../server/core/task.ts'
import {
  addAttempt,
  changeSet,
  deleteGroup,
  deleteTask,
  insertTask,
  liftHold,
  patchTask,
  putGroup,
} from '../../support/changes.ts'
import { makeAttempt, makeTask, type World } from '../../support/make.ts'
import type { StorageTest } from '../conformance.ts'
import { everyGroup, sortedIds } from '../storage-world.ts'

/** What goes in comes out, and a refused insert leaves no trace. */
export function describeTasks(it: StorageTest): void {
  describeInserts(it)
  describePatches(it)
  describeDeletes(it)
  describeGroups(it)
}

const hour = 3_600_000

/** A value for every field that is none of the defaults. */
const unusualFields = (world: World): Partial<Task> => ({
  name: `Robert'); DROP TABLE "task";-- \u{1f6f0}\u0000 end`,
  worker: 'billing/send-mail',
  workgroup: 'api "eu"',
  key: "it's",
  mergeKey: "g:it's",
  holds: Hold.paused | Hold.exhausted,
  remainingAttempts: 0,
  priority: -2_147_483_649,
  progressWeight: 0.125,
  runAfter: Date.UTC(9999, 11, 31),
  isSeed: true,
  errorDelayInSeconds: 0.05,
  retry: { strategy: 'exponential', factor: 1.5, maxSeconds: 900, jitter: 0.25 },
  timeoutSeconds: 12.5,
  input: '{"b":[],"a":12345678901234567890,"a":"\\u0000é\u{1f6f0}","c":-0.0,"d":1e400}',
  output: '[ {}, null , "\\ud83d" ]',
  errors: ['first\nline', 'second \u0000 ✗', ''],
  metadata: { 'a.b': 'x', '"quoted"': '', $: "it's", constructor: 'Object', é: '100%_' },
  createdAt: world.clock.now() - 90 * 24 * hour,
  createdBy: 'creator',
  version: 41,
  run: 3,
  attempts: 7,
  failures: 2,
  rateLimitedSince: world.clock.now() - hour,
  givenBack: 9,
})

function describeInserts(it: StorageTest): void {
  it('a task may say that no task and no client created it', async (world) => {
    const group = await world.addGroup()
    const task = makeTask({ id: 'last', groupId: group.id, createdBy: ' finally' })
    expect(await world.storage.commit([changeSet({ changes: [insertTask(task)] })])).toEqual(['applied'])
    expect(await world.storage.getTasks(['last'])).toMatchObject([{ createdBy: ' finally' }])
    expect(await world.storage.listCreatedBy(['last'])).toEqual([])
    expect((await world.storage.audit()).faults).toEqual([])
  })

  it('a task comes back with every field as it was given', async (world) => {
    const group = await world.addGroup()
    const task = world.task({ groupId: group.id, ...unusualFields(world) })
    await world.commit(insertTask(task))
    expect(await world.load(task)).toEqual(task)
    expect(
      (await world.storage.listTasks({ groupId: group.id, search: '', skipCompleted: false, page: 1, pageSize: 1 }))
        .tasks,
    ).toEqual([task])
  })

  it('input and output keep their text whatever their length', async (world) => {
    const group = await world.addGroup()
    for (const length of [2_000, 2_046, 2_047, 2_048, 2_049, 70_000, 3_000_000]) {
      const [input, output] = [JSON.stringify('x'.repeat(length - 2)), JSON.stringify('ü'.repeat(length / 2))]
      const task = await world.addTask(group, { input, output })
      expect([task.input === input, task.output === output]).toEqual([true, true])
    }
    const found = await world.claim()
    expect(found.map(({ task }) => task.input.length)).toEqual([2_000, 2_046, 2_047, 2_048, 2_049, 70_000, 3_000_000])
  })

  it('an insert makes its own countdown and no lease', async (world) => {
    const group = await world.addGroup()
    const lease = { token: 'forged', holder: world.bootId, startedAt: 0, until: world.clock.now() + hour }
    const task = await world.addTask(group, { unfinishedParents: 3, lease })
    expect(task).toMatchObject({ unfinishedParents: 0, lease: null })
    expect(await world.claimIds()).toEqual([task.id])
  })

  it('a taken id conflicts and writes nothing, in any group', async (world) => {
    const [group, elsewhere] = [await world.addGroup(), await world.addGroup()]
    const task = await world.addTask(group)
    const before = await world.fingerprint()
    for (const groupId of [group.id, elsewhere.id]) {
      const newcomer = world.task({ groupId })
      const changes = [insertTask(newcomer), insertTask(world.task({ id: task.id, groupId }))]
      expect(await world.tryCommit({ changes })).toBe('conflict')
    }
    expect(await world.fingerprint()).toBe(before)
  })

  it('the same id twice in one set conflicts', async (world) => {
    const group = await world.addGroup()
    const task = world.task({ groupId: group.id })
    expect(await world.tryCommit({ changes: [insertTask(task), insertTask(task)] })).toBe('conflict')
    expect(await world.storage.getTasks([task.id])).toEqual([])
  })

  it('an unknown parent conflicts and writes nothing', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group)
    const before = await world.fingerprint()
    const task = world.task({ groupId: group.id, parentIds: [parent.id, 'unknown'] })
    expect(await world.tryCommit({ changes: [insertTask(task)] })).toBe('conflict')
    expect(await world.fingerprint()).toBe(before)
  })

  it('a child cannot come before its parent, nor be its own', async (world) => {
    const group = await world.addGroup()
    const parent = world.task({ groupId: group.id })
    const child = world.task({ groupId: group.id, parentIds: [parent.id] })
    const self = world.task({ id: 'self', groupId: group.id, parentIds: ['self'] })
    expect(await world.tryCommit({ changes: [insertTask(child), insertTask(parent)] })).toBe('conflict')
    expect(await world.tryCommit({ changes: [insertTask(self)] })).toBe('conflict')
    expect(await world.tryCommit({ changes: [insertTask(parent), insertTask(child)] })).toBe('applied')
  })

  it('what a set deleted before is neither parent nor group for what it inserts', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group)
    const before = await world.fingerprint()
    const child = insertTask(world.task({ groupId: group.id, parentIds: [parent.id] }))
    expect(await world.tryCommit({ changes: [deleteTask(parent.id), child] })).toBe('conflict')
    expect(await world.tryCommit({ changes: [deleteGroup(group.id), child] })).toBe('conflict')
    expect(await world.fingerprint()).toBe(before)
  })

  it('an unknown group conflicts and writes nothing', async (world) => {
    const before = await world.fingerprint()
    expect(await world.tryCommit({ changes: [insertTask(world.task({ groupId: 'unknown' }))] })).toBe('conflict')
    expect(await world.fingerprint()).toBe(before)
  })

  it('the id of a deleted task can be taken again and inherits nothing', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group, { metadata: { colour: 'red' } })
    const child = await world.addTask(group, { parentIds: [task.id] })
    await world.claimTask(task)
    await world.commit(
      addAttempt(task.id, makeAttempt()),
      deleteTask(task.id),
      insertTask(world.task({ id: task.id, groupId: group.id })),
    )
    expect(await world.load(task)).toMatchObject({ lease: null, attempts: 0, metadata: {} })
    expect(await world.storage.listAttempts(task.id)).toEqual([])
    expect(await world.storage.listChildren([task.id])).toEqual([])
    expect(await world.listIds(group, { metadata: { colour: 'red' } })).toEqual([])
    expect((await world.load(child)).parentIds).toEqual([])
  })
}

function describePatches(it: StorageTest): void {
  it('every field can be patched, alone, and raises the version by one', async (world) => {
    const group = await world.addGroup()
    const { createdAt: _, version: __, ...patches } = unusualFields(world)
    let expected = await world.addTask(group)
    for (const [field, value] of Object.entries(patches)) {
      await world.commit(patchTask(expected.id, { [field]: value }))
      expected = { ...expected, [field]: value, version: expected.version + 1 }
      expect(await world.load(expected)).toEqual(expected)
    }
  })

  it('every field can be patched back to nothing', async (world) => {
    const group = await world.addGroup()
    const empty = world.task({ groupId: group.id, output: '"short"' })
    const { id, groupId, createdAt, version, unfinishedParents, lease, ...patch } = empty
    const task = await world.addTask(group, { ...unusualFields(world), output: JSON.stringify('long'.repeat(2_000)) })
    await world.commit(patchTask(task.id, patch satisfies TaskPatch))
    expect(await world.load(task)).toEqual({ ...task, ...patch, version: task.version + 1 })
  })

  it('an empty patch raises the version too', async (world) => {
    const task = await world.addTask(await world.addGroup())
    await world.commit(patchTask(task.id, {}))
    expect(await world.load(task)).toEqual({ ...task, version: task.version + 1 })
  })

  it('a patch leaves the lease alone unless it settles or fences', async (world) => {
    const group = await world.addGroup()
    const tasks = [await world.addTask(group), await world.addTask(group), await world.addTask(group)]
    await world.claim()
    const [kept, settled, fenced] = tasks.map(({ id }) => id)
    await world.commit(
      patchTask(String(kept), { name: 'x' }),
      patchTask(String(settled), { name: 'x' }, 'settle'),
      patchTask(String(fenced), { name: 'x' }, 'fence'),
    )
    const leases = await Promise.all(tasks.map(async (task) => (await world.load(task)).lease?.holder ?? null))
    expect(leases).toEqual([world.bootId, null, null])
    expect((await world.claimIds()).sort()).toEqual([settled, fenced].sort())
  })

  it('settling or fencing a task that does not run only patches it', async (world) => {
    const group = await world.addGroup()
    const tasks = [await world.addTask(group), await world.addTask(group)]
    await world.commit(patchTask(String(tasks[0]?.id), { holds: Hold.paused }, 'settle'))
    await world.commit(patchTask(String(tasks[1]?.id), { holds: Hold.paused }, 'fence'))
    for (const task of tasks) expect(await world.load(task)).toEqual({ ...task, holds: Hold.paused, version: 2 })
  })

  it('a task patched to another worker is claimed as one of that worker', async (world) => {
    const task = await world.addTask(await world.addGroup(), { worker: 'old' })
    await world.commit(patchTask(task.id, { worker: 'new' }))
    expect(await world.claimIds({ slots: new Map([['old', 5]]), slotsPerWorker: 0 })).toEqual([])
    expect(await world.claimIds({ slots: new Map([['new', 5]]), slotsPerWorker: 0 })).toEqual([task.id])
  })
}

function describeDeletes(it: StorageTest): void {
  it('changing or deleting what is not there changes nothing', async (world) => {
    await world.addTask(await world.addGroup())
    const before = await world.fingerprint()
    await world.commit(patchTask('nobody', { name: 'x' }, 'settle'), addAttempt('nobody', makeAttempt()))
    await world.commit(deleteTask('nobody'), deleteGroup('nowhere'))
    expect(await world.fingerprint()).toBe(before)
  })

  it('a deleted task is in no list and in no count', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group, { key: 'k', mergeKey: 'k', createdBy: 'creator', workgroup: 'wg' })
    await world.commit(addAttempt(task.id, makeAttempt()), deleteTask(task.id))
    const { storage } = world
    expect(await storage.getTasks([task.id])).toEqual([])
    expect(await world.listIds(group)).toEqual([])
    expect(await storage.listDuplicates('k')).toEqual([])
    expect(await storage.listCreatedBy(['creator'])).toEqual([])
    expect(await storage.listAttempts(task.id)).toEqual([])
    expect(await storage.listWorkgroups({ page: 1, pageSize: 0 })).toEqual({ workgroups: [], count: 0 })
    expect(await world.claim()).toEqual([])
    expect(await world.loadGroup(group)).toMatchObject({ counts: { waiting: 0 }, weightTotal: 0, weightDone: 0 })
  })

  it('a deleted task that ran is no expired lease', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const { token } = await world.claimTask(task)
    await world.commit(deleteTask(task.id))
    world.clock.advance(hour)
    expect(await world.storage.listExpiredLeases(10)).toEqual([])
    expect(await world.storage.renewLeases([{ taskId: task.id, token }], world.clock.now() + hour)).toEqual([token])
  })
}

function describeGroups(it: StorageTest): void {
  it('a group comes back with every field as it was given', async (world) => {
    const group = await world.addGroup({
      name: `%_'"\u{1f6f0}`,
      isPaused: true,
      metadata: { team: 'ads', '': 'empty' },
      keyScope: 'worker',
      settings: { ...DEFAULT_GROUP_SETTINGS, onTaskFailure: 'continue' },
      epoch: 12,
    })
    const counts = { succeeded: 0, running: 0, failed: 0, paused: 0, blocked: 0, waiting: 0 }
    const waiting = { scheduled: 0, retrying: 0, throttled: 0 }
    expect(await world.loadGroup(group)).toEqual({ ...group, counts, waiting, weightTotal: 0, weightDone: 0 })
  })

  it('a setting of a group that a newer server wrote stays when this one changes another', async (world) => {
    const settings: GroupSettings & { fromLater: string } = { ...DEFAULT_GROUP_SETTINGS, fromLater: 'x' }
    const group = await world.addGroup({ settings })
    const { settings: read } = await world.loadGroup(group)
    await world.commit(putGroup({ ...group, settings: groupSettingsOf({ onTaskFailure: 'failFast' }, read), epoch: 2 }))
    expect((await world.loadGroup(group)).settings).toEqual({ ...settings, onTaskFailure: 'failFast' })
    await world.commit(putGroup({ ...group, settings: DEFAULT_GROUP_SETTINGS, epoch: 3 }))
    expect((await world.loadGroup(group)).settings).toEqual(DEFAULT_GROUP_SETTINGS)
  })

  it('a group that is not there is null', async (world) => {
    expect(await world.storage.getGroup('nowhere')).toBeNull()
  })

  it('putting a group again replaces its fields and keeps its tasks and books', async (world) => {
    const group = await world.addGroup({ name: 'old', metadata: { a: '1' } })
    const task = await world.addTask(group)
    const changed = { ...group, name: 'new', metadata: {}, keyScope: 'worker' as const, epoch: 2 }
    await world.commit(putGroup(changed))
    expect(await world.loadGroup(group)).toMatchObject({ ...changed, counts: { waiting: 1 }, weightTotal: 1_000_000 })
    expect(await world.listIds(group)).toEqual([task.id])
    expect((await world.storage.listGroups(everyGroup)).count).toBe(1)
  })

  it('a task that moves, moves back and goes in one call leaves nothing behind when its group goes', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group)
    const sets = [
      changeSet({ changes: [patchTask(task.id, { priority: 1 })] }),
      changeSet({ changes: [patchTask(task.id, { priority: 0 })] }),
      changeSet({ changes: [patchTask(task.id, { workgroup: 'w' }), deleteTask(task.id)] }),
    ]
    expect(await world.storage.commit(sets)).toEqual(['applied', 'applied', 'applied'])
    expect((await world.storage.listWorkgroups({ page: 1, pageSize: 0 })).workgroups).toEqual([])
    await world.commit(deleteGroup(group.id))
  })

  it('deleting a group takes its tasks with it and leaves the others', async (world) => {
    const [doomed, kept] = [await world.addGroup(), await world.addGroup()]
    const running = await world.addTask(doomed, { key: 'k', mergeKey: 'k' })
    const child = await world.addTask(doomed, { parentIds: [running.id], metadata: { a: 'b' } })
    const waiting = await world.addTask(kept, { runAfter: world.clock.now() + 1 })
    const late = await world.claimTask(running)
    world.clock.advance(1)
    await world.commit(addAttempt(running.id, makeAttempt()), deleteGroup(doomed.id))
    expect(await world.storage.getGroup(doomed.id)).toBeNull()
    expect(sortedIds(await world.storage.getTasks([running.id, child.id, waiting.id]))).toEqual([waiting.id])
    expect(await world.storage.listAttempts(running.id)).toEqual([])
    expect(
      await world.tryCommit({ guards: [{ kind: 'lease', taskId: running.id, token: late.token, version: 1 }] }),
    ).toBe('leaseLost')
    expect(await world.claimIds()).toEqual([waiting.id])
  })

  it('a group deleted and made again is empty and works', async (world) => {
    const group = await world.addGroup({ isPaused: true })
    const task = await world.addTask(group)
    await world.commit(deleteGroup(group.id), putGroup({ ...group, isPaused: false }))
    expect(await world.listIds(group)).toEqual([])
    expect(await world.loadGroup(group)).toMatchObject({ counts: { waiting: 0 }, weightTotal: 0 })
    const again = await world.addTask(group, { id: task.id })
    expect(await world.claimIds()).toEqual([again.id])
  })

  it('lifting a hold clears its bit in the whole group and touches nothing else', async (world) => {
    const [group, elsewhere] = [await world.addGroup(), await world.addGroup()]
    const paused = await world.addTask(group, { holds: Hold.paused })
    const both = await world.addTask(group, { holds: Hold.paused | Hold.exhausted })
    const exhausted = await world.addTask(group, { holds: Hold.exhausted })
    const other = await world.addTask(elsewhere, { holds: Hold.paused })
    await world.commit(liftHold(group.id, Hold.paused))
    expect(await world.load(paused)).toEqual({ ...paused, holds: 0, version: paused.version + 1 })
    expect(await world.load(both)).toEqual({ ...both, holds: Hold.exhausted, version: both.version + 1 })
    expect(await world.load(exhausted)).toEqual(exhausted)
    expect(await world.load(other)).toEqual(other)
    expect(await world.claimIds()).toEqual([paused.id])
  })

  it('lifting a hold where there is none, or no group, changes nothing', async (world) => {
    const group = await world.addGroup()
    await world.addTask(group)
    const before = await world.fingerprint()
    await world.commit(liftHold(group.id, Hold.paused), liftHold('nowhere', Hold.paused))
    expect(await world.fingerprint()).toBe(before)
  })
}
