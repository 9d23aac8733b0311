import { expect } from 'vitest'
import { taskCount } from '../../../server/core/task-group.ts'
import { changeSet, ifUnchanged, insertTask, patchTask, success } from '../../support/changes.ts'
import type { StorageTest } from '../conformance.ts'
import { everyGroup, everyTask, idsOf, sortedIds } from '../storage-world.ts'

/** Calls that are on their way together may share a transaction, and must not see each other half done. */
export function describeCallsAtOnce(it: StorageTest): void {
  it('commits made at the same time are each answered', async (world) => {
    const group = await world.addGroup()
    const tasks = Array.from({ length: 200 }, () => world.task({ groupId: group.id }))
    const results = await Promise.all(
      tasks.map((task) => world.storage.commit([changeSet({ changes: [insertTask(task)] })])),
    )
    expect(results.flat()).toEqual(tasks.map(() => 'applied'))
    expect(await world.listIds(group)).toEqual(idsOf(tasks))
  })

  it('of edits made at the same time to one version exactly one is applied', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const edits = Array.from({ length: 20 }, (_, n) =>
      changeSet({ guards: [ifUnchanged(task)], changes: [patchTask(task.id, { name: `edit ${n}` })] }),
    )
    const results = (await Promise.all(edits.map((edit) => world.storage.commit([edit])))).flat()
    expect(results.filter((result) => result === 'applied')).toHaveLength(1)
    expect(results.filter((result) => result === 'conflict')).toHaveLength(19)
    expect((await world.load(task)).version).toBe(task.version + 1)
  })

  it('what is read while a set is written has all of it or nothing', async (world) => {
    const group = await world.addGroup()
    const { storage } = world
    const tasks = Array.from({ length: 5 }, () => world.task({ groupId: group.id, runAfter: world.clock.now() + 5 }))
    const write = storage.commit([changeSet({ changes: tasks.map(insertTask) })])
    const [counted, listed, page, open, audit] = await Promise.all([
      storage.getGroup(group.id),
      storage.listGroups(everyGroup),
      storage.listTasks(everyTask(group.id)),
      storage.listTasks({ ...everyTask(group.id), skipCompleted: true }),
      storage.audit(),
      write,
    ])
    for (const each of [counted, listed.groups[0]]) {
      expect(each?.counts.waiting).toBeOneOf([0, tasks.length])
      expect(each?.waiting.scheduled).toBe(each?.counts.waiting)
      expect(each?.weightTotal).toBe((each?.counts.waiting ?? 0) * 1_000_000)
    }
    for (const { tasks: found, count } of [page, open]) expect(found).toHaveLength(count)
    expect(audit.faults).toEqual([])
  })

  it('what is read while tasks are claimed and completed is whole', async (world) => {
    const group = await world.addGroup()
    await world.commit(...Array.from({ length: 9 }, () => insertTask(world.task({ groupId: group.id }))))
    const claimed = await world.claim({ limit: 4 })
    const { storage } = world
    const [, , counted, audit, finished] = await Promise.all([
      storage.commit(claimed.map((one) => success(one))),
      world.claim({ limit: 3 }),
      storage.getGroup(group.id),
      storage.audit(),
      storage.listEndedGroups({ ending: 'succeeded', before: world.clock.now() + 1, limit: 5 }),
    ])
    expect(counted && taskCount(counted)).toBe(9)
    expect(audit.faults).toEqual([])
    expect(finished).toEqual([])
    expect((await world.loadGroup(group)).counts).toMatchObject({ succeeded: 4, running: 3, waiting: 2 })
  })

  it('a task inserted while others claim is claimed once', async (world) => {
    const group = await world.addGroup()
    const tasks = Array.from({ length: 30 }, () => world.task({ groupId: group.id }))
    const claims: Promise<string[]>[] = []
    const inserts: Promise<unknown>[] = []
    for (const task of tasks) {
      claims.push(world.claimIds({ limit: 2 }))
      inserts.push(world.commit(insertTask(task)))
    }
    await Promise.all(inserts)
    const claimed = (await Promise.all(claims)).flat()
    claimed.push(...(await world.claimIds()))
    expect(claimed.sort()).toEqual(sortedIds(tasks))
  })
}
