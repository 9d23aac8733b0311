import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test, vi } from 'vitest'
import { sentenceOf } from '../../server/core/fault.ts'
import type { Task } from '../../server/core/task.ts'
import { SqliteSnapshot } from '../../storage/sqlite/snapshot.ts'
import { changeSet, insertTask } from '../support/changes.ts'
import { sqliteFile } from './sqlite-factory.ts'
import { openStorageWorld } from './storage-world.ts'

const files = sqliteFile()
afterEach(() => files.cleanup())

/** Pages of 4 KiB: room for some tens of tasks, then none in the middle of a batch. */
const ROOM = 30
const BATCH = 7
const MOST = 4_294_967_294
/** So that one takes a page of its own, and each table and index runs out at another moment. */
const LARGE = JSON.stringify('x'.repeat(3000))

/** What no file system does as exactly: from here on the file has so many more pages, and not one besides. */
async function openLimited() {
  const spy = vi.spyOn(DatabaseSync.prototype, 'exec')
  const world = await openStorageWorld(files)
  // The lock of the file is one as well, of another file.
  const connection = spy.mock.contexts.at(-1) as DatabaseSync
  expect(connection.location()).toBe(files.path())
  const limitTo = (pages: number): void => connection.exec(`PRAGMA max_page_count = ${pages}`)
  const { page_count: pages } = connection.prepare('PRAGMA page_count').get() as { page_count: number }
  return { world, limitTo, pages }
}

test('a file that has no page left refuses whole change sets, keeps all that it took, and goes on when it has more', async () => {
  const { world, limitTo, pages } = await openLimited()
  const group = await world.addGroup()
  const acknowledged: string[] = []
  const refused: string[] = []
  const offer = async (fields: Partial<Task>): Promise<void> => {
    const task = world.task({ groupId: group.id, ...fields })
    const changes = [insertTask(task)]
    const answer = await world.storage.commit([changeSet({ changes })]).catch((error: { code: string }) => error.code)
    if (answer === 'storage_full') return void refused.push(task.id)
    expect(answer).toEqual(['applied'])
    acknowledged.push(task.id)
  }
  let made = 0
  // Each of a worker that nobody had before, as names are kept in memory; together, so that a batch finds room for a part of it.
  const offerSome = (): Promise<unknown> =>
    Promise.all(
      Array.from({ length: BATCH }, (_, at) => offer({ worker: `w${made++}`, ...(at % 2 === 0 && { input: LARGE }) })),
    )

  limitTo(pages + ROOM)
  while (refused.length < 3 * BATCH) await offerSome()
  expect(acknowledged.length).toBeGreaterThan(BATCH)
  expect((await world.listIds(group)).toSorted()).toEqual(acknowledged.toSorted())
  expect(checkFile()).toEqual([])
  expect((await world.storage.audit()).faults).toEqual([])

  limitTo(MOST)
  const refusedBefore = refused.length
  await offerSome()
  expect(refused).toHaveLength(refusedBefore)
  expect((await world.claimIds()).toSorted()).toEqual(acknowledged.toSorted())
  expect((await world.storage.audit()).faults).toEqual([])
  await world.reopen()
  expect((await world.listIds(group)).toSorted()).toEqual(acknowledged.toSorted())
  expect(checkFile()).toEqual([])
  await world.close()
})

/** Pages, indexes and books, by a connection of its own. */
function checkFile(): string[] {
  const snapshot = new SqliteSnapshot(files.path())
  try {
    return snapshot.check(() => {}).map(sentenceOf)
  } finally {
    snapshot.close()
  }
}
