import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer } from 'node:net'
import { Redis } from 'ioredis'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { type RedisServer, startRedisServer } from './redis-server.ts'
import { TcpProxy } from './tcp-proxy.ts'

let server: RedisServer

beforeAll(async () => {
  server = await startRedisServer({ isOwn: true })
  return () => server.stop()
})

/** A client behind a proxy, which tells each failure at once and sends nothing twice. */
async function open() {
  const proxy = await TcpProxy.start(server)
  const client = new Redis({
    port: proxy.port,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: null,
    disconnectTimeout: 50,
  })
  client.on('error', () => {})
  onTestFinished(async () => {
    client.disconnect()
    await proxy.close()
  })
  await server.command('FLUSHALL')
  await client.connect()
  return { proxy, client }
}

const contains = (word: string) => (request: Buffer) => request.includes(word)

test('requests and answers pass', async () => {
  const { client, proxy } = await open()
  const request = proxy.nextRequest(contains('hits'))
  expect(await client.incr('hits')).toBe(1)
  expect(String(await request)).toContain('incr')
  expect(proxy.connections).toBe(1)
})

test('a large answer passes whole', async () => {
  const { client } = await open()
  const text = 'x'.repeat(5_000_000)
  await client.set('large', text)
  expect(await client.get('large')).toBe(text)
})

test('swallowed replies: the server acts, the client hears nothing, and its connection is cut at the end', async () => {
  const { client, proxy } = await open()
  proxy.swallowReplies()
  const reply = proxy.nextReply()
  const answer = client.incr('hits').catch((error: Error) => error)
  expect(String(await reply)).toBe(':1\r\n')
  expect(await server.command('GET', 'hits')).toBe('1')
  await proxy.heal()
  expect(await answer).toBeInstanceOf(Error)
})

test('the next reply that matches is lost, once, and its effect is there', async () => {
  const { client, proxy } = await open()
  const swallowed = proxy.swallowNextReply(contains('hits'))
  await client.set('other', '1')
  const answer = client.incr('hits').catch((error: Error) => error)
  await swallowed
  expect(await server.command('GET', 'hits')).toBe('1')
  expect(await answer).toBeInstanceOf(Error)
  await client.connect()
  expect(await client.incr('hits')).toBe(2)
})

test('a request that is sent behind others is executed although its reply is lost', async () => {
  const { client, proxy } = await open()
  const swallowed = proxy.swallowNextReply(contains('hits'))
  const answers = Promise.allSettled([client.incr('first'), client.incr('hits')])
  await swallowed
  expect(await server.command('MGET', 'first', 'hits')).toEqual(['1', '1'])
  expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})

test('what hangs arrives when it heals', async () => {
  const { client, proxy } = await open()
  proxy.hang()
  const answer = client.incr('hits')
  expect(await server.command('GET', 'hits')).toBe(null)
  await proxy.heal()
  expect(await answer).toBe(1)
})

test('a new connection hangs too', async () => {
  const { client, proxy } = await open()
  proxy.hang()
  const other = client.duplicate()
  const connected = other.connect()
  await proxy.heal()
  await connected
  expect(await other.ping()).toBe('PONG')
  other.disconnect()
})

test('cut connections end, new ones are welcome', async () => {
  const { client, proxy } = await open()
  const closed = new Promise((resolve) => client.once('end', resolve))
  proxy.cut()
  await closed
  expect(proxy.connections).toBe(0)
  await client.connect()
  expect(await client.ping()).toBe('PONG')
})

test('refused connections are errors, those that exist stay', async () => {
  const { client, proxy } = await open()
  await proxy.refuse()
  expect(await client.ping()).toBe('PONG')
  const other = client.duplicate()
  other.on('error', () => {})
  await expect(other.connect()).rejects.toThrow()
  await proxy.heal()
  await other.connect()
  expect(await other.ping()).toBe('PONG')
  other.disconnect()
})

test('a delayed answer comes later, in order', async () => {
  const { client, proxy } = await open()
  proxy.delay(50)
  const startedAt = performance.now()
  const first = client.incr('hits')
  await proxy.nextReply()
  proxy.delay(0)
  expect(await Promise.all([first, client.incr('hits')])).toEqual([1, 2])
  expect(performance.now() - startedAt).toBeGreaterThan(45)
})

