import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type ClusterWorld, claimOf, LEASE_MS, newGroup, openClusterWorld, refsOf } from './cluster-world.ts'

let world: ClusterWorld
beforeAll(async () => {
  world = await openClusterWorld()
})
beforeEach(() => world.redis.flushall())
afterAll(() => world.close())

test('however many leases a server has, they are renewed in scripts of a bounded length', async () => {
  const { store, sent } = await world.openSingle()
  await store.commit([newGroup('g', 2)])
  const { tasks } = await store.claim(claimOf())
  const gone = Array.from({ length: 2000 }, (_, n) => ({ taskId: `gone.${n}`, token: `token ${n}` }))
  world.clock.advance(10_000)
  sent.length = 0
  const [first, last] = refsOf(tasks)
  if (!first || !last) throw new Error('nothing was claimed')
  expect(await store.renewLeases([first, ...gone, last], LEASE_MS)).toEqual(gone.map(({ token }) => token))
  expect(Math.max(...sent.map(({ args }) => args.length))).toBeLessThanOrEqual(1010)
  const renewed = await store.getTasks([first.taskId, last.taskId])
  expect(renewed.map(({ lease }) => lease?.until)).toEqual([world.clock.now() + LEASE_MS, world.clock.now() + LEASE_MS])
})
