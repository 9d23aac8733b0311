import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { StoreClock } from '../../../storage/redis/store-clock.ts'
import { apart, type ClusterWorld, claimOf, LEASE_MS, newGroup, openClusterWorld } from './cluster-world.ts'

let world: ClusterWorld
beforeAll(async () => {
  world = await openClusterWorld()
})
beforeEach(() => world.redis.flushall())
afterAll(() => world.close())

/** A server by the time of its store. `step` sets the clocks of all masters forward, or back. */
async function openByStoreTime() {
  let aheadMs = 0
  const storeClock = new StoreClock({ clock: world.clock, elapsed: () => world.clock.now() })
  const server = await world.open('one', storeClock)
  const storeTime = () => world.clock.now() + aheadMs
  server.timeAt = storeTime
  const step = (ms: number) => {
    aheadMs += ms
  }
  return { server, storeClock, storeTime, step }
}

test.each([60_000, -60_000])(
  'leases are as long as asked for when the clocks of Redis step by %i ms',
  async (stepMs) => {
    const { server, storeTime, step } = await openByStoreTime()
    const [many = '', few = ''] = apart(2)
    await server.store.commit([newGroup(many, 40), newGroup(few, 1)])
    step(stepMs)
    // What is left of the first shares is claimed when the step is known.
    const { tasks } = await server.store.claim(claimOf({ slotsPerWorker: 64, maxLeasesPerWorker: 64 }))
    expect(tasks).toHaveLength(41)
    expect(new Set(tasks.map(({ task }) => task.lease?.until))).toEqual(new Set([storeTime() + LEASE_MS]))
    expect(await server.store.listExpiredLeases(100)).toEqual([])
  },
)

test('a server that claims nothing follows a step of Redis when it looks for leases that ended', async () => {
  const { server, storeClock, storeTime, step } = await openByStoreTime()
  step(-60_000)
  await server.store.listExpiredLeases(100)
  expect(storeClock.now()).toBe(storeTime())
})
