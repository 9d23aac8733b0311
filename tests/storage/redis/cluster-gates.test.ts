import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Change } from '../../../server/core/change-set.ts'
import { openGate } from '../../../server/core/gate.ts'
import type { ClaimedTask } from '../../../storage/task-storage.ts'
import { changeSet, failure, limitWork, narrowWork, paceWork, success } from '../../support/changes.ts'
import { perSecond } from '../gate-steps.ts'
import {
  apart,
  type ClusterServer,
  type ClusterWorld,
  claimOf,
  countPermits,
  LEASE_MS,
  newGroup,
  once,
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

const groups = apart(8)
const boots = ['one', 'two', 'three']
const wg = { scope: 'workgroup', name: 'wg' } as const

/** Three servers, and tasks of one workgroup in eight partitions. */
async function openThree(...limits: Change[]): Promise<ClusterServer[]> {
  const servers = await Promise.all(boots.map((boot) => world.open(boot)))
  await commit(servers, ...limits)
  await servers[0]?.store.commit(groups.map((id) => newGroup(id, 40, { workgroup: 'wg' })))
  return servers
}

async function commit([server]: readonly ClusterServer[], ...changes: Change[]): Promise<void> {
  expect(await server?.store.commit([changeSet({ changes })])).toEqual(['applied'])
}

/** All at the same time. */
async function claimAtOnce(servers: readonly ClusterServer[]): Promise<ClaimedTask[][]> {
  const wide = { slotsPerWorker: 100, maxLeasesPerWorker: 1_000 }
  return Promise.all(servers.map(async ({ store }) => [...(await store.claim(claimOf(wide))).tasks]))
}

async function finish(servers: readonly ClusterServer[], claimed: readonly ClaimedTask[][]): Promise<void> {
  await Promise.all(servers.map(({ store }, at) => store.commit((claimed[at] ?? []).map((one) => success(one)))))
}

const scopes = [
  ['all', ''],
  ['worker', 'worker'],
  ['workgroup', 'wg'],
] as const

test.each(scopes)(
  'three servers keep the concurrency of the gate of %s "%s" together, and use it',
  async (scope, name) => {
    const servers = await openThree(limitWork(scope, name, { maxConcurrent: 7 }))
    let started = 0
    for (let round = 0; round < 10; round++) {
      const claimed = await claimAtOnce(servers)
      const running = claimed.flat().length
      expect(running).toBeLessThanOrEqual(7)
      expect((await servers[0]?.store.getGates([{ scope, name }]))?.[0]?.leases).toBe(running)
      started += running
      await finish(servers, claimed)
      world.clock.advance(300)
    }
    expect(started).toBeGreaterThanOrEqual(10 * 6)
  },
)

test.each(scopes)('three servers keep the rate of the gate of %s "%s" together, and use it', async (scope, name) => {
  const servers = await openThree(limitWork(scope, name, perSecond(20, 4)))
  let started = 0
  for (let ms = 0; ms < 2_000; ms += 50) {
    const claimed = await claimAtOnce(servers)
    started += claimed.flat().length
    expect(started).toBeLessThanOrEqual(4 + Math.floor(ms / 50))
    await finish(servers, claimed)
    world.clock.advance(50)
  }
  expect(started).toBeGreaterThan(35)
})

test('leases of before a limit count, wherever they are and whoever took them', async () => {
  const servers = await openThree()
  const claimed = await claimAtOnce(servers)
  const running = claimed.flat().length
  expect(running).toBeGreaterThan(60)
  await commit(servers, limitWork('workgroup', 'wg', { maxConcurrent: running + 2 }))
  expect((await claimAtOnce(servers)).flat()).toHaveLength(2)
  await finish(servers, claimed)
  world.clock.advance(1_000)
  expect(await countPermits(world.redis, 'workgroup:wg')).toBe(2)
})

test('a lease that ends lets one start in another partition at once', async () => {
  const [server] = await openThree(limitWork('workgroup', 'wg', { maxConcurrent: 1 }))
  if (!server) throw new Error('nobody is there')
  const places: number[] = []
  for (let n = 0; n < 8; n++) {
    const [claimed] = await claimAtOnce([server])
    expect(claimed).toHaveLength(1)
    places.push(...(claimed ?? []).map(({ task }) => partitionOf(task.groupId)))
    await finish([server], [claimed ?? []])
  }
  expect(new Set(places).size).toBeGreaterThan(1)
})

test('what a claim does not use of a rate is used by others', async () => {
  const [server] = await openThree(limitWork('worker', 'worker', perSecond(1, 10)))
  if (!server) throw new Error('nobody is there')
  const claimed = await server.store.claim(claimOf({ limit: 4 }))
  expect(claimed.tasks).toHaveLength(4)
  expect((await claimAtOnce([server])).flat()).toHaveLength(6)
})

test('a lost claim at a gate is counted, and its tasks come back', async () => {
  const [server] = await openThree(limitWork('workgroup', 'wg', { maxConcurrent: 5 }))
  if (!server) throw new Error('nobody is there')
  server.isLost = once(({ name }) => name === 'claim')
  const tasks: ClaimedTask[] = []
  for (let claims = 0; claims < 20; claims++) {
    tasks.push(...(await server.store.claim(claimOf()).catch(() => ({ tasks: [] }))).tasks)
    await world.redis.ping()
    world.clock.advance(1_000)
  }
  expect(tasks).toHaveLength(5)
  expect(new Set(tasks.map(({ task }) => task.id)).size).toBe(5)
})

test('what an answer says of its workgroup is told to all partitions', async () => {
  const servers = await openThree()
  const claimed = await claimAtOnce(servers)
  const [first] = claimed[0] ?? []
  if (!first) throw new Error('nothing was claimed')
  const now = world.clock.now()
  const pace = { intervalMs: 250, until: now + 60_000, laterIntervalMs: 0, expiresAt: now + 60_000 }
  const failed = failure(first)
  const paced = [paceWork('workgroup', 'wg', pace), narrowWork('workgroup', 'wg', now)]
  await servers[0]?.store.commit([{ ...failed, changes: [...failed.changes, ...paced] }])
  const others = claimed.flat().length - 1
  const [gate] = (await servers[1]?.store.getGates([wg])) ?? []
  const ramp = { from: now, base: Math.floor(others / 2), isSpaced: false }
  expect(gate).toEqual({ ...openGate('workgroup', 'wg'), pace, ramp, leases: others })
})

test('of paces that answers tell one after the other the partitions hear once, and the home of the gate the last', async () => {
  const [server] = await openThree()
  if (!server) throw new Error('nobody is there')
  const [claimed = []] = await claimAtOnce([server])
  server.sent.length = 0
  const failed = claimed.slice(0, 30).map((one, n) => {
    const now = world.clock.now()
    const pace = { intervalMs: 500 - n, until: now + 5_000 + n, laterIntervalMs: 0, expiresAt: now + 5_000 + n }
    const set = failure(one)
    return { ...set, changes: [...set.changes, paceWork('workgroup', 'wg', pace)] }
  })
  for (const set of failed) await server.store.commit([set])
  const told = server.sent.filter(({ name }) => name === 'tellGate')
  expect(told).toHaveLength(15 + 30)
  const [gate] = await server.store.getGates([wg])
  expect(gate?.pace?.intervalMs).toBe(471)
  world.clock.advance(1_000)
  expect((await claimAtOnce([server])).flat()).toHaveLength(1)
})

test('a server that has claimed nothing yet gives back what the leases that it ends had at their gates', async () => {
  const [dead, other] = await openThree(limitWork('workgroup', 'wg', { maxConcurrent: 1 }))
  if (!dead || !other) throw new Error('nobody is there')
  const claimed = await claimAtOnce([dead])
  await finish([other], claimed)
  expect(await countPermits(world.redis, 'workgroup:wg')).toBe(0)
  expect((await claimAtOnce([other])).flat()).toHaveLength(1)
})

test('a server that is too busy to claim keeps its places at a gate', async () => {
  const [busy, other] = await openThree(limitWork('workgroup', 'wg', { maxConcurrent: 1 }))
  if (!busy || !other) throw new Error('nobody is there')
  const [claimed = []] = await claimAtOnce([busy])
  for (let renewals = 0; renewals < 120; renewals++) {
    world.clock.advance(10_000)
    await busy.store.renewLeases(refsOf(claimed), LEASE_MS)
  }
  expect((await claimAtOnce([other])).flat()).toEqual([])
  await finish([busy], [claimed])
  world.clock.advance(1_000)
  expect((await claimAtOnce([other])).flat()).toHaveLength(1)
})

test('a store without gates asks for nothing but workers', async () => {
  const [server] = await openThree()
  if (!server) throw new Error('nobody is there')
  server.sent.length = 0
  const claimed = await claimAtOnce([server])
  await finish([server], claimed)
  const asked = server.sent.filter(({ name, args }) => name.endsWith('Permits') && args[1] !== 'worker')
  expect(asked).toEqual([])
})
