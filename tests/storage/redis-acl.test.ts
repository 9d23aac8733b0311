import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openRedisStorage } from '../../storage/redis/open-redis-storage.ts'
import { parseRedisUrl } from '../../storage/redis/redis-url.ts'
import { changeSet, insertTask, putGroup } from '../support/changes.ts'
import { makeGroup, makeTask } from '../support/make.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { simulatedClock } from '../support/simulated-clock.ts'
import { describeTaskStorage } from './conformance.ts'
import { redisStore } from './redis-factory.ts'

const PASSWORD = 'password-of-the-test'
const file = join(import.meta.dirname, '../../deploy/redis/users.acl')
const [, ...rules] = /^user crew (.*)$/m.exec(readFileSync(file, 'utf8'))?.[1]?.split(' ') ?? []

const started = startRedisServer({ isOwn: true })
afterAll(async () => (await started).stop())

async function redis() {
  const server = await started
  return { url: `redis://crew:${PASSWORD}@${server.host}:${server.port}`, empty: () => server.command('FLUSHDB') }
}

const makeUser = (server: RedisServer): Promise<unknown> =>
  server.command('ACL', 'SETUSER', 'crew', 'on', ...rules.map((rule) => (rule.startsWith('#') ? `>${PASSWORD}` : rule)))

beforeAll(async () => void (await makeUser(await started)))

describeTaskStorage('Redis, as the user of deploy/redis', redisStore(redis))

describe('the user of deploy/redis', () => {
  const run = async (...command: string[]): Promise<unknown> => {
    const { url } = await redis()
    const { Redis } = await import('ioredis')
    const client = new Redis(url, { lazyConnect: true, retryStrategy: null, enableReadyCheck: false })
    client.on('error', () => {}) // the command rejects with it
    try {
      const [name = '', ...args] = command
      return await client.call(name, ...args)
    } finally {
      client.disconnect()
    }
  }

  test.each([
    ['CONFIG', 'GET', 'requirepass'],
    ['CONFIG', 'SET', 'appendonly', 'no'],
    ['FLUSHALL'],
    ['FLUSHDB'],
    ['KEYS', '*'],
    ['SHUTDOWN'],
    ['ACL', 'LIST'],
    ['SCRIPT', 'FLUSH'],
    ['MONITOR'],
    ['REPLICAOF', 'no', 'one'],
    ['GET', 'session:of-another-program'],
    ['SET', 'other', '1'],
    ['EVAL', "return redis.call('GET', KEYS[1])", '1', 'other'],
    ['EVAL', "return redis.call('FLUSHALL')", '0'],
    ['PUBLISH', 'of-another-program', 'x'],
    ['SUBSCRIBE', 'of-another-program'],
  ])('may not %s %s', async (...command) => {
    await expect(run(...command)).rejects.toThrow(/NOPERM|ACL failure|can't run this command|No permissions/i)
  })

  test('opens a store, and what Redis does not tell it is taken for the weaker', async () => {
    const { url, empty } = await redis()
    await empty()
    const storage = await openRedisStorage({
      address: parseRedisUrl({ text: url }),
      time: 'store',
      clock: simulatedClock(Date.now()),
      bootId: 'boot',
    })
    expect(storage.durability).toMatchObject({ engine: 'redis', survives: 'process' })
    await storage.close()
  })
})

test('the same user is enough over a Redis Cluster, where what is done at one server is heard at another', async () => {
  const cluster = await startRedisCluster()
  onTestFinished(() => cluster.stop())
  await Promise.all(cluster.masters.map(makeUser))
  const address = parseRedisUrl({ text: cluster.url.replace('//', `//crew:${PASSWORD}@`) })
  const open = async (bootId: string) => {
    const storage = await openRedisStorage({ address, time: 'store', clock: { now: Date.now }, bootId })
    onTestFinished(() => storage.close())
    return storage
  }
  const [one, other] = [await open('one'), await open('other')]
  let heard: string | undefined
  other.feed?.subscribe((events) => (heard ??= events[0]?.type))
  const ids: string[] = []
  // It may not listen yet when the first ones are told.
  while (ids.length < 8 || heard === undefined) {
    const group = makeGroup({ id: `g${ids.length}` })
    ids.push(`task-${group.id}`)
    const changes = [putGroup(group), insertTask(makeTask({ id: `task-${group.id}`, groupId: group.id }))]
    const set = changeSet({ changes, events: [{ type: 'group.created', groupId: group.id }] })
    expect(await one.commit([set])).toEqual(['applied'])
  }
  expect(heard).toBe('group.created')
  expect(await other.getTasks(ids)).toHaveLength(ids.length)
  expect((await other.audit()).faults).toEqual([])
})
