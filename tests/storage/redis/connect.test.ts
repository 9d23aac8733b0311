import { createConnection } from 'node:net'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CrewError } from '../../../server/core/errors.ts'
import { type ConnectionChange, connectRedis } from '../../../storage/redis/connect.ts'
import { compileScript, type RedisConnection } from '../../../storage/redis/redis-connection.ts'
import { parseRedisUrl } from '../../../storage/redis/redis-url.ts'
import { awakeMs } from '../../support/awake.ts'
import { eventually } from '../../support/eventually.ts'
import { type RedisServer, type RedisServerOptions, startRedisServer } from '../../support/redis-server.ts'
import { TcpProxy } from '../../support/tcp-proxy.ts'

interface World {
  readonly connection: RedisConnection
  readonly changes: ConnectionChange[]
}

async function connect(text: string, patienceMs = 5000): Promise<World> {
  const changes: ConnectionChange[] = []
  const onChange = (change: ConnectionChange) => void changes.push(change)
  const connection = await connectRedis({ address: parseRedisUrl({ text }), onChange, patienceMs })
  onTestFinished(() => connection.close())
  return { connection, changes }
}

async function start(options: RedisServerOptions = { isOwn: true }): Promise<RedisServer> {
  const server = await startRedisServer(options)
  onTestFinished(() => server.stop())
  return server
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

const codeOf = (error: unknown) => (error instanceof CrewError ? error.code : error)
const failure = (work: Promise<unknown>) => work.then(() => 'no failure', codeOf)
const contains = (word: string) => (request: Buffer) => request.includes(word)

describe('a connection to one server', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisServer({ isOwn: true })
    return () => server.stop()
  })

  async function connectThroughProxy() {
    await server.command('FLUSHALL')
    const proxy = await TcpProxy.start(server)
    const world = await connect(`redis://127.0.0.1:${proxy.port}`)
    onTestFinished(() => proxy.close())
    return { ...world, proxy }
  }

  test('commands and scripts are answered', async () => {
    const { connection, changes } = await connect(server.url)
    const script = compileScript(`return {KEYS[1], ARGV[1], ARGV[2]}`)
    expect(await connection.command('SET', 'key', 'ü')).toBe('OK')
    expect(await connection.command('GET', 'key')).toBe('ü')
    expect(await connection.run(script, '{c0}', ['a', 7])).toEqual(['{c0}', 'a', '7'])
    expect(await connection.onMasters('PING')).toEqual([{ node: `127.0.0.1:${server.port}`, reply: 'PONG' }])
    expect(changes).toEqual([{ state: 'up', node: `127.0.0.1:${server.port}` }])
  })

  test('a script that Redis forgot is sent whole', async () => {
    const { connection } = await connect(server.url)
    const script = compileScript(`return redis.call('INCR', KEYS[1]) -- forgotten`)
    await server.command('DEL', 'counted')
    expect(await connection.run(script, 'counted', [])).toBe(1)
    await server.command('SCRIPT', 'FLUSH')
    expect(await Promise.all([1, 2, 3].map(() => connection.run(script, 'counted', [])))).toEqual([2, 3, 4])
  })

  test('a scan walks over the keys of its tag', async () => {
    const { connection } = await connect(server.url)
    await server.command('FLUSHALL')
    const keys = Array.from({ length: 50 }, (_, index) => `{c0}t:${index}`)
    await connection.command('MSET', 'other', '1', ...keys.flatMap((key) => [key, '1']))
    const found: string[] = []
    let cursor = '0'
    do {
      const step = await connection.scan('{c0}', cursor, 10)
      found.push(...step.keys)
      cursor = step.cursor
    } while (cursor !== '0')
    expect([...new Set(found)].sort()).toEqual(keys.sort())
  })

  test('a command whose answer was lost is not sent again', async () => {
    const { connection, proxy } = await connectThroughProxy()
    const swallowed = proxy.swallowNextReply(contains('hits'))
    expect(await failure(connection.command('INCR', 'hits'))).toBe('storage_unavailable')
    await swallowed
    await eventually(() =>
      connection.command('PING').then(
        () => true,
        () => false,
      ),
    )
    expect(await connection.command('GET', 'hits')).toBe('1')
  })

  test('a script whose answer was lost is not sent again', async () => {
    const { connection, proxy } = await connectThroughProxy()
    const script = compileScript(`return redis.call('INCR', KEYS[1]) -- lost`)
    await connection.run(script, 'other', [])
    const swallowed = proxy.swallowNextReply(contains('hits'))
    expect(await failure(connection.run(script, 'hits', []))).toBe('storage_unavailable')
    await swallowed
    await eventually(() =>
      connection.command('PING').then(
        () => true,
        () => false,
      ),
    )
    expect(await connection.command('GET', 'hits')).toBe('1')
  })

  test('commands fail in time while Redis hangs, and it goes on by itself', async () => {
    const { connection, proxy } = await connectThroughProxy()
    proxy.hang()
    const startedAt = performance.now()
    expect(await failure(connection.command('PING'))).toBe('storage_unavailable')
    expect(awakeMs(startedAt)).toBeLessThan(3000)
    await proxy.heal()
    await eventually(() =>
      connection.command('PING').then(
        () => true,
        () => false,
      ),
    )
  })

  test('while nobody answers commands fail at once, and both changes are told once', async () => {
    const { connection, changes, proxy } = await connectThroughProxy()
    await proxy.refuse()
    proxy.cut()
    await eventually(async () => changes.length === 2)
    const later = new Promise((resolve) => setImmediate(resolve, 'later'))
    expect(await Promise.race([failure(connection.command('PING')), later])).toBe('storage_unavailable')
    await proxy.heal()
    await eventually(() =>
      connection.command('PING').then(
        () => true,
        () => false,
      ),
    )
    expect(changes.map(({ state }) => state)).toEqual(['up', 'down', 'up'])
  })

  test('a fault of a command is no CrewError', async () => {
    const { connection } = await connect(server.url)
    await expect(connection.command('GET')).rejects.toThrow('ERR wrong number of arguments')
    expect(await failure(connection.command('GET'))).toBeInstanceOf(Error)
  })

  test('what is under way when it closes is rejected', async () => {
    const { connection } = await connect(server.url)
    const waiting = failure(connection.command('BLPOP', 'nothing', 0))
    await connection.close()
    expect(await waiting).toBe('storage_unavailable')
    expect(await failure(connection.command('PING'))).toBe('storage_unavailable')
    await connection.close()
  })
})

