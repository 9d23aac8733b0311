import { existsSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from './eventually.ts'
import { startRedisCluster } from './redis-cluster.ts'
import { claimDatabase, withRedis } from './redis-database.ts'
import { findRedisProgram } from './redis-process.ts'
import { type RedisServerOptions, startRedisServer } from './redis-server.ts'

async function start(options: RedisServerOptions = { isOwn: true }) {
  const server = await startRedisServer(options)
  onTestFinished(() => server.stop())
  return server
}

test('a server that is killed starts again with what it had synced', async () => {
  const server = await start({ appendonly: 'always' })
  await server.command('SET', 'key', 'value')
  await server.kill()
  await expect(server.command('GET', 'key')).rejects.toThrow()
  await server.start()
  expect(await server.command('GET', 'key')).toBe('value')
})

test('a server without a file has nothing after it was killed', async () => {
  const server = await start({ appendonly: 'no' })
  await server.command('SET', 'key', 'value')
  await server.kill()
  await server.start()
  expect(await server.command('GET', 'key')).toBe(null)
})

test('a paused server answers when it goes on', async () => {
  const server = await start()
  server.pause()
  const answer = server.command('PING')
  server.resume()
  expect(await answer).toBe('PONG')
})

test('a server is configured, and refuses writes when its memory is full', async () => {
  const server = await start({ maxmemory: '1mb', config: { 'maxmemory-policy': 'noeviction' } })
  expect(await server.command('CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', '1048576'])
  await expect(server.command('SET', 'key', 'x'.repeat(4_000_000))).rejects.toThrow('OOM')
})

test('a stopped server leaves nothing behind', async () => {
  const server = await startRedisServer({ isOwn: true })
  expect(existsSync(server.directory)).toBe(true)
  await server.stop()
  expect(existsSync(server.directory)).toBe(false)
})

test('a server that cannot start says why', async () => {
  await expect(startRedisServer({ config: { 'no-such-word': 'x' } })).rejects.toThrow('no-such-word')
})

test('without a server on the machine one is told what to install', () => {
  expect(() => findRedisProgram('/nowhere')).toThrow('install one (apt-get install redis-server, brew install redis)')
})

test('of a Redis that belongs to others an empty database is taken, and given back empty', async () => {
  const { url } = await start({ config: { databases: '4' } })
  const commandIn = (place: string, ...words: [string, ...string[]]) =>
    withRedis(place, (redis) => redis.call(...words))
  await commandIn(`${url}/1`, 'SET', 'one', 'kept')
  const [first, second] = [await claimDatabase(url), await claimDatabase(url)]
  expect([first.url, second.url]).toEqual([`${url}/2`, `${url}/3`])
  await expect(claimDatabase(url)).rejects.toThrow('REDIS_URL names a Redis without an empty database')
  await commandIn(first.url, 'SET', 'two', 'gone')
  await first.release()
  expect(await commandIn(first.url, 'DBSIZE')).toBe(0)
  expect(await commandIn(`${url}/1`, 'GET', 'one')).toBe('kept')
})

test('three masters share the slots, and one that is killed comes back', async () => {
  const cluster = await startRedisCluster()
  onTestFinished(() => cluster.stop())
  const [first] = cluster.masters
  expect(cluster.masters).toHaveLength(3)
  expect(String(await first.command('CLUSTER', 'INFO'))).toContain('cluster_slots_ok:16384')
  await first.kill()
  await first.start()
  await cluster.settled()
})

test('a replica takes the place of a master that is killed', async () => {
  const cluster = await startRedisCluster({ replicas: 1, nodeTimeoutMs: 1000 })
  onTestFinished(() => cluster.stop())
  const [master] = cluster.masters
  const roleOf = async (index: number) => String(await cluster.replicas[index]?.command('ROLE'))
  expect(await roleOf(0)).toMatch(`slave,127.0.0.1,${master.port},connected`)
  await master.kill()
  await eventually(async () => (await roleOf(0)).startsWith('master'))
  await cluster.settled([master])
})
