import { expect } from 'vitest'
import { Hold, type Task } from '../../../server/core/task.ts'
import type { TaskGroup } from '../../../server/core/task-group.ts'
import {
  completion,
  deleteGroup,
  deleteTask,
  failure,
  ifLeased,
  insertTask,
  patchTask,
  success,
} from '../../support/changes.ts'
import type { StorageTest } from '../conformance.ts'
import { idsOf, LEASE_MS, type StorageWorld, sortedIds } from '../storage-world.ts'

/** Of the tasks with one merge key at most one holds a lease (I3, I8). */
export function describeMergeKeys(it: StorageTest): void {
  describeExclusion(it)
  describeRelease(it)
  describeEditedKeys(it)
  describeDuplicates(it)
}

const keyed = (mergeKey: string): Partial<Task> => ({ key: mergeKey, mergeKey })

const addTwo = async (world: StorageWorld, group: TaskGroup, mergeKey = 'k'): Promise<[Task, Task]> => [
  await world.addTask(group, keyed(mergeKey)),
  await world.addTask(group, keyed(mergeKey)),
]

function describeExclusion(it: StorageTest): void {
  it('one claim takes one task of a key', async (world) => {
    const group = await world.addGroup()
    const [first] = await addTwo(world, group)
    const other = await world.addTask(group, keyed('other'))
    expect(await world.claimIds()).toEqual([first.id, other.id])
    expect(await world.claimIds()).toEqual([])
  })

  it.acrossGroups('a key excludes over groups, workers and priorities', async (world) => {
    for (const worker of ['a', 'b', 'c']) {
      await world.addTask(await world.addGroup(), { ...keyed('k'), worker, priority: worker === 'b' ? 1 : 0 })
    }
    expect(await world.claimIds()).toHaveLength(1)
    expect(await world.claimIds()).toEqual([])
  })

  it('claims made at the same time take one task of a key', async (world) => {
    const group = await world.addGroup()
    await world.commit(
      ...Array.from({ length: 20 }, () => insertTask(world.task({ groupId: group.id, ...keyed('k') }))),
    )
    const claims = await Promise.all(Array.from({ length: 8 }, () => world.claimIds({ limit: 3 })))
    expect(claims.flat()).toHaveLength(1)
  })

  it('tasks without a key exclude nobody', async (world) => {
    const group = await world.addGroup()
    const tasks = await addTwo(world, group, '')
    expect(await world.claimIds()).toEqual(idsOf(tasks))
  })

  it('a task that waits for its key does not hold up the tasks behind it', async (world) => {
    const group = await world.addGroup()
    await addTwo(world, group)
    await world.claimIds()
    const behind = await world.addTask(group, { priority: -1 })
    expect(await world.claimIds({ limit: 1 })).toEqual([behind.id])
  })

  it('hundreds of tasks that wait for their key hide nobody behind them', async (world) => {
    const group = await world.addGroup()
    const running = await world.addTask(group, keyed('k'))
    await world.claimTask(running)
    const waiting = Array.from({ length: 400 }, () => insertTask(world.task({ groupId: group.id, ...keyed('k') })))
    await world.commit(...waiting)
    const behind = await world.addTask(group)
    const request = {
      limit: 1,
      slots: new Map(),
      slotsPerWorker: 1,
      maxLeasesPerWorker: 1_000,
      until: world.clock.now() + LEASE_MS,
    }
    let claim = await world.storage.claim(request)
    // An engine may look at a bounded number of them in one claim; then it says that it is to be asked again at once.
    for (let n = 0; n < 400 && claim.tasks.length === 0; n++) {
      expect(claim.nextDueAt).toBe(world.clock.now())
      claim = await world.storage.claim(request)
    }
    expect(idsOf(claim.tasks.map(({ task }) => task))).toEqual([behind.id])
  })

  it('a duplicate that comes later waits too', async (world) => {
    const group = await world.addGroup()
    const running = await world.addTask(group, keyed('k'))
    const claimed = await world.claimTask(running)
    const late = await world.addTask(group, { ...keyed('k'), priority: 5 })
    expect(await world.claimIds()).toEqual([])
    await world.tryCommit(success(claimed))
    expect(await world.claimIds()).toEqual([late.id])
  })

  it('an expired lease still excludes until somebody ends it', async (world) => {
    const group = await world.addGroup()
    const [first, second] = await addTwo(world, group)
    await world.claimTask(first)
    world.clock.advance(3_600_000)
    expect(await world.claimIds()).toEqual([])
    await world.commit(patchTask(first.id, { holds: Hold.paused }, 'fence'))
    expect(await world.claimIds()).toEqual([second.id])
  })

  it('a set that is undone does not free the key', async (world) => {
    const group = await world.addGroup()
    const [first, second] = await addTwo(world, group)
    const claimed = await world.claimTask(first)
    const taken = insertTask(world.task({ id: second.id, groupId: group.id }))
    for (const end of [completion(first.id), [deleteTask(first.id)], [patchTask(first.id, {}, 'fence')]]) {
      expect(await world.tryCommit({ guards: [ifLeased(claimed)], changes: [...end, taken] })).toBe('conflict')
      expect(await world.claimIds()).toEqual([])
    }
    expect(await world.tryCommit(success(claimed))).toBe('applied')
    expect(await world.claimIds()).toEqual([second.id])
  })

  it.durable('a key excludes also after the store is opened again', async (world) => {
    const group = await world.addGroup()
    const [first, second] = await addTwo(world, group)
    await world.claimTask(first)
    await world.reopen()
    expect(await world.claimIds()).toEqual([])
    await world.commit(...completion(first.id))
    expect(await world.claimIds()).toEqual([second.id])
  })
}

