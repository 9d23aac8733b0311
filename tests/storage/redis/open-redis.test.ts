import { expect, onTestFinished, test } from 'vitest'
import { askServers, openRedis } from '../../../storage/redis/open-redis.ts'
import { openRedisStorage } from '../../../storage/redis/open-redis-storage.ts'
import { parseRedisUrl } from '../../../storage/redis/redis-url.ts'
import { REDIS_SCHEMA_VERSION, SCHEMA_KEY } from '../../../storage/redis/schema-record.ts'
import { StorageOpenError } from '../../../storage/storage-open-error.ts'
import { startRedisCluster } from '../../support/redis-cluster.ts'
import { type RedisServer, type RedisServerOptions, startRedisServer } from '../../support/redis-server.ts'

interface Asked {
  readonly isVolatileAllowed?: boolean
  readonly partitions?: number
  /** How far the clock of this server is ahead. */
  readonly aheadMs?: number
}

async function start(options: RedisServerOptions = { isOwn: true }): Promise<RedisServer> {
  const server = await startRedisServer(options)
  onTestFinished(() => server.stop())
  return server
}

async function open(text: string, { isVolatileAllowed = false, partitions = 1, aheadMs = 0 }: Asked = {}) {
  const clock = { now: () => Date.now() + aheadMs }
  const opened = await openRedis({ address: parseRedisUrl({ text }), clock, isVolatileAllowed, partitions })
  onTestFinished(() => opened.connection.close())
  return opened
}

async function refusal(text: string, asked: Asked = {}): Promise<string> {
  const error = await open(text, asked).catch((reason: unknown) => reason)
  if (!(error instanceof StorageOpenError)) throw new Error(`not refused: ${error}`)
  return error.message
}

test('a Redis with an append-only file is taken, and the store is marked', async () => {
  const server = await start({ appendonly: 'everysec' })
  const { connection, durability, unchecked } = await open(server.url)
  expect(durability).toEqual({
    engine: 'redis',
    survives: 'process',
    detail: 'AOF everysec: up to about 2 s are lost when Redis dies',
  })
  expect(unchecked).toEqual([])
  expect(await connection.command('HGETALL', SCHEMA_KEY)).toEqual([
    'schema',
    `${REDIS_SCHEMA_VERSION}`,
    'partitions',
    '1',
  ])
})

test('a Redis that syncs always survives a power failure', async () => {
  const { url } = await start({ appendonly: 'always' })
  expect((await open(url)).durability.survives).toBe('power')
})

test('a Redis without an append-only file is refused, unless everything may be lost', async () => {
  const { url, port } = await start({ appendonly: 'no' })
  expect(await refusal(url)).toContain(`Redis at 127.0.0.1:${port} keeps no append-only file`)
  expect((await open(url, { isVolatileAllowed: true })).durability.survives).toBe('none')
})

test('after doing what the sentence says it is taken', async () => {
  const { url, command } = await start({ appendonly: 'no', config: { 'maxmemory-policy': 'allkeys-lru' } })
  expect(await refusal(url)).toContain('redis-cli CONFIG SET maxmemory-policy noeviction')
  await command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  expect(await refusal(url)).toContain('redis-cli CONFIG SET appendonly yes')
  await command('CONFIG', 'SET', 'appendonly', 'yes')
  expect((await open(url)).durability.survives).toBe('process')
})

test('a replica is refused with its master', async () => {
  const master = await start()
  const replica = await start({ config: { replicaof: `127.0.0.1 ${master.port}` } })
  expect(await refusal(replica.url)).toContain(`name its master 127.0.0.1:${master.port} in CREW_STORAGE.`)
})

test('clocks that differ are refused', async () => {
  const { url } = await start()
  expect(await refusal(url, { aheadMs: 60_000 })).toContain('has a clock that differs by 60.0 s')
  expect(await refusal(url, { aheadMs: -60_000 })).toContain('has a clock that differs by 60.0 s')
  await expect(open(url, { aheadMs: 4000 })).resolves.toBeDefined()
})

test('a store of a newer Crew, and one of another number of partitions, are refused', async () => {
  const { url, port, command } = await start()
  await open(url, { partitions: 16 })
  expect(await refusal(url, { partitions: 1 })).toBe(
    `Redis at 127.0.0.1:${port} holds a store of 16 partitions, and 1 are asked for: it keeps the number of its first start.`,
  )
  await command('HSET', SCHEMA_KEY, 'schema', REDIS_SCHEMA_VERSION + 1)
  expect(await refusal(url, { partitions: 16 })).toBe(
    `Redis at 127.0.0.1:${port} was written by a newer Crew (schema 5, this one knows 4): start that version.`,
  )
})

