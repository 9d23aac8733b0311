import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test } from 'vitest'
import { sentenceOf } from '../../server/core/fault.ts'
import { Hold } from '../../server/core/task.ts'
import { SqliteSnapshot } from '../../storage/sqlite/snapshot.ts'
import { holdWork } from '../support/changes.ts'
import { sqliteFile } from './sqlite-factory.ts'
import { makeEveryState, openStorageWorld } from './storage-world.ts'

const files = sqliteFile()
afterEach(() => files.cleanup())

/** What a look at the file finds, beside a server that has it open. */
function check(): string[] {
  const snapshot = new SqliteSnapshot(files.path())
  try {
    return snapshot.check(() => {}).map(sentenceOf)
  } finally {
    snapshot.close()
  }
}

describe('what a check of a file finds', () => {
  test.each([
    ['a counter of a group', 'UPDATE task_group SET failed = failed + 1', 'failed is 2, a full scan says 1'],
    ['the weights of a group', 'UPDATE task_group SET weight_done = 5', 'weight_done is 5, a full scan says 1000000'],
    ['when a group finished', 'UPDATE task_group SET finished_at = 5', 'when it finished is 5, a full scan says none'],
    ['a countdown', "UPDATE task SET unfinished_parents = 2 WHERE parent_ids <> '[]'", 'parents it waits for is 2'],
    [
      'a parent that is gone',
      `UPDATE task SET parent_ids = '["gone"]' WHERE parent_ids <> '[]'`,
      'its parent gone is missing, a full scan says a task',
    ],
    ['an edge', 'INSERT INTO edge VALUES (98, 99)', 'edge 98 to 99: its ends is missing or apart'],
    ['a lost edge', 'DELETE FROM edge', 'the number of its edges is 0, a full scan says 1'],
    ['a counter of a lane', 'UPDATE lane SET done = done + 1', 'tasks, 2 of them complete, a full scan says'],
    ['a lost lane', 'DELETE FROM lane', 'its group and lane is missing'],
    ['a task set aside for nobody', 'UPDATE task SET is_parked = 1 WHERE seq = 7', 'what it was set aside for'],
    [
      'a stray row',
      "INSERT INTO payload VALUES (99, 'input', '1')",
      'row payload: the number that belong to no task is 1',
    ],
    ['a lost input', 'UPDATE task SET input = NULL WHERE seq = 1', 'its input is missing, a full scan says there'],
    ['a document of a task', "UPDATE task SET errors = '[' WHERE seq = 1", 'its errors is something else'],
    ['a document of a gate', "UPDATE gate SET hold = '{'", 'gate workgroup held: its hold is something else'],
    [
      'the kind of an error',
      "UPDATE task SET error_kind = 'x' WHERE seq = 1",
      'the kind of its error is x, a full scan says',
    ],
    ['the end of a hold', 'UPDATE gate SET held_until = 5', 'gate workgroup held: the end of its hold is 5'],
  ])('%s', async (_, sql, sentence) => {
    const world = await openStorageWorld(files)
    await makeEveryState(world)
    await world.commit(holdWork('workgroup', 'held', world.clock.now() + 90_000, 'again'))
    expect(check()).toEqual([])
    await world.close()
    const db = new DatabaseSync(files.path())
    db.exec(sql)
    db.close()
    expect(check().join('\n')).toContain(sentence)
  })

  test('pages that are damaged', async () => {
    const world = await openStorageWorld(files)
    const group = await world.addGroup()
    for (let made = 0; made < 50; made++) await world.addTask(group, { holds: Hold.complete })
    await world.close()
    const db = new DatabaseSync(files.path())
    db.enableDefensive?.(false)
    db.exec(`PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'task_failed'`)
    db.close()
    expect(check().join('\n')).toContain('its structure is ')
  })

  test('nothing, while a server goes on writing', async () => {
    const world = await openStorageWorld(files)
    const group = await world.addGroup()
    await world.addTask(group)
    const snapshot = new SqliteSnapshot(files.path())
    expect(snapshot.count().tasks).toBe(1)
    await world.addTask(group)
    expect(snapshot.count().tasks).toBe(1)
    expect(snapshot.check(() => {})).toEqual([])
    snapshot.close()
    await world.close()
  })
})