function describeRelease(it: StorageTest): void {
  const ends: [string, (world: StorageWorld, task: Task) => Promise<void>][] = [
    ['a success', async (world, task) => world.commit(...completion(task.id))],
    ['a fence', async (world, task) => world.commit(patchTask(task.id, { holds: Hold.paused }, 'fence'))],
    ['deleting its task', async (world, task) => world.commit(deleteTask(task.id))],
  ]
  for (const [end, apply] of ends) {
    it(`${end} frees the key`, async (world) => {
      const group = await world.addGroup()
      const first = await world.addTask(group, { ...keyed('k'), priority: 9 })
      await world.claimTask(first)
      const waiting = await addTwo(world, group)
      expect(await world.claimIds()).toEqual([])
      await apply(world, first)
      expect(await world.claimIds()).toEqual([waiting[0].id])
    })
  }

  it.acrossGroups('deleting its group frees the key', async (world) => {
    const first = await world.addTask(await world.addGroup(), keyed('k'))
    await world.claimTask(first)
    const waiting = await addTwo(world, await world.addGroup())
    expect(await world.claimIds()).toEqual([])
    await world.commit(deleteGroup(first.groupId))
    expect(await world.claimIds()).toEqual([waiting[0].id])
  })

  it('a failure frees the key for whoever is first', async (world) => {
    const group = await world.addGroup()
    const [first, second] = await addTwo(world, group)
    const claimed = await world.claimTask(first)
    await world.tryCommit(failure(claimed, { runAfter: world.clock.now() + 1_000 }))
    const next = await world.claimTask(second)
    world.clock.advance(1_000)
    expect(await world.claimIds()).toEqual([])
    await world.tryCommit(success(next))
    expect(await world.claimIds()).toEqual([first.id])
  })

  it('what waited for the key takes its place in the order again', async (world) => {
    const group = await world.addGroup()
    const [first, second] = await addTwo(world, group)
    const claimed = await world.claimTask(first)
    await world.claimIds()
    const behind = await world.addTask(group)
    await world.tryCommit(success(claimed))
    expect(await world.claimIds()).toEqual([second.id, behind.id])
  })

  it('a task that waited for its key can be paused, moved, finished and deleted meanwhile', async (world) => {
    const group = await world.addGroup()
    const [first, paused, moved, finished, deleted] = [
      await world.addTask(group, keyed('k')),
      await world.addTask(group, keyed('k')),
      await world.addTask(group, keyed('k')),
      await world.addTask(group, keyed('k')),
      await world.addTask(group, keyed('k')),
    ]
    const claimed = await world.claimTask(first)
    await world.claimIds()
    await world.commit(
      patchTask(paused.id, { holds: Hold.paused }),
      patchTask(moved.id, { worker: 'other', workgroup: 'wg', priority: -3 }),
      patchTask(finished.id, { holds: Hold.complete }),
      deleteTask(deleted.id),
    )
    expect(await world.claimIds()).toEqual([])
    await world.tryCommit(success(claimed))
    expect(await world.claimIds()).toEqual([moved.id])
  })
}