describe('opening', () => {
  test('a server that is not there is refused after a while', async () => {
    await expect(connect('redis://127.0.0.1:1', 300)).rejects.toThrow(
      /^Redis at 127\.0\.0\.1:1 cannot be reached \(.+\): start it, or correct CREW_STORAGE\.$/,
    )
  })

  test('a server that comes later is waited for', async () => {
    const server = await start()
    await server.kill()
    const connecting = connect(server.url, 20_000)
    await server.start()
    const { connection } = await connecting
    expect(await connection.command('PING')).toBe('PONG')
  })

  test('waiting can be stopped', async () => {
    const stopping = new AbortController()
    const connecting = connectRedis({
      address: parseRedisUrl({ text: 'redis://127.0.0.1:1' }),
      signal: stopping.signal,
    })
    stopping.abort()
    await expect(connecting).rejects.toThrow('Redis at 127.0.0.1:1 was not waited for any longer.')
  })

  test('a server that loads its file is waited for, longer than one that is not there', async () => {
    const server = await start({ appendonly: 'no', isOwn: true })
    await server.command('EVAL', `for i = 1, 1000 do redis.call('SET', 'key' .. i, i) end`, 0)
    await server.command('SAVE')
    await server.kill()
    const started = server.start({ 'key-load-delay': '1000', 'loading-process-events-interval-bytes': '1024' })
    // On a busy machine it takes longer to be there at all.
    await eventually(() => isListening(server.port))
    const { connection } = await connect(server.url, 300)
    expect(await connection.command('DBSIZE')).toBe(1000)
    await started
  })

  test('a wrong password is refused at once, and not shown', async () => {
    const { port } = await start({ config: { requirepass: 'right' } })
    for (const login of ['', ':hunter2@', 'crew:hunter2@']) {
      const refusal = await connect(`redis://${login}127.0.0.1:${port}`, 20_000).catch((error: Error) => error.message)
      expect(refusal).toMatch(
        /^Redis at 127\.0\.0\.1:\d+ refuses the login \((WRONGPASS|NOAUTH) .+\): correct user and password in CREW_STORAGE, or REDIS_PASSWORD\.$/,
      )
      expect(refusal).not.toContain('hunter2')
    }
    const { connection } = await connect(`redis://:right@127.0.0.1:${port}`)
    expect(await connection.command('PING')).toBe('PONG')
  })

  test('a database is chosen, and one that is not there is refused', async () => {
    const { url, port, command } = await start({ config: { databases: '4' } })
    const { connection } = await connect(`${url}/3`)
    await connection.command('SET', 'key', 'value')
    expect(await command('DBSIZE')).toBe(0)
    await expect(connect(`${url}/4`, 20_000)).rejects.toThrow(
      `Redis at 127.0.0.1:${port}, database 4 has no database 4: take a lower number, or raise "databases" in redis.conf.`,
    )
  })

  test('one server is no Cluster', async () => {
    const { port } = await start()
    await expect(connect(`redis+cluster://127.0.0.1:${port}`, 20_000)).rejects.toThrow(
      `Redis Cluster at 127.0.0.1:${port} is no Redis Cluster: write redis:// in CREW_STORAGE.`,
    )
  })
})

