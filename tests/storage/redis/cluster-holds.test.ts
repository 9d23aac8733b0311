import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { changeSet, failure, holdWork, releaseWork } from '../../support/changes.ts'
import { apart, type ClusterWorld, claimOf, newGroup, openClusterWorld, partitionOf } from './cluster-world.ts'

let world: ClusterWorld
beforeAll(async () => {
  world = await openClusterWorld()
})
beforeEach(() => world.redis.flushall())
afterAll(() => world.close())

const DAY_MS = 86_400_000
const [group = ''] = apart(1)
const outbox = () => world.redis.lrange(`{c${partitionOf(group)}}outbox`, 0, -1)

/** A task whose answer holds its workgroup, and the server that has not told the others of it yet. */
async function openTelling() {
  const [one, other] = [await world.open(), await world.open('other')]
  await one.store.commit([newGroup(group, 1, { workgroup: 'wg' })])
  const [claimed] = (await one.store.claim(claimOf())).tasks
  if (!claimed) throw new Error('nothing was claimed')
  const failed = failure(claimed)
  const held = changeSet({
    ...failed,
    changes: [...failed.changes, holdWork('workgroup', 'wg', world.clock.now() + DAY_MS, '429')],
  })
  return { one, other, held }
}

test('a resume is not undone by a hold that another server is still telling of', async () => {
  const { one, other, held } = await openTelling()
  let goOn = (): void => {}
  const gate = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const reached = new Promise<void>((resolve) => {
    one.delay = ({ name, place }) => {
      if (!/^(commit|tellGate)/.test(name) || place === `{c${partitionOf(group)}}`) return undefined
      resolve()
      return gate
    }
  })
  const telling = one.store.commit([held])
  await reached
  world.clock.advance(10)
  expect(await other.store.commit([changeSet({ changes: [releaseWork('workgroup', 'wg')] })])).toEqual(['applied'])
  goOn()
  await telling
  expect(await other.store.listHolds('workgroup', ['wg'])).toEqual([])
})

test('a resume ends holds that were not told yet, and only those of its name', async () => {
  const { one, other, held } = await openTelling()
  one.isAway = ({ name, place }) => /^(commit|tellGate)/.test(name) && place !== `{c${partitionOf(group)}}`
  const also = holdWork('workgroup', 'another', world.clock.now() + DAY_MS)
  await one.store.commit([{ ...held, changes: [...held.changes, also] }]).catch(() => {})
  expect(await outbox()).toHaveLength(2)
  world.clock.advance(10)
  // The other server tells what is left in the outbox, as any does.
  expect(await other.store.commit([changeSet({ changes: [releaseWork('workgroup', 'wg')] })])).toEqual(['applied'])
  expect((await outbox()).map((text) => JSON.parse(text)[2])).toEqual(['another'])
  expect(await other.store.listHolds('workgroup', ['wg'])).toEqual([])
})

test('a hold that is made after a resume is told', async () => {
  const { one, other, held } = await openTelling()
  await other.store.commit([changeSet({ changes: [releaseWork('workgroup', 'wg')] })])
  world.clock.advance(10)
  expect(await one.store.commit([held])).toEqual(['applied'])
  const holding = await Promise.all(
    Array.from({ length: 16 }, (_, at) => world.redis.zscore(`{c${at}}hold-end:workgroup`, 'wg')),
  )
  expect(holding.filter((score) => score !== null)).toHaveLength(16)
})

test('releases are remembered for a day', async () => {
  const { store } = await world.open()
  await store.commit([changeSet({ changes: [releaseWork('workgroup', 'old')] })])
  world.clock.advance(DAY_MS)
  await store.commit([changeSet({ changes: [releaseWork('workgroup', 'new')] })])
  expect(await world.redis.zrange('{c3}releases', '0', '-1')).toEqual(['workgroup:new'])
})
