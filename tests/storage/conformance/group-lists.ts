import { expect } from 'vitest'
import { Hold } from '../../../server/core/task.ts'
import { type GroupState, groupStateOf, groupStates } from '../../../server/core/task-group.ts'
import type { GroupQuery } from '../../../storage/task-storage.ts'
import { deleteGroup, deleteTask, liftHold, patchTask, putGroup } from '../../support/changes.ts'
import type { StorageTest } from '../conformance.ts'
import { everyGroup, idsOf, type StorageWorld } from '../storage-world.ts'

/** Groups by state, by what failed, by when they were created, in order: what views of them are made of. */
export function describeGroupLists(it: StorageTest): void {
  describeByState(it)
  describeFailing(it)
  describeChanges(it)
  describeOrders(it)
  describeTogether(it)
}

/** A group in each state; `failing` is active, and some of it failed. */
async function makeEveryGroup(world: StorageWorld): Promise<Record<GroupState | 'failing', string>> {
  const make = async (...holds: number[]) => {
    const group = await world.addGroup()
    for (const hold of holds)
      await world.addTask(group, { holds: hold, remainingAttempts: hold === Hold.exhausted ? 0 : 5 })
    return group.id
  }
  return {
    empty: await make(),
    active: await make(0, Hold.complete),
    paused: await make(Hold.paused, Hold.complete),
    succeeded: await make(Hold.complete, Hold.complete),
    failed: await make(Hold.exhausted, Hold.complete),
    failing: await make(0, Hold.exhausted),
  }
}

const list = async ({ storage }: StorageWorld, query: Partial<GroupQuery>): Promise<string[]> => {
  const { groups, count } = await storage.listGroups({ ...everyGroup, ...query })
  expect(count).toBe(groups.length)
  return idsOf(groups)
}

/** The state under which the group is listed; fails when that is not exactly one, or not that of its books. */
async function listedState(world: StorageWorld, id: string): Promise<GroupState | null> {
  const lists = await Promise.all(groupStates.map((state) => list(world, { states: [state] })))
  const states = groupStates.filter((_, at) => lists[at]?.includes(id))
  const group = await world.storage.getGroup(id)
  expect(states).toEqual(group === null ? [] : [groupStateOf(group)])
  return states[0] ?? null
}

function describeByState(it: StorageTest): void {
  it('each state lists the groups that are in it', async (world) => {
    const { failing, ...made } = await makeEveryGroup(world)
    for (const state of groupStates) {
      const expected = state === 'active' ? [failing, made.active] : [made[state]]
      expect([state, await list(world, { states: [state] })]).toEqual([state, expected])
    }
  })

  it('several states list the groups that are in one of them, newest first and page by page', async (world) => {
    const { empty, failed, failing, active } = await makeEveryGroup(world)
    const states = ['failed', 'empty', 'active', 'failed'] as const
    expect(await list(world, { states })).toEqual([failing, failed, active, empty])
    expect(await list(world, { states: [] })).toEqual([])
    const page = await world.storage.listGroups({ search: '', states, page: 2, pageSize: 3 })
    expect([idsOf(page.groups), page.count]).toEqual([[empty], 4])
  })

  it('the groups of a state carry their books', async (world) => {
    const { failing } = await makeEveryGroup(world)
    const { groups } = await world.storage.listGroups({ ...everyGroup, states: ['active'] })
    expect(groups[0]).toEqual(await world.loadGroup({ id: failing }))
  })

  it('groups are counted by state', async (world) => {
    const nothing = { empty: 0, active: 0, paused: 0, succeeded: 0, failed: 0, failing: 0 }
    expect(await world.storage.countGroups()).toEqual(nothing)
    await makeEveryGroup(world)
    const counted = { empty: 1, active: 2, paused: 1, succeeded: 1, failed: 1, failing: 2 }
    expect(await world.storage.countGroups()).toEqual(counted)
  })
}