describe('subscriptions', () => {
  interface Heard {
    readonly messages: string[]
    lives: number
  }

  function listen(connection: RedisConnection, channel: string): Heard & { stop(): void } {
    const heard: Heard = { messages: [], lives: 0 }
    const stop = connection.subscribe({
      channel,
      onMessage: (text) => void heard.messages.push(text),
      onLive: () => void heard.lives++,
    })
    return Object.assign(heard, { stop })
  }

  test('messages are heard on their channel until it is stopped', async () => {
    const { connection } = await connect((await start()).url)
    const one = listen(connection, 'one')
    const other = listen(connection, 'other')
    await eventually(async () => one.lives + other.lives === 2)
    await connection.command('PUBLISH', 'one', 'first')
    await connection.command('PUBLISH', 'other', 'second')
    await eventually(async () => other.messages.length === 1)
    expect([one.messages, other.messages]).toEqual([['first'], ['second']])
    one.stop()
    await connection.command('PUBLISH', 'one', 'third')
    await connection.command('PUBLISH', 'other', 'fourth')
    await eventually(async () => other.messages.length === 2)
    expect(one.messages).toEqual(['first'])
  })

  test('a listener that comes later is told that it hears', async () => {
    const { connection } = await connect((await start()).url)
    const first = listen(connection, 'one')
    await eventually(async () => first.lives === 1)
    const second = listen(connection, 'one')
    const third = listen(connection, 'another')
    await eventually(async () => second.lives + third.lives === 2)
    expect(first.lives).toBe(1)
  })

  test('after a break it hears again, and tells that something may have been missed', async () => {
    const server = await start()
    const { connection } = await connect(server.url)
    const heard = listen(connection, 'one')
    await eventually(async () => heard.lives === 1)
    await server.kill()
    await server.start()
    await eventually(async () => heard.lives === 2)
    await eventually(() =>
      connection.command('PUBLISH', 'one', 'again').then(
        () => true,
        () => false,
      ),
    )
    await eventually(async () => heard.messages.length === 1)
  })
})
