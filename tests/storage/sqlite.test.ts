import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test } from 'vitest'
import { sentenceOf } from '../../server/core/fault.ts'
import { fingerprintOf } from '../../server/core/fingerprint.ts'
import { DEFAULT_GROUP_SETTINGS } from '../../server/core/group-settings.ts'
import { Hold } from '../../server/core/task.ts'
import { lettersByShape } from '../../server/core/task-group.ts'
import { StorageOpenError } from '../../storage/open-storage.ts'
import { changeSet, insertTask } from '../support/changes.ts'
import { describeTaskStorage } from './conformance.ts'
import { describeStorageModel, modelTestOptions } from './model-run.ts'
import { sqliteFile } from './sqlite-factory.ts'
import { openStorageWorld } from './storage-world.ts'

describeTaskStorage('SQLite on a file', sqliteFile())
describeTaskStorage('SQLite on a file, in a thread of its own', sqliteFile({ isThreaded: true }))
describeStorageModel('SQLite on a file', sqliteFile(), modelTestOptions())

/** What makes a file one of a version before 5, and before 4. */
const WITHOUT_ERROR_KINDS = `DROP INDEX task_trying; DROP INDEX task_failed; ALTER TABLE task DROP COLUMN error_kind;
  CREATE INDEX task_failed ON task (group_seq, seq) WHERE holds & 6 = 4;`
