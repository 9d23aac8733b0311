import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { changeSet, ifEpoch, patchTask, putGroup, success } from '../../support/changes.ts'
import { makeGroup } from '../../support/make.ts'
import {
  apart,
  type ClusterWorld,
  claimOf,
  countLeases,
  isAt,
  LEASE_MS,
  newGroup,
  openClusterWorld,
  partitionOf,
  refsOf,
} from './cluster-world.ts'

let world: ClusterWorld
beforeAll(async () => {
  world = await openClusterWorld()
})
beforeEach(() => world.redis.flushall())
afterAll(() => world.close())

const [alive = '', dead = ''] = apart(2, { without: [0] })
const away = { code: 'storage_unavailable' }
const until = () => world.clock.now() + LEASE_MS

/** Two groups with claimed tasks, then the partition of one goes away. */
async function openWithOneAway() {
  const server = await world.open()
  await server.store.commit([newGroup(alive, 8), newGroup(dead, 8)])
  const { tasks } = await server.store.claim(claimOf())
  server.isAway = isAt(partitionOf(dead))
  const of = (group: string) => tasks.filter(({ task }) => task.groupId === group)
  return { ...server, server, living: of(alive), lost: of(dead) }
}

test('leases of living partitions are renewed while one is away', async () => {
  const { store, living, lost } = await openWithOneAway()
  world.clock.advance(20_000)
  expect(await store.renewLeases(refsOf([...living, ...lost]), LEASE_MS)).toEqual([])
  world.clock.advance(20_000)
  expect(new Set((await store.listExpiredLeases(100)).map(({ groupId }) => groupId))).toEqual(new Set())
  expect((await store.getTasks([`${alive}.0`]))[0]?.lease?.until).toBe(until() - 20_000)
})

test('leases are renewed although the part of the directory that knows their tasks is away', async () => {
  const { server, store, living } = await openWithOneAway()
  const [claimed] = living.filter(({ task }) => partitionOf(task.id) !== partitionOf(alive))
  if (!claimed) throw new Error('the directory and the task are in one place')
  server.isAway = isAt(partitionOf(claimed.task.id))
  world.clock.advance(20_000)
  expect(await store.renewLeases(refsOf([claimed]), LEASE_MS)).toEqual([])
  expect(await world.redis.hget(`{c${partitionOf(alive)}}t:${claimed.task.id}`, 'until')).toBe(String(until()))
})

test('a batch answers the sets of a partition that is away with an error, and applies the others', async () => {
  const { store, living, lost } = await openWithOneAway()
  const [one, other] = [living[0], lost[0]]
  if (!one || !other) throw new Error('nothing was claimed')
  const named = (group: string, id: string) =>
    changeSet({ changes: [patchTask(id, { name: 'x' })], events: [{ type: 'group.updated', groupId: group }] })
  const results = await store.commit([
    success(one),
    named(dead, other.task.id),
    named(alive, `${alive}.1`),
    { ...success(other), events: [{ type: 'group.updated', groupId: dead }] },
  ])
  expect(results).toMatchObject(['applied', away, 'applied', away])
})

test('a group of a living partition is paused while the first partition is away', async () => {
  const server = await world.open()
  const group = makeGroup({ id: alive })
  await server.store.commit([changeSet({ changes: [putGroup(group)] })])
  server.isAway = isAt(0)
  const paused = { ...group, isPaused: true }
  expect(await server.store.commit([changeSet({ changes: [putGroup(paused)] })])).toEqual(['applied'])
  expect(await server.store.commit([changeSet({ guards: [ifEpoch(group)], changes: [putGroup(group)] })])).toEqual([
    'applied',
  ])
  const [another = ''] = apart(1, { prefix: 'new', without: [0] })
  expect(await server.store.commit([changeSet({ changes: [putGroup(makeGroup({ id: another }))] })])).toMatchObject([
    away,
  ])
})

test('claims go on, and ask a partition that is away no more until it gives a sign of life', async () => {
  const server = await world.open()
  await server.store.commit([newGroup(alive, 8), newGroup(dead, 8)])
  server.isAway = isAt(partitionOf(dead))
  const first = await server.store.claim(claimOf())
  expect(new Set(first.tasks.map(({ task }) => task.groupId))).toEqual(new Set([alive]))
  server.sent.length = 0
  for (let claims = 0; claims < 20; claims++) {
    world.clock.advance(100)
    expect((await server.store.claim(claimOf())).tasks).toEqual([])
  }
  expect(server.sent.filter(isAt(partitionOf(dead))).length).toBeLessThanOrEqual(3)
  server.isAway = () => false
  const claimed = await claimUntilSome(server.store)
  expect(new Set(claimed.map(({ task }) => task.groupId))).toEqual(new Set([dead]))
})

test('a claim waits for a partition that hangs once', async () => {
  const server = await world.open()
  await server.store.commit([newGroup(alive, 1), newGroup(dead, 1)])
  server.isAway = isAt(partitionOf(dead))
  await server.store.claim(claimOf())
  server.isAway = () => false
  server.delay = (sent) => (isAt(partitionOf(dead))(sent) ? new Promise<void>(() => {}) : undefined)
  await server.store.commit([{ ...newGroup(alive, 2), changes: newGroup(alive, 2).changes.slice(2) }])
  world.clock.advance(1000)
  await server.store.claim(claimOf())
  world.clock.advance(1000)
  await server.store.claim(claimOf())
  expect(await countLeases(world.redis)).toBe(2)
})

test('a claim says that the store is away only when all of it is', async () => {
  const server = await world.open()
  server.isAway = () => true
  await expect(server.store.claim(claimOf())).rejects.toMatchObject(away)
  await expect(server.store.claim(claimOf())).rejects.toMatchObject(away)
})

test('what is known to be in living partitions is read while one is away', async () => {
  const { store } = await openWithOneAway()
  expect(await store.listAttempts(`${alive}.0`)).toEqual([])
  expect((await store.getTasks([`${alive}.0`, `${alive}.1`])).length).toBe(2)
  await world.redis.del(`{c${partitionOf(`${alive}.2`)}}id:${alive}.2`)
  const other = await world.open('other')
  other.isAway = isAt(partitionOf(dead))
  expect((await other.store.getTasks([`${alive}.2`])).length).toBe(1)
  await expect(other.store.getTasks(['nowhere'])).rejects.toMatchObject(away)
})

test('who shares the key of a living task is known while one partition is away', async () => {
  const server = await world.open()
  await server.store.commit([newGroup(alive, 2, { mergeKey: 'key' })])
  server.isAway = isAt(partitionOf(dead))
  expect(await server.store.listRelated('openByKey', ['key'])).toHaveLength(2)
  await expect(server.store.listRelated('openByKey', ['of nobody'])).rejects.toMatchObject(away)
})

async function claimUntilSome(store: Awaited<ReturnType<ClusterWorld['open']>>['store']) {
  for (let claims = 0; claims < 50; claims++) {
    world.clock.advance(1000)
    const { tasks } = await store.claim(claimOf())
    if (tasks.length > 0) return tasks
  }
  throw new Error('the partition is asked no more')
}