test('each answer has a delay of its own, and none overtakes another', async () => {
  const { client, proxy } = await open()
  const delays = [40, 0]
  proxy.delay(() => delays.shift() ?? 0)
  const startedAt = performance.now()
  const first = client.incr('hits')
  await proxy.nextReply()
  expect(await Promise.all([first, client.incr('hits')])).toEqual([1, 2])
  expect([delays, performance.now() - startedAt >= 35]).toEqual([[], true])
})

test('a narrow line takes its time for each byte', async () => {
  const { client, proxy } = await open()
  await client.set('large', 'x'.repeat(5000))
  proxy.throttle(50_000)
  const startedAt = performance.now()
  expect(await client.get('large')).toHaveLength(5000)
  expect(performance.now() - startedAt).toBeGreaterThan(95)
})

test('lost requests have no effect, answers to those before them pass, and the connection is cut at the end', async () => {
  const { client, proxy } = await open()
  proxy.delay(30)
  const before = client.incr('before')
  await proxy.nextReply()
  proxy.loseRequests()
  const lost = client.incr('hits').catch((error: Error) => error)
  expect(await before).toBe(1)
  await proxy.heal()
  expect(await lost).toBeInstanceOf(Error)
  expect(await server.command('GET', 'hits')).toBe(null)
})

test('a request that is broken never arrives, and its connection is reset', async () => {
  const { client, proxy } = await open()
  let requests = 0
  proxy.breakRequests(() => ++requests === 2)
  expect(await client.incr('hits')).toBe(1)
  await expect(client.incr('hits')).rejects.toThrow()
  expect(await server.command('GET', 'hits')).toBe('1')
})

test('a connection is cut in the middle of an answer', async () => {
  const { client, proxy } = await open()
  await client.set('large', 'x'.repeat(5000))
  const cut = proxy.cutAfterBytes(3000)
  const answer = client.get('large').catch((error: Error) => error)
  await cut
  expect(await answer).toBeInstanceOf(Error)
  await client.connect()
  expect(await client.get('large')).toHaveLength(5000)
})

test('a stranded connection stays silent for good, also when its client leaves, and new ones pass', async () => {
  const { client, proxy } = await open()
  proxy.strand()
  const answer = client.incr('hits').catch((error: Error) => error)
  const other = client.duplicate()
  await other.connect()
  expect(await other.incr('hits')).toBe(1)
  await proxy.heal()
  expect(await other.incr('hits')).toBe(2)
  client.disconnect()
  expect(await answer).toBeInstanceOf(Error)
  expect(await other.get('hits')).toBe('2')
  other.disconnect()
})

test('new connections lead to another server, those that exist stay', async () => {
  const { client, proxy } = await open()
  const elsewhere = await startRedisServer({ isOwn: true })
  onTestFinished(() => elsewhere.stop())
  proxy.leadTo(elsewhere)
  await client.incr('hits')
  const other = client.duplicate()
  await other.connect()
  expect(await other.get('hits')).toBe(null)
  expect(await server.command('GET', 'hits')).toBe('1')
  other.disconnect()
})

test('a client that leaves is seen by the server', async () => {
  const left = Promise.withResolvers<void>()
  const behind = createServer((socket) => void socket.resume().once('end', left.resolve))
  await new Promise<void>((resolve) => behind.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void behind.close())
  const proxy = await TcpProxy.start({ host: '127.0.0.1', port: (behind.address() as AddressInfo).port })
  onTestFinished(() => proxy.close())
  const client = createConnection({ host: proxy.host, port: proxy.port })
  await once(client, 'connect')
  client.destroy()
  await left.promise
})

test('a server that cannot be reached is a connection that breaks', async () => {
  const proxy = await TcpProxy.start({ host: '127.0.0.1', port: 1 })
  const client = new Redis({ port: proxy.port, lazyConnect: true, retryStrategy: null })
  client.on('error', () => {})
  await expect(client.connect()).rejects.toThrow()
  await proxy.close()
})