const WITHOUT_FAILED_AT = `${WITHOUT_ERROR_KINDS} DROP INDEX task_group_failed_at; ALTER TABLE task_group DROP COLUMN failed_at;`

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

  test('the audit notices a group that is listed under another state than that of its books', async () => {
    const world = await openStorageWorld(factory)
    await world.addTask(await world.addGroup())
    await world.storage.close()
    // The column's expression as another version might have written it.
    const db = new DatabaseSync(factory.path())
    db.enableDefensive?.(false)
    db.exec('PRAGMA writable_schema = ON')
    db.prepare('UPDATE sqlite_schema SET sql = replace(sql, ?, ?)').run(lettersByShape, 'p'.repeat(256))
    db.close()
    const again = await factory.reopen?.({ clock: world.clock, bootId: 'second' })
    const faults = (await again?.audit())?.faults.map(sentenceOf)
    await again?.close()
    expect(faults).toContainEqual(expect.stringContaining('the state it is listed under is p, a full scan says a'))
    expect(faults).toContainEqual(expect.stringContaining('index groups by state: 1 p is'))
  })

  test.each([false, true])(
    'a store made before its tables were as they are is refused in one sentence (in a thread: %s)',
    async (isThreaded) => {
      const files = sqliteFile({ isThreaded })
      const world = await openStorageWorld(files)
      await world.close()
      const db = new DatabaseSync(files.path())
      db.exec('DROP INDEX task_group_state; ALTER TABLE task_group DROP COLUMN state')
      db.close()
      const again = files.reopen?.({ clock: world.clock, bootId: 'second' })
      await expect(again).rejects.toThrow(StorageOpenError)
      await expect(again).rejects.toThrow(
        `${files.path()} was made before the first release of Crew and lacks the index task_group_state: start with a new file`,
      )
      await files.cleanup()
    },
  )

  test('a store of version 1 becomes one of this version, with all that is in it', async () => {
    const files = sqliteFile()
    const world = await openStorageWorld(files)
    const task = await world.addTask(await world.addGroup())
    const whole = await world.storage.audit()
    await world.storage.close()
    const db = new DatabaseSync(files.path())
    db.exec(`${WITHOUT_FAILED_AT} DROP INDEX task_group_state;
      ALTER TABLE task_group DROP COLUMN state; ALTER TABLE task_group DROP COLUMN settings; ALTER TABLE task_group DROP COLUMN stopped_by;
      ALTER TABLE task_group ADD COLUMN state TEXT NOT NULL GENERATED ALWAYS AS (substr('${lettersByShape.slice(0, 128)}', 1 +
        (succeeded > 0) + 2 * (running > 0) + 4 * (failed > 0) + 8 * (paused > 0) + 16 * (blocked > 0) + 32 * (waiting > 0) +
        64 * is_paused, 1)) VIRTUAL;
      CREATE INDEX task_group_state ON task_group (state); ALTER TABLE lane DROP COLUMN done; DROP INDEX record_ending; PRAGMA user_version = 1`)
    db.close()
    for (const bootId of ['second', 'third']) {
      const again = await files.reopen?.({ clock: world.clock, bootId })
      expect(await again?.findGroup(task.groupId)).toMatchObject({ settings: DEFAULT_GROUP_SETTINGS })
      expect((await again?.audit())?.faults).toEqual(whole.faults)
      await again?.close()
    }
    await files.cleanup()
  })

  test('a store of version 2 counts what is complete in it, once', async () => {
    const files = sqliteFile()
    const world = await openStorageWorld(files)
    const group = await world.addGroup()
    for (const holds of [0, Hold.complete, Hold.complete, Hold.complete | Hold.paused])
      await world.addTask(group, { worker: 'w', holds })
    await world.addTask(group, { worker: 'v', holds: Hold.exhausted })
    const query = { page: 1, pageSize: 0 }
    const { workers } = await world.storage.listWorkers(query)
    expect(workers.map(({ total, completed }) => [total, completed])).toEqual([
      [1, 0],
      [4, 3],
    ])
    await world.storage.close()
    const db = new DatabaseSync(files.path())
    db.exec(`${WITHOUT_FAILED_AT} ALTER TABLE lane DROP COLUMN done; PRAGMA user_version = 2`)
    db.close()
    for (const bootId of ['second', 'third']) {
      const again = await files.reopen?.({ clock: world.clock, bootId })
      expect((await again?.listWorkers(query))?.workers).toEqual(workers)
      expect((await again?.audit())?.faults).toEqual([])
      await again?.close()
    }
    await files.cleanup()
  })

  test('in a store of version 3 what has failed is kept from now on', async () => {
    const files = sqliteFile()
    const world = await openStorageWorld(files)
    const failed = await world.addGroup()
    await world.addTask(failed, { holds: Hold.exhausted })
    await world.addTask(await world.addGroup(), { holds: 0 })
    await world.storage.close()
    const db = new DatabaseSync(files.path())
    db.exec(`${WITHOUT_FAILED_AT} PRAGMA user_version = 3`)
    db.close()
    for (const bootId of ['second', 'third']) {
      const again = await files.reopen?.({ clock: world.clock, bootId })
      const ended = await again?.listEndedGroups({ ending: 'failed', before: Number.MAX_SAFE_INTEGER, limit: 9 })
      expect(ended).toEqual([{ id: failed.id, endedAt: expect.any(Number) }])
      expect((await again?.audit())?.faults).toEqual([])
      await again?.close()
    }
    await files.cleanup()
  })

  test('in a store of version 4 the kinds of all errors are noted, once', async () => {
    const files = sqliteFile()
    const world = await openStorageWorld(files)
    const group = await world.addGroup()
    const errors = (at: number) => (at % 3 === 0 ? [] : ['an older one', `no row ${at}`])
    const tasks = Array.from({ length: 1201 }, (_, at) =>
      world.task({ groupId: group.id, holds: Hold.exhausted, errors: errors(at) }),
    )
    await world.commit(...tasks.map(insertTask))
    const failing = await world.storage.listFailing({ limit: 2000 })
    expect(failing.filter(({ errorKind }) => errorKind === fingerprintOf('no row 1'))).toHaveLength(800)
    await world.storage.close()
    const db = new DatabaseSync(files.path())
    db.exec(`${WITHOUT_ERROR_KINDS} PRAGMA user_version = 4`)
    db.close()
    for (const bootId of ['second', 'third']) {
      const again = await files.reopen?.({ clock: world.clock, bootId })
      expect(await again?.listFailing({ limit: 2000 })).toEqual(failing)
      expect((await again?.audit())?.faults).toEqual([])
      await again?.close()
    }
    await files.cleanup()
  })

  test('a store of a newer version is refused', async () => {
    const files = sqliteFile()
    const world = await openStorageWorld(files)
    await world.storage.close()
    const db = new DatabaseSync(files.path())
    db.exec('PRAGMA user_version = 99')
    db.close()
    const again = files.reopen?.({ clock: world.clock, bootId: 'second' })
    await expect(again).rejects.toThrow('was written by a newer Crew (schema 99')
    await files.cleanup()
  })

  test('what a store writes only its owner may read', async () => {
    const world = await openStorageWorld(factory)
    await world.addGroup()
    for (const part of ['', '-wal', '-shm', '-lock']) expect(statSync(factory.path() + part).mode & 0o777).toBe(0o600)
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
