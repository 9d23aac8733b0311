import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Partition } from '../../../storage/redis/partition.ts'
import { changeSet, holdAs, limitWork, releaseWork } from '../../support/changes.ts'
import { perSecond } from '../gate-steps.ts'
import { type ClusterWorld, claimOf, type LossyServer, newGroup, once, openClusterWorld } from './cluster-world.ts'

let world: ClusterWorld
beforeAll(async () => {
  world = await openClusterWorld()
})
beforeEach(() => world.redis.flushall())
afterAll(() => world.close())

const claim = async ({ store }: LossyServer<Partition>) => (await store.claim(claimOf())).tasks
const isClaim = ({ name }: { name: string }) => name === 'claim'

test('a claim whose answer was lost spends the tokens of its gates once', async () => {
  const server = await world.openSingle()
  await server.store.commit([newGroup('g', 9, { workgroup: 'wg' })])
  const limits = perSecond(1, 3)
  await server.store.commit([
    changeSet({ changes: [limitWork('workgroup', 'wg', limits), limitWork('worker', 'worker', limits)] }),
  ])
  server.isLost = once(isClaim)
  await expect(claim(server)).rejects.toThrow('away')
  expect(await claim(server)).toHaveLength(3)
  expect(await claim(server)).toEqual([])
  world.clock.advance(1_000)
  expect(await claim(server)).toHaveLength(1)
})

test('a probe whose claim was not answered is a probe when it comes back, also when the breaker closed meanwhile', async () => {
  const server = await world.openSingle()
  await server.store.commit([newGroup('g', 9)])
  const hold = { scope: 'worker', name: 'worker', kind: 'breaker', probeMs: 500 } as const
  await server.store.commit([changeSet({ changes: [holdAs({ ...hold, until: world.clock.now() + 100 })] })])
  world.clock.advance(100)
  server.isLost = once(isClaim)
  await expect(claim(server)).rejects.toThrow('away')
  await server.store.commit([changeSet({ changes: [releaseWork('worker', 'worker')] })])
  expect((await claim(server)).map(({ isProbe }) => isProbe)).toEqual([true])
})

test('a task of a lost claim does not start when its workgroup is held by then', async () => {
  const server = await world.openSingle()
  await server.store.commit([newGroup('g', 1, { workgroup: 'wg' })])
  server.isLost = once(isClaim)
  await expect(claim(server)).rejects.toThrow('away')
  await server.store.commit([changeSet({ changes: [holdAs({ name: 'wg', until: world.clock.now() + 100 })] })])
  expect(await claim(server)).toEqual([])
  world.clock.advance(100)
  expect((await claim(server)).map(({ task }) => task.attempts)).toEqual([1])
})