function describeEditedKeys(it: StorageTest): void {
  it('a waiting task that loses its key can be claimed', async (world) => {
    const group = await world.addGroup()
    const [first, second] = await addTwo(world, group)
    await world.claimTask(first)
    await world.claimIds()
    await world.commit(patchTask(second.id, keyed('')))
    expect(await world.claimIds()).toEqual([second.id])
  })

  it('a task that gets the key of a running one waits', async (world) => {
    const group = await world.addGroup()
    const first = await world.addTask(group, keyed('k'))
    await world.claimTask(first)
    const second = await world.addTask(group, keyed('other'))
    await world.commit(patchTask(second.id, keyed('k')))
    expect(await world.claimIds()).toEqual([])
  })

  it('a running task that loses its key frees it', async (world) => {
    const group = await world.addGroup()
    const [first, second] = await addTwo(world, group)
    await world.claimTask(first)
    await world.claimIds()
    await world.commit(patchTask(first.id, keyed('new')))
    expect(await world.claimIds()).toEqual([second.id])
    await world.addTask(group, keyed('new'))
    expect(await world.claimIds()).toEqual([])
  })

  it('a running task that takes a key excludes those that carry it', async (world) => {
    const group = await world.addGroup()
    const first = await world.addTask(group)
    const claimed = await world.claimTask(first)
    await world.commit(patchTask(first.id, keyed('k')))
    const second = await world.addTask(group, keyed('k'))
    expect(await world.claimIds()).toEqual([])
    await world.tryCommit(success({ ...claimed, task: await world.load(first) }))
    expect(await world.claimIds()).toEqual([second.id])
  })

  it('two running tasks that share a key by an edit both have to end', async (world) => {
    const group = await world.addGroup()
    const [one, two] = [await world.addTask(group, keyed('a')), await world.addTask(group, keyed('b'))]
    await world.claim()
    await world.commit(patchTask(two.id, keyed('a')))
    const waiting = await world.addTask(group, keyed('a'))
    await world.commit(...completion(one.id))
    expect(await world.claimIds()).toEqual([])
    await world.commit(...completion(two.id))
    expect(await world.claimIds()).toEqual([waiting.id])
  })
}

function describeDuplicates(it: StorageTest): void {
  it('duplicates are the incomplete tasks of a key, wherever they are', async (world) => {
    const [group, elsewhere] = [await world.addGroup(), await world.addGroup()]
    const [first, second] = await addTwo(world, group)
    const paused = await world.addTask(elsewhere, { ...keyed('k'), holds: Hold.paused })
    await world.addTask(group, { ...keyed('k'), holds: Hold.complete })
    await world.addTask(group, keyed('other'))
    expect(sortedIds(await world.storage.listDuplicates('k'))).toEqual(sortedIds([first, second, paused]))
    expect(await world.storage.listDuplicates('nobody')).toEqual([])
  })

  it('tasks without a key are nobody’s duplicates', async (world) => {
    await world.addTask(await world.addGroup())
    expect(await world.storage.listDuplicates('')).toEqual([])
  })
}