function describeFailing(it: StorageTest): void {
  it('failing groups are those that hold failed tasks, whatever their state', async (world) => {
    const { failed, failing } = await makeEveryGroup(world)
    expect(await list(world, { isFailing: true })).toEqual([failing, failed])
    expect(await list(world, { isFailing: false })).toHaveLength(6)
    expect(await list(world, { isFailing: true, states: ['active', 'succeeded'] })).toEqual([failing])
    expect(await list(world, { isFailing: true, states: ['succeeded'] })).toEqual([])
  })

  it('a group fails no more once its failed tasks go on', async (world) => {
    const { failed, failing } = await makeEveryGroup(world)
    const { tasks } = await world.storage.listTasks({
      groupId: failing,
      search: '',
      skipCompleted: false,
      page: 1,
      pageSize: 0,
      states: ['failed'],
    })
    await world.commit(patchTask(String(tasks[0]?.id), { holds: 0, remainingAttempts: 5 }))
    expect(await list(world, { isFailing: true })).toEqual([failed])
    await world.commit(deleteGroup(failed))
    expect(await list(world, { isFailing: true })).toEqual([])
    expect((await world.storage.countGroups()).failing).toBe(0)
  })
}

function describeChanges(it: StorageTest): void {
  it('a group is listed under its state through its life', async (world) => {
    const group = await world.addGroup()
    expect(await listedState(world, group.id)).toBe('empty')
    const task = await world.addTask(group)
    expect(await listedState(world, group.id)).toBe('active')
    await world.commit(putGroup({ ...group, isPaused: true }))
    expect(await listedState(world, group.id)).toBe('paused')
    await world.commit(putGroup(group))
    expect(await listedState(world, group.id)).toBe('active')
    const claimed = await world.claimTask(task)
    expect(await listedState(world, group.id)).toBe('active')
    await world.commit(putGroup({ ...group, isPaused: true }))
    expect(await listedState(world, group.id)).toBe('active')
    await world.commit(putGroup(group), patchTask(claimed.task.id, { holds: Hold.exhausted, remainingAttempts: 0 }))
    expect(await listedState(world, group.id)).toBe('active')
    world.clock.advance(60_000)
  })

  it('a group whose last task is done, paused, lifted or deleted changes its list', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group)
    await world.complete(task)
    expect(await listedState(world, group.id)).toBe('succeeded')
    await world.commit(patchTask(task.id, { holds: Hold.paused }))
    expect(await listedState(world, group.id)).toBe('paused')
    await world.commit(liftHold(group.id, Hold.paused))
    expect(await listedState(world, group.id)).toBe('active')
    await world.commit(patchTask(task.id, { holds: Hold.exhausted }))
    expect(await listedState(world, group.id)).toBe('failed')
    await world.commit(deleteTask(task.id))
    expect(await listedState(world, group.id)).toBe('empty')
    await world.commit(deleteGroup(group.id))
    expect(await listedState(world, group.id)).toBe(null)
    expect(await world.storage.countGroups()).toMatchObject({ empty: 0, failing: 0 })
  })

  it('a group that is created again under its id is listed anew', async (world) => {
    const group = await world.addGroup()
    await world.addTask(group, { holds: Hold.exhausted })
    await world.addGroup()
    await world.commit(deleteGroup(group.id))
    await world.commit(putGroup({ ...group, isPaused: true, createdAt: world.clock.now() }))
    expect(await listedState(world, group.id)).toBe('empty')
    expect((await list(world, {}))[0]).toBe(group.id)
    expect(await list(world, { isFailing: true })).toEqual([])
  })

  it('what was not applied changes no list', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group)
    const guards = [{ kind: 'version' as const, taskId: task.id, version: task.version + 1 }]
    const changes = [patchTask(task.id, { holds: Hold.exhausted })]
    expect(await world.tryCommit({ guards, changes })).toBe('conflict')
    expect(await listedState(world, group.id)).toBe('active')
    expect(await list(world, { isFailing: true })).toEqual([])
  })
}

