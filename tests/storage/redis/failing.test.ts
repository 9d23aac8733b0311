import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sentenceOf } from '../../../server/core/fault.ts'
import { fingerprintOf } from '../../../server/core/fingerprint.ts'
import { Hold } from '../../../server/core/task.ts'
import { changeSet, patchTask } from '../../support/changes.ts'
import { type ClusterWorld, newGroup, openClusterWorld } from './cluster-world.ts'

let world: ClusterWorld
beforeAll(async () => {
  world = await openClusterWorld()
})
beforeEach(() => world.redis.flushall())
afterAll(() => world.close())

/** Two tasks that failed once, and are tried again in a minute. */
async function openRetrying() {
  const server = await world.openSingle()
  const retrying = { failures: 1, errors: ['no row 1'], runAfter: world.clock.now() + 60_000 }
  await server.store.commit([newGroup('g', 2, retrying)])
  const kinds = async () => {
    const found = await server.store.listFailing({ limit: 10 })
    return found.map(({ task }) => `${task.id} ${task.errorKind}`)
  }
  return { ...server, kinds }
}

const members = () => world.redis.call('ZRANGE', '{c0}trying', '0', '-1')
const listed = () => world.redis.call('ZRANGE', '{c0}trying', '0', '-1', 'WITHSCORES')
const row = fingerprintOf('no row 2')

describe('beside a server of an older version', () => {
  test('an error that it wrote is read, as nobody noted its kind', async () => {
    const { store, kinds } = await openRetrying()
    expect(await kinds()).toEqual([`g.0 ${row}`, `g.1 ${row}`])
    await world.redis.hset('{c0}t:g.0', 'errors', '["away"]', 'failures', '2')
    await world.redis.hdel('{c0}t:g.1', 'errorKind')
    expect(await kinds()).toEqual([`g.0 ${fingerprintOf('away')}`, `g.1 ${row}`])
    expect((await store.audit()).faults).toEqual([])
  })

  test('what it changed is not told as it was', async () => {
    const { kinds } = await openRetrying()
    await world.redis.hset('{c0}t:g.0', 'holds', String(Hold.complete))
    await world.redis.del('{c0}t:g.1')
    expect(await kinds()).toEqual([])
  })

  test('what it left to be tried again while the first new one ran is listed by the next', async () => {
    const { store, kinds } = await openRetrying()
    const before = await listed()
    await world.redis.zrem('{c0}trying', '00000000001g.0')
    expect(await kinds()).toHaveLength(1)
    await world.openSingle('next')
    expect(await listed()).toEqual(before)
    expect((await store.audit()).faults).toEqual([])
  })

  test('what it left in the list goes when its time is past', async () => {
    const { store } = await openRetrying()
    await world.redis.zadd('{c0}trying', String(world.clock.now() + 1_000), '00000000099gone')
    world.clock.advance(2_000)
    expect((await store.audit()).faults).toEqual([])
    await store.commit([changeSet({ changes: [patchTask('g.0', { runAfter: world.clock.now() + 90_000 })] })])
    expect(await members()).toEqual(['00000000002g.1', '00000000001g.0'])
  })
})

test('the list of what is tried again is made once of a store that had none', async () => {
  const { store, kinds } = await openRetrying()
  const before = await listed()
  await world.redis.del('{c0}trying')
  expect((await store.audit()).faults.map(sentenceOf).join()).toContain('index trying')
  await world.redis.hdel('{c0}counters', 'trying')
  expect((await store.audit()).faults).toEqual([])
  expect(await kinds()).toEqual([])
  await world.openSingle('next')
  expect(await listed()).toEqual(before)
  expect(await kinds()).toHaveLength(2)
  world.clock.advance(24 * 3600 * 1000)
  expect((await world.openSingle('third')).sent.filter(({ name }) => name === 'ZADD')).toEqual([])
})

test('a full Redis keeps no server from starting, and a later start makes the list', async () => {
  await openRetrying()
  await world.redis.del('{c0}trying')
  await world.redis.hdel('{c0}counters', 'trying')
  await world.redis.config('SET', 'maxmemory', '1')
  const { store } = await world.openSingle('full')
  expect((await store.audit()).faults).toEqual([])
  expect(await members()).toEqual([])
  await world.redis.config('SET', 'maxmemory', '0')
  await world.openSingle('later')
  expect(await members()).toHaveLength(2)
})

test('what fails is read in scripts of a bounded length', async () => {
  const { store, sent } = await openRetrying()
  await store.commit([newGroup('many', 0)])
  for (let made = 0; made < 6; made++)
    await store.commit([newGroup(`h${made}`, 200, { holds: Hold.exhausted, errors: ['away'] })])
  sent.length = 0
  expect(await store.listFailing({ limit: 5000 })).toHaveLength(1202)
  const scripts = sent.filter(({ name }) => name.startsWith('list'))
  expect(scripts.map(({ name }) => name).sort()).toEqual([
    'listFailed',
    'listFailed',
    'listFailed',
    'listGroups',
    'listRetrying',
  ])
})
