import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { CrewError } from '../../../server/core/errors.ts'
import { type ConnectionChange, connectRedis } from '../../../storage/redis/connect.ts'
import { compileScript } from '../../../storage/redis/redis-connection.ts'
import { parseRedisUrl } from '../../../storage/redis/redis-url.ts'
import { awakeMs } from '../../support/awake.ts'
import { eventually } from '../../support/eventually.ts'
import { type RedisCluster, startRedisCluster } from '../../support/redis-cluster.ts'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startRedisCluster({ replicas: 1, nodeTimeoutMs: 1000, hasProxies: true })
})
afterAll(() => cluster.stop())

async function connect(text = cluster.url) {
  const changes: ConnectionChange[] = []
  const onChange = (change: ConnectionChange) => void changes.push(change)
  const connection = await connectRedis({ address: parseRedisUrl({ text }), onChange, patienceMs: 20_000 })
  onTestFinished(() => connection.close())
  return { connection, changes }
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => 'no failure',
    (error: unknown) => (error instanceof CrewError ? error.code : error),
  )
const worked = (work: Promise<unknown>) =>
  work.then(
    () => true,
    () => false,
  )
const increment = compileScript(`return redis.call('INCR', KEYS[1])`)
/** Of these each master has some. */
const keys = Array.from({ length: 16 }, (_, index) => `{c${index}}hits`)

test('commands, scripts and scans find the node of their key', async () => {
  const { connection } = await connect()
  const replies = await Promise.all(keys.map((key) => connection.run(increment, key, [])))
  expect(replies).toEqual(keys.map(() => 1))
  expect(await Promise.all(keys.map((key) => connection.command('GET', key)))).toEqual(keys.map(() => '1'))
  expect(await connection.scan('{c7}', '0', 1000)).toEqual({ cursor: '0', keys: ['{c7}hits'] })
  const counts = await connection.onMasters('DBSIZE')
  expect(counts.map(({ node }) => node).sort()).toEqual(
    cluster.proxies.map(({ host, port }) => `${host}:${port}`).sort(),
  )
  expect(counts.reduce((sum, { reply }) => sum + Number(reply), 0)).toBe(keys.length)
})

test('any one node is enough to find the others', async () => {
  const { connection } = await connect(`redis+cluster://127.0.0.1:${cluster.proxies[1]?.port}`)
  expect(await Promise.all(keys.map((key) => connection.command('EXISTS', key)))).toHaveLength(16)
})

test('a command whose answer was lost is not sent again', async () => {
  const [proxy] = cluster.proxies
  const { connection } = await connect()
  // The first third of the slots is this master's.
  const key = 'lost{c11}'
  expect(Number(await connection.command('CLUSTER', 'KEYSLOT', key))).toBeLessThan(5461)
  for (const work of [() => connection.command('INCR', key), () => connection.run(increment, key, [])]) {
    await connection.command('SET', key, 0)
    await connection.run(increment, key, [])
    const swallowed = proxy?.swallowNextReply((request) => request.includes('lost'))
    expect(await failure(work())).toBe('storage_unavailable')
    await swallowed
    await eventually(() => worked(connection.command('EXISTS', key)))
    expect(await connection.command('GET', key)).toBe('2')
  }
})

test('a message is heard from whatever node it is published at', async () => {
  const { connection } = await connect()
  const heard: string[] = []
  let lives = 0
  connection.subscribe({ channel: 'one', onMessage: (text) => void heard.push(text), onLive: () => void lives++ })
  await eventually(async () => lives === 1)
  for (const [index, master] of cluster.masters.entries()) await master.command('PUBLISH', 'one', `from ${index}`)
  await eventually(async () => heard.length === 3)
  expect(heard.sort()).toEqual(['from 0', 'from 1', 'from 2'])
})

test('a master that dies is replaced, and commands go on by themselves', async () => {
  const { connection, changes } = await connect()
  const [, dying] = cluster.masters
  let lives = 0
  const heard: string[] = []
  connection.subscribe({ channel: 'two', onMessage: (text) => void heard.push(text), onLive: () => void lives++ })
  await Promise.all(keys.map((key) => connection.command('GET', key)))
  await dying.kill()
  const startedAt = performance.now()
  const answers = await Promise.all(keys.map((key) => failure(connection.command('SET', key, 'new'))))
  expect(awakeMs(startedAt)).toBeLessThan(3000)
  expect([...new Set(answers)].sort()).toEqual(['no failure', 'storage_unavailable'])
  await eventually(() => worked(Promise.all(keys.map((key) => connection.run(increment, `${key}:2`, [])))))
  expect(changes).toContainEqual(
    expect.objectContaining({ state: 'down', node: `127.0.0.1:${cluster.proxies[1]?.port}` }),
  )
  await eventually(async () => {
    await connection.command('PUBLISH', 'two', 'again')
    return heard.length > 0
  })
})