test('servers that start together on an empty Redis agree', async () => {
  const { url } = await start()
  const opened = await Promise.allSettled([1, 16, 1, 16, 1].map((partitions) => open(url, { partitions })))
  const winners = new Set([1, 16, 1, 16, 1].filter((_, index) => opened[index]?.status === 'fulfilled'))
  expect(winners.size).toBe(1)
})

test('a database that holds something else is refused', async () => {
  const { url, command } = await start()
  await command('SET', SCHEMA_KEY, 'text')
  expect(await refusal(url)).toMatch(/cannot be used as a store of Crew \(WRONGTYPE .+\)\.$/)
})

test('where CONFIG is denied, what could not be checked is said', async () => {
  const { port, command } = await start()
  await command('ACL', 'SETUSER', 'crew', 'on', '>secret', '~*', '&*', '+@all', '-config')
  const { durability, unchecked } = await open(`redis://crew:secret@127.0.0.1:${port}`)
  expect(durability.survives).toBe('process')
  expect(unchecked).toEqual([
    `Redis at 127.0.0.1:${port} does not tell its appendfsync (CONFIG is denied): it is taken for everysec.`,
  ])
})

test('where INFO is denied it is refused', async () => {
  const { port, command } = await start()
  await command('ACL', 'SETUSER', 'crew', 'on', '>secret', '~*', '&*', '+@all', '-info')
  expect(await refusal(`redis://crew:secret@127.0.0.1:${port}`)).toContain('NOPERM')
})

test('a Cluster is taken by its own address only, and its weakest master counts', async () => {
  const cluster = await startRedisCluster({ appendonly: 'always' })
  onTestFinished(() => cluster.stop())
  const [first, second] = cluster.masters
  expect(await refusal(first.url)).toContain(`write redis+cluster://127.0.0.1:${first.port} in CREW_STORAGE.`)
  expect(await refusal(`${first.url}/1`)).toContain('write redis+cluster:// in CREW_STORAGE.')
  expect((await open(cluster.url, { partitions: 16 })).durability.survives).toBe('power')
  await second.command('CONFIG', 'SET', 'appendfsync', 'everysec')
  expect((await open(cluster.url, { partitions: 16 })).durability.survives).toBe('process')
  await second.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
  expect(await refusal(cluster.url, { partitions: 16 })).toContain(`Redis at 127.0.0.1:${second.port} throws keys away`)
})

test('a connection that ends while the store is opened is made again, whatever was asked', async () => {
  const cluster = await startRedisCluster({ hasProxies: true })
  onTestFinished(() => cluster.stop())
  const address = parseRedisUrl({ text: cluster.url })
  for (const name of ['CONFIG', 'HMGET', 'script', 'ZREM']) {
    const asksFor = (request: Buffer) => new RegExp(`\\r\\n${name}\\r\\n`, 'i').test(request.toString())
    // Of the schema one master alone is asked: that of the first partition.
    const swallowed = Promise.race(cluster.proxies.map((proxy) => proxy.swallowNextReply(asksFor)))
    const storage = await openRedisStorage({ address, clock: { now: Date.now }, bootId: `after ${name}` })
    onTestFinished(() => storage.close())
    await swallowed
    for (const proxy of cluster.proxies) await proxy.heal()
    expect(storage.durability.survives).toBe('process')
  }
})

test('of a master that comes between two questions nothing is assumed', async () => {
  const told = { INFO: '', CONFIG: ['appendfsync', 'always'], TIME: ['1', '0'] }
  let early = ''
  const onMasters = async (name: string) => {
    const nodes = name === early ? ['a:1'] : ['a:1', 'b:2']
    return nodes.map((node) => ({ node, reply: told[name as keyof typeof told] }))
  }
  const ask = () => askServers({ onMasters }, { now: () => 1000 })
  expect((await ask()).map(({ node, config }) => [node, config?.get('appendfsync')])).toEqual([
    ['a:1', 'always'],
    ['b:2', 'always'],
  ])
  for (early of ['CONFIG', 'TIME']) await expect(ask()).rejects.toMatchObject({ code: 'storage_unavailable' })
})
