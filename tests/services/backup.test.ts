import { afterAll, describe, expect, test } from 'vitest'
import type { BackupLine } from '../../server/core/backup.ts'
import { firstKindIn, restoreLines } from '../../server/services/read-backup.ts'
import { backupLines, emptyTally } from '../../server/services/write-backup.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { redisStore } from '../storage/redis-factory.ts'
import { sqliteFile, sqliteMemory } from '../storage/sqlite-factory.ts'
import { everyGroup, everyTask, makeEveryState, openStorageWorld, type StorageWorld } from '../storage/storage-world.ts'
import { holdWork, limitWork } from '../support/changes.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { startRedisServer } from '../support/redis-server.ts'

const started = startRedisServer()
afterAll(async () => (await started).stop())
const redis = redisStore(async () => {
  const server = await started
  return { url: server.url, empty: () => server.command('FLUSHDB') }
})
const startedCluster = startRedisCluster()
afterAll(async () => (await startedCluster).stop())
const cluster = redisStore(
  async () => {
    const { url, masters } = await startedCluster
    return { url, empty: () => Promise.all(masters.map((master) => master.command('FLUSHALL'))) }
  },
  { isPartitioned: true },
)
const limits = { maxConcurrent: 3, rate: null, rampStepMs: 1000 }

/** A store with something of everything. */
async function fill(world: StorageWorld): Promise<void> {
  const { storage } = world
  const made = await makeEveryState(world)
  await world.complete(await world.addTask({ id: made.ready?.groupId ?? '' }))
  await world.addGroup({ isPaused: true, name: 'paused', metadata: { a: 'b' } })
  await world.commit(limitWork('workgroup', 'wg', limits), limitWork('worker', 'shop/*', limits))
  await world.commit(limitWork('all', '', limits), holdWork('worker', 'w', world.clock.now() + 5000, 'ill'))
  await storage.putRecord('worker/shop/*', '{}')
  await storage.putRecord('single', 'text')
  await storage.putRecord('session/a', 'short', world.clock.now() + 60_000)
}

/** All that a backup is to keep, in what the port tells of it. */
async function contentOf(storage: TaskStorage) {
  const { groups } = await storage.listGroups(everyGroup)
  const tasks = (await Promise.all(groups.map(({ id }) => storage.listTasks(everyTask(id))))).flatMap(
    (page) => page.tasks,
  )
  const attempts = await Promise.all(tasks.map(({ id }) => storage.listAttempts(id)))
  const gates = await storage.getGates([
    { scope: 'all', name: '' },
    { scope: 'workgroup', name: 'wg' },
    { scope: 'worker', name: 'shop/a' },
  ])
  const holds = [...(await storage.listHolds('worker')), ...(await storage.listHolds('workgroup'))]
  const records = await Promise.all(['worker/shop/*', 'single', 'session/a'].map((key) => storage.getRecord(key)))
  return {
    groups,
    tasks,
    attempts,
    gates: gates.map(({ limits: own, limitsFrom }) => [own, limitsFrom]),
    holds,
    records,
  }
}

async function linesOf(world: StorageWorld, tally = emptyTally()): Promise<BackupLine[]> {
  const lines: BackupLine[] = []
  for await (const line of backupLines(world, tally)) lines.push(line)
  return lines
}

async function* inTurn<Value>(values: readonly Value[]): AsyncGenerator<Value> {
  yield* values
}

const engines = [
  ['SQLite', sqliteFile()],
  ['memory', sqliteMemory()],
  ['Redis', redis],
  ['Redis Cluster', cluster],
] as const

describe.each(engines)('a backup of %s', (_, factory) => {
  test.each(engines)('is restored into %s as it was, but for what ran', async (__, target) => {
    const world = await openStorageWorld(factory)
    await fill(world)
    const before = await contentOf(world.storage)
    const tally = emptyTally()
    const lines = JSON.parse(JSON.stringify(await linesOf(world, tally))) as BackupLine[]
    expect(tally).toEqual({ groups: 2, tasks: before.tasks.length, records: 3, movingGroups: 0 })
    await world.close()

    const restored = await openStorageWorld(target)
    expect(await firstKindIn(restored)).toBe(null)
    const count = await restoreLines({ storage: restored.storage, clock: world.clock }, inTurn(lines), () => {})
    expect(count).toEqual({ groups: 2, tasks: before.tasks.length, records: 3 })
    expect((await restored.storage.audit()).faults).toEqual([])
    expect(await firstKindIn(restored)).toBe('group')
    const after = await contentOf(restored.storage)
    expect(after.tasks).toEqual(before.tasks.map((task) => ({ ...task, lease: null })))
    expect(before.tasks.some(({ lease }) => lease !== null)).toBe(true)
    expect(after.groups.map(({ id, isPaused, epoch, metadata }) => [id, isPaused, epoch, metadata])).toEqual(
      before.groups.map(({ id, isPaused, epoch, metadata }) => [id, isPaused, epoch, metadata]),
    )
    expect({ gates: after.gates, holds: after.holds, records: after.records }).toEqual({
      gates: before.gates,
      holds: before.holds,
      records: before.records,
    })
    expect(after.attempts.flat().filter(({ outcome }) => outcome !== 'lost')).toEqual(before.attempts.flat())
    await restored.close()
    await Promise.all([factory.cleanup(), target.cleanup()])
  })
})

describe.each(engines)('%s is not empty', (_, factory) => {
  const at = (world: StorageWorld) => world.clock.now() + 5000
  test.each<[string, (world: StorageWorld) => Promise<unknown>]>([
    ['group', (world) => world.addGroup()],
    ['record', ({ storage }) => storage.putRecord('worker/a', '{}')],
    ['record', (world) => world.storage.putRecord('session/a', 'short', at(world))],
    ['gate', (world) => world.commit(limitWork('all', '', limits))],
    ['gate', (world) => world.commit(limitWork('workgroup', 'wg', limits))],
    ['hold', (world) => world.commit(holdWork('worker', 'w', at(world)))],
  ])('that holds a %s', async (kind, put) => {
    const world = await openStorageWorld(factory)
    expect(await firstKindIn(world)).toBe(null)
    await put(world)
    expect(await firstKindIn(world)).toBe(kind)
    await world.close()
    await factory.cleanup()
  })
})

test('a group that is deleted while it is read is left out, one that changes at every look is told as of one moment', async () => {
  const world = await openStorageWorld(sqliteMemory())
  const group = await world.addGroup()
  const gone = await world.addGroup()
  const tasks = [await world.addTask(group), await world.addTask(group)]
  const findGroup = world.storage.findGroup.bind(world.storage)
  world.storage.findGroup = async (id) => {
    if (id === gone.id) return null
    await world.addTask(group)
    return findGroup(id)
  }
  const tally = emptyTally()
  const lines = await linesOf(world, tally)
  expect(tally).toMatchObject({ groups: 1, movingGroups: 1 })
  const told = lines.flatMap((line) => (line.kind === 'task' ? [line.task.id] : []))
  expect(told).toEqual(expect.arrayContaining(tasks.map(({ id }) => id)))
  await world.close()
})