function describeOrders(it: StorageTest): void {
  it('groups can be listed oldest first', async (world) => {
    const ids = []
    for (let n = 0; n < 5; n++) ids.push((await world.addGroup()).id)
    expect(await list(world, { sort: 'createdAt' })).toEqual(ids)
    expect(await list(world, { sort: '-createdAt' })).toEqual(ids.toReversed())
    const page = await world.storage.listGroups({ search: '', sort: 'createdAt', page: 2, pageSize: 2 })
    expect([idsOf(page.groups), page.count]).toEqual([ids.slice(2, 4), 5])
  })

  it('groups can be listed by name, whatever the letter case, of equal names the oldest first', async (world) => {
    const names = ['b', 'Ä', 'B', '', 'a10', 'a9', 'zz', 'b', 'Z', '\u{ff5e}', '\u{1f600}', 'ä', '_', 'A9']
    for (const [n, name] of names.entries()) await world.addGroup({ id: `g${n}`, name })
    const sorted = ['', '_', 'a10', 'a9', 'A9', 'b', 'B', 'b', 'Z', 'zz', 'Ä', 'ä', '\u{ff5e}', '\u{1f600}']
    const { groups } = await world.storage.listGroups({ ...everyGroup, sort: 'name' })
    expect(groups.map(({ name }) => name)).toEqual(sorted)
    expect(idsOf(groups).slice(5, 8)).toEqual(['g0', 'g2', 'g7'])
    expect(await list(world, { sort: '-name' })).toEqual(idsOf(groups).reverse())
    const page = await world.storage.listGroups({ search: '', sort: 'name', page: 3, pageSize: 5 })
    expect([idsOf(page.groups), page.count]).toEqual([idsOf(groups).slice(10), names.length])
  })

  it('a group that is renamed takes its place', async (world) => {
    const [a, b] = [await world.addGroup({ name: 'a' }), await world.addGroup({ name: 'b' })]
    await world.commit(putGroup({ ...a, name: 'c' }))
    expect(await list(world, { sort: 'name' })).toEqual([b.id, a.id])
  })
}

function describeTogether(it: StorageTest): void {
  it('groups can be listed by when they were created', async (world) => {
    const ids = []
    for (const createdAt of [1000, 2000, 3000]) ids.push((await world.addGroup({ createdAt })).id)
    expect(await list(world, { createdAfter: 2000, sort: 'createdAt' })).toEqual(ids.slice(1))
    expect(await list(world, { createdBefore: 2000 })).toEqual(ids.slice(0, 1))
    expect(await list(world, { createdAfter: 1001, createdBefore: 3000 })).toEqual([ids[1]])
    expect(await list(world, { createdAfter: 3000, createdBefore: 3000 })).toEqual([])
  })

  it('a search among filters pages and counts what passes each of them', async (world) => {
    const wanted = []
    for (let n = 0; n < 6; n++) {
      const group = await world.addGroup({ name: `Mail ${n}`, createdAt: 1000 + n })
      if (n % 2 === 0) await world.addTask(group, { holds: Hold.exhausted })
      if (n > 0 && n % 2 === 0) wanted.push(group.id)
    }
    const other = await world.addGroup({ name: 'sms', createdAt: 1010 })
    await world.addTask(other, { holds: Hold.exhausted })
    const query = { search: 'mAIL', states: ['failed'] as const, isFailing: true, createdAfter: 1001 }
    for (const [sort, ids] of [
      ['name', wanted],
      ['-name', wanted.toReversed()],
      ['-createdAt', wanted.toReversed()],
    ] as const) {
      const page = async (number: number) =>
        world.storage.listGroups({ ...query, createdBefore: 1010, sort, page: number, pageSize: 1 })
      const [first, second, third] = [await page(1), await page(2), await page(3)]
      expect([first, second, third].map(({ groups }) => idsOf(groups))).toEqual([[ids[0]], [ids[1]], []])
      expect([first, second, third].map(({ count }) => count)).toEqual([2, 2, 2])
    }
  })
}
