import { expect, test } from 'vitest'
import { clean } from '../../server/controller/retention.ts'
import { noteSize } from '../../server/controller/size-watch.ts'
import { SAMPLE_EVERY_MS, SIZES_RECORD, sizesFrom } from '../../server/core/storage-forecast.ts'
import { Hold } from '../../server/core/task.ts'
import { openSqliteStorage } from '../../storage/sqlite/sqlite-storage.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { changeSet, insertTask, putGroup } from '../support/changes.ts'
import { makeWorld } from '../support/make.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }
const KEEP = { keepMs: 1000, keepFailedMs: 5000, maxBytes: null }

async function openWorld() {
  const made = makeWorld()
  const storage = await openSqliteStorage({ path: ':memory:', clock: made.clock })
  const addGroup = async (...holds: readonly number[]) => {
    const group = made.group()
    const tasks = holds.map((each) => insertTask(made.task({ groupId: group.id, holds: each })))
    await storage.commit([changeSet({ changes: [putGroup(group), ...tasks] })])
    return group.id
  }
  const has = async (id: string) => (await storage.findGroup(id)) !== null
  return { ...made, storage, addGroup, has, options: { storage, clock: made.clock, logger } }
}

/** A store that tells a size: so many bytes a task. */
const measured = (storage: TaskStorage, bytesPerTask: number): TaskStorage => ({
  ...storage,
  listEndedGroups: (query) => storage.listEndedGroups(query),
  getGroup: (id) => storage.getGroup(id),
  commit: (sets) => storage.commit(sets),
  getRecord: (key) => storage.getRecord(key),
  putRecord: (key, value, at) => storage.putRecord(key, value, at),
  countTasks: () => storage.countTasks(),
  room: async () => ({ usedBytes: (await storage.countTasks()) * bytesPerTask, freeBytes: 1e6 }),
})

test('groups go when their time is over, those with failures later, and no others', async () => {
  const world = await openWorld()
  const [done, failed, stuck] = [
    await world.addGroup(Hold.complete, Hold.complete),
    await world.addGroup(Hold.complete, Hold.exhausted),
    await world.addGroup(Hold.exhausted, 0),
  ]
  world.clock.advance(2000)
  expect(await clean(world.options, { retention: KEEP })).toEqual({
    groups: 1,
    failedGroups: 0,
    tasks: 2,
    bytes: null,
    hasMore: false,
  })
  expect([await world.has(done), await world.has(failed)]).toEqual([false, true])
  world.clock.advance(4000)
  expect(await clean(world.options, { retention: KEEP })).toMatchObject({ groups: 1, failedGroups: 1, tasks: 2 })
  world.clock.advance(1e9)
  expect(await clean(world.options, { retention: KEEP })).toMatchObject({ groups: 0, hasMore: false })
  expect(await world.has(stuck)).toBe(true)
})

test('a trial tells what would go, and changes nothing', async () => {
  const world = await openWorld()
  const id = await world.addGroup(Hold.complete)
  world.clock.advance(2000)
  const before = await world.storage.audit()
  const trial = await clean(world.options, { retention: KEEP, isTrial: true })
  expect(trial).toEqual({ groups: 1, failedGroups: 0, tasks: 1, bytes: null, hasMore: false })
  expect(await world.storage.audit()).toEqual(before)
  expect(await clean(world.options, { retention: KEEP })).toEqual(trial)
  expect(await world.has(id)).toBe(false)
})

test('one call deletes a bounded number of groups, and says that there are more', async () => {
  const world = await openWorld()
  for (let n = 0; n < 503; n++) await world.addGroup(Hold.complete)
  world.clock.advance(2000)
  const trial = await clean(world.options, { retention: KEEP, isTrial: true })
  expect(trial).toMatchObject({ groups: 500, hasMore: true })
  expect(await clean(world.options, { retention: KEEP })).toEqual(trial)
  expect(await clean(world.options, { retention: KEEP })).toMatchObject({ groups: 3, hasMore: false })
})

test('a store that holds too much loses its oldest groups, and no more than needed', async () => {
  const world = await openWorld()
  const ids: string[] = []
  for (let n = 0; n < 10; n++) {
    ids.push(await world.addGroup(Hold.complete))
    world.clock.advance(1)
  }
  const storage = measured(world.storage, 1000)
  await noteSize({ storage, clock: world.clock })
  const retention = { keepMs: 1e9, keepFailedMs: 1e9, maxBytes: 6500 }
  expect(await clean({ ...world.options, storage }, { retention })).toMatchObject({ groups: 4, bytes: 4000 })
  const left = await Promise.all(ids.map(world.has))
  expect(left.map(Number).join('')).toBe('0000111111')
  expect(await clean({ ...world.options, storage }, { retention })).toMatchObject({ groups: 0 })
})

test('a group that gets work while it is being deleted stays, and is tried once', async () => {
  const world = await openWorld()
  const id = await world.addGroup(Hold.complete)
  world.clock.advance(2000)
  const storage = measured(world.storage, 1)
  const commit: TaskStorage['commit'] = async (sets) => {
    await world.storage.commit([changeSet({ changes: [insertTask(world.task({ groupId: id }))] })])
    return world.storage.commit(sets)
  }
  expect(await clean({ ...world.options, storage: { ...storage, commit } }, { retention: KEEP })).toMatchObject({
    groups: 0,
    hasMore: false,
  })
  expect(await world.has(id)).toBe(true)
})

test('the size of a store is noted now and then, once for all servers', async () => {
  const world = await openWorld()
  await world.addGroup(Hold.complete, Hold.complete)
  const storage = measured(world.storage, 100)
  const notes = async () => sizesFrom(await world.storage.getRecord(SIZES_RECORD))
  const first = { at: world.clock.now(), bytes: 200, tasks: 2 }
  for (const _server of [1, 2]) await noteSize({ storage, clock: world.clock })
  expect(await notes()).toEqual([first])
  world.clock.advance(SAMPLE_EVERY_MS)
  await noteSize({ storage, clock: world.clock })
  expect(await notes()).toEqual([first, { ...first, at: world.clock.now() }])
})

test('a store that does not tell its size is not watched', async () => {
  const world = await openWorld()
  await noteSize(world.options)
  expect(await world.storage.getRecord(SIZES_RECORD)).toBe(null)
})

test('groups that may not go keep nobody behind them from going', async () => {
  const world = await openWorld()
  const paused: string[] = []
  for (let n = 0; n < 60; n++) {
    const id = await world.addGroup(Hold.exhausted)
    const group = await world.storage.findGroup(id)
    if (group) await world.storage.commit([changeSet({ changes: [putGroup({ ...group, isPaused: true })] })])
    paused.push(id)
  }
  world.clock.advance(1000)
  const free = [await world.addGroup(Hold.exhausted), await world.addGroup(Hold.exhausted)]
  world.clock.advance(10_000)
  expect(await clean(world.options, { retention: KEEP, isTrial: true })).toMatchObject({ groups: 2, hasMore: false })
  expect(await clean(world.options, { retention: KEEP })).toMatchObject({ groups: 2, hasMore: false })
  expect([await world.has(free[0] ?? ''), await world.has(paused[0] ?? '')]).toEqual([false, true])
})
