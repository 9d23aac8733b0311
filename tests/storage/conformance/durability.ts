import { expect } from 'vitest'
import { Hold } from '../../../server/core/task.ts'
import { addAttempt, changeSet, failure, holdWork, insertTask, putGroup } from '../../support/changes.ts'
import { makeAttempt } from '../../support/make.ts'
import type { StorageTest } from '../conformance.ts'
import { everyGroup, everyTask, idsOf, makeEveryState, type StorageFactory } from '../storage-world.ts'

/** What an engine says about itself, and that a store opened again is the store that was closed. */
export function describeDurability(it: StorageTest, factory: StorageFactory): void {
  it('the engine says what survives', async ({ storage }) => {
    const { survives, detail } = storage.durability
    if (factory.isDurable) expect(survives).not.toBe('none')
    else expect(survives).toBe('none')
    expect(detail).not.toBe('')
  })

  it.durable('a store opened again has everything it had', async (world) => {
    const made = await makeEveryState(world)
    const groupId = String(made.ready?.groupId)
    const large = await world.addTask(
      { id: groupId },
      { input: JSON.stringify('x'.repeat(100_000)), metadata: { a: 'b' } },
    )
    await world.commit(
      addAttempt(large.id, makeAttempt()),
      holdWork('worker', 'other', world.clock.now() + 9_000, 'why'),
    )
    await world.storage.putRecord('settings', '{"a":1}')
    const all = async () => ({
      fingerprint: await world.fingerprint(),
      groups: await world.storage.listGroups(everyGroup),
      tasks: await world.storage.listTasks(everyTask(groupId)),
      holds: [await world.storage.listHolds('worker'), await world.storage.listHolds('workgroup')],
      workgroups: await world.storage.listWorkgroups({ page: 1, pageSize: 0 }),
      attempts: await world.storage.listAttempts(large.id),
      record: await world.storage.getRecord('settings'),
      byMetadata: await world.listIds({ id: groupId }, { metadata: { a: 'b' } }),
    })
    const before = await all()
    await world.reopen()
    expect(await all()).toEqual(before)
  })

  it.durable('what was claimable before is claimable after, in the same order', async (world) => {
    const group = await world.addGroup()
    const now = world.clock.now()
    const low = await world.addTask(group, { priority: -1 })
    const high = await world.addTask(group, { priority: 1 })
    const soon = await world.addTask(group, { runAfter: now + 100 })
    const held = await world.addTask(group, { workgroup: 'held', runAfter: now + 200 })
    await world.addTask(group, { holds: Hold.paused })
    await world.addTask(await world.addGroup({ isPaused: true }))
    await world.commit(holdWork('workgroup', 'held', now + 300))
    await world.reopen()
    const request = { limit: 9, slots: new Map(), slotsPerWorker: 9, maxLeasesPerWorker: 1_000, until: now + 60_000 }
    const first = await world.storage.claim(request)
    expect([idsOf(first.tasks.map(({ task }) => task)), first.nextDueAt]).toEqual([idsOf([high, low]), now + 100])
    world.clock.advance(200)
    expect(await world.claimIds()).toEqual([soon.id])
    world.clock.advance(100)
    expect(await world.claimIds()).toEqual([held.id])
  })

  it.durable('a group paused before is paused after, and resumes', async (world) => {
    const group = await world.addGroup({ isPaused: true })
    const task = await world.addTask(group)
    await world.reopen()
    expect(await world.claimIds()).toEqual([])
    await world.commit(putGroup({ ...group, isPaused: false }))
    expect(await world.claimIds()).toEqual([task.id])
  })

  it.durable('a result repeated after a restart is a duplicate', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const result = failure(await world.claimTask(task))
    await world.tryCommit(result)
    await world.reopen()
    expect(await world.tryCommit(result)).toBe('duplicate')
  })

  it.durable('what was answered while the store closed is there afterwards', async (world) => {
    const group = await world.addGroup()
    const tasks = Array.from({ length: 50 }, () => world.task({ groupId: group.id }))
    const answers = tasks.map(async (task) => {
      const result = await world.storage.commit([changeSet({ changes: [insertTask(task)] })]).catch(() => ['refused'])
      return result[0] === 'applied' ? [task.id] : []
    })
    await world.reopen()
    const acknowledged = (await Promise.all(answers)).flat()
    expect(await world.listIds(group)).toEqual(expect.arrayContaining(acknowledged))
  })

  it.durable('a store can be opened again and again', async (world) => {
    const group = await world.addGroup()
    const ids: string[] = []
    for (let n = 0; n < 4; n++) {
      ids.push((await world.addTask(group)).id)
      await world.reopen()
      expect(await world.listIds(group)).toEqual(ids)
    }
  })
}
