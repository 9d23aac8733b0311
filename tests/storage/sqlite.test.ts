import { afterEach, describe, expect, test } from 'vitest'
import { StorageOpenError } from '../../storage/open-storage.ts'
import { changeSet, insertTask } from '../support/changes.ts'
import { describeTaskStorage } from './conformance.ts'
import { describeStorageModel, modelTestOptions } from './model-run.ts'
import { sqliteFile } from './sqlite-factory.ts'
import { openStorageWorld } from './storage-world.ts'

describeTaskStorage('SQLite on a file', sqliteFile())
describeTaskStorage('SQLite on a file, in a thread of its own', sqliteFile({ isThreaded: true }))
describeStorageModel('SQLite on a file', sqliteFile(), modelTestOptions())

describe('what only SQLite can meet', () => {
  const factory = sqliteFile()
  afterEach(() => factory.cleanup())

  test('a commit that cannot be written takes none of its batch with it', async () => {
    const world = await openStorageWorld(factory)
    const group = await world.addGroup()
    const tasks = [world.task({ groupId: group.id }), world.task({ groupId: group.id })]
    // STRICT tables refuse a fraction in an INTEGER column; no validated task has one.
    const poison = world.task({ groupId: group.id, priority: 0.5 })
    const commit = (...some: typeof tasks) => world.storage.commit([changeSet({ changes: some.map(insertTask) })])
    const [first, bad, second] = await Promise.allSettled([
      commit(...tasks.slice(0, 1)),
      commit(world.task({ groupId: group.id }), poison),
      commit(...tasks.slice(1)),
    ])
    expect([first.status, bad.status, second.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await world.listIds(group)).toEqual(tasks.map(({ id }) => id))
    expect((await world.loadGroup(group)).counts.waiting).toBe(2)
    expect((await world.storage.audit()).faults).toEqual([])
    expect(await world.claimIds()).toEqual(tasks.map(({ id }) => id))
    await world.close()
  })

  test('a store that is in use is not opened a second time', async () => {
    const world = await openStorageWorld(factory)
    const again = factory.reopen?.({ clock: world.clock, bootId: 'second' })
    await expect(again).rejects.toThrow(StorageOpenError)
    await world.addGroup()
    await world.close()
  })
})
