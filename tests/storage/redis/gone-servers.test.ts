import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { changeSet, ifLeased, patchTask } from '../../support/changes.ts'
import { type ClusterWorld, claimOf, newGroup, openClusterWorld, type Sent } from './cluster-world.ts'

let world: ClusterWorld
beforeAll(async () => {
  world = await openClusterWorld()
})
beforeEach(() => world.redis.flushall())
afterAll(() => world.close())

/** While one is remembered, each look for leases that ended reads all leases there are. */
async function remembered(): Promise<string[]> {
  const keys = await world.redis.keys('*gone')
  return (await Promise.all(keys.map((key) => world.redis.zrange(key, '0', '-1')))).flat()
}

describe.each(['openSingle', 'open'] as const)('servers that closed, %s', (open) => {
  test('one is forgotten when none of its leases is left', async () => {
    const [closed, other] = [await world[open]('closed'), await world[open]('other')]
    await other.store.commit([newGroup('g', 2)])
    const { tasks } = await closed.store.claim(claimOf())
    expect(tasks).toHaveLength(2)
    await closed.store.close()

    expect(await other.store.listExpiredLeases(1)).toHaveLength(1)
    expect(await remembered()).toContain('closed')
    expect(await other.store.listExpiredLeases(10)).toHaveLength(2)
    expect(await remembered()).toContain('closed')
    const given = tasks.map((one) =>
      changeSet({ guards: [ifLeased(one)], changes: [patchTask(one.task.id, { givenBack: 1 }, 'fence')] }),
    )
    expect(await other.store.commit(given)).toEqual(['applied', 'applied'])
    expect(await other.store.listExpiredLeases(10)).toEqual([])
    expect(await remembered()).toEqual([])
  })

  test('leases of those that are there keep nobody remembered', async () => {
    const [closed, other] = [await world[open]('closed'), await world[open]('other')]
    await other.store.commit([newGroup('g', 2)])
    expect((await other.store.claim(claimOf())).tasks).toHaveLength(2)
    await closed.store.close()
    expect(await remembered()).toContain('closed')
    expect(await other.store.listExpiredLeases(10)).toEqual([])
    expect(await remembered()).toEqual([])
  })

  test('where that cannot be written it is written at the next look', async () => {
    const [closed, other] = [await world[open]('closed'), await world[open]('other')]
    await closed.store.close()
    other.isAway = ({ name }: Sent) => name === 'ZREM'
    expect(await other.store.listExpiredLeases(10)).toEqual([])
    expect(await remembered()).toContain('closed')
    other.isAway = () => false
    expect(await other.store.listExpiredLeases(10)).toEqual([])
    expect(await remembered()).toEqual([])
  })
})
