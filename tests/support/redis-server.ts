import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { claimDatabase } from './redis-database.ts'
import { findRedisProgram, RedisProcess } from './redis-process.ts'

export interface RedisServerOptions {
  /** How often the append-only file is synced; `no` keeps nothing. */
  readonly appendonly?: 'no' | 'everysec' | 'always'
  /** Like `20mb`. */
  readonly maxmemory?: string
  /** By the names of redis.conf; wins over all else. */
  readonly config?: Readonly<Record<string, string>>
  /** Of its process, besides ours. */
  readonly env?: Readonly<Record<string, string>>
  /** The test kills, pauses or configures it, which is not done to the Redis of `REDIS_URL`. Options imply it. */
  readonly isOwn?: boolean
}

/**
 * A real Redis. States: `running` ⇄ `paused`, `running` → kill → `dead` → start → `running`, → stop → gone with its
 * folder. Whoever started it stops it; when the process of the tests dies before, it dies too.
 */
export interface RedisServer {
  /** `redis://127.0.0.1:PORT`, or what `REDIS_URL` says with an empty database of its own. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** The folder of its files; '' where the server is not ours. */
  readonly directory: string
  /** One command over a connection of its own; answers as ioredis does. */
  command(name: string, ...args: (string | number)[]): Promise<unknown>
  /** `kill -9`. Resolves when the process is gone. */
  kill(): Promise<void>
  /** After `kill`: on the same port and folder. Resolves when it takes commands, so after it has loaded its files. */
  start(config?: Readonly<Record<string, string>>): Promise<void>
  /** SIGSTOP: connections stay, answers do not come. */
  pause(): void
  /** SIGCONT. */
  resume(): void
  /** Ends it and takes its folder away. */
  stop(): Promise<void>
}

/** Two of these and a cluster of six fit beside the tests on a small machine. */
const MAXMEMORY = '256mb'
/** Somebody may take a free port between looking and listening. */
const PORT_ATTEMPTS = 5

/** Starts a Redis on a free port, or takes a database of the one that `REDIS_URL` names. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const url = process.env.REDIS_URL
  const isOwn = options.isOwn ?? Object.keys(options).length > 0
  return url && !isOwn ? useRedisAt(url) : startOwn(options)
}

async function startOwn(options: RedisServerOptions): Promise<RedisServer> {
  const program = findRedisProgram()
  for (let attempt = 1; ; attempt++) {
    const directory = await mkdtemp(join(tmpdir(), 'crew-redis-'))
    const port = await freePort()
    const config = { ...configOf(options), port: String(port), ...(await clusterPortOf(options)) }
    const { env = {} } = options
    const launch = (more = {}) => new RedisProcess({ program, directory, env, config: { ...config, ...more } })
    const process = launch()
    try {
      await process.ready()
      return ownServer({ process, launch, directory, port })
    } catch (error) {
      await end(process, directory)
      if (attempt === PORT_ATTEMPTS || !/Address already in use/.test(String(error))) throw error
    }
  }
}

/** The cluster's own port is 10,000 higher unless told, which may be none. */
async function clusterPortOf({ config }: RedisServerOptions): Promise<Record<string, string>> {
  return config?.['cluster-enabled'] === 'yes' ? { 'cluster-port': String(await freePort()) } : {}
}

function configOf({
  appendonly = 'everysec',
  maxmemory = MAXMEMORY,
  config,
}: RedisServerOptions): Record<string, string> {
  const persistence: Record<string, string> =
    appendonly === 'no' ? { appendonly: 'no' } : { appendonly: 'yes', appendfsync: appendonly }
  const common: Record<string, string> = { bind: '127.0.0.1', save: '', maxmemory, 'maxmemory-policy': 'noeviction' }
  return { ...common, ...persistence, ...config }
}

interface Own {
  readonly process: RedisProcess
  readonly launch: (more?: Readonly<Record<string, string>>) => RedisProcess
  readonly directory: string
  readonly port: number
}

function ownServer({ process: first, launch, directory, port }: Own): RedisServer {
  let process = first
  const host = '127.0.0.1'
  const url = `redis://${host}:${port}`
  return {
    url,
    host,
    port,
    directory,
    command: (name, ...args) => commandAt(url, name, ...args),
    kill: () => process.kill(),
    start: (more) => {
      process = launch(more)
      return process.ready()
    },
    pause: () => process.pause(),
    resume: () => process.resume(),
    stop: () => end(process, directory),
  }
}

async function end(process: RedisProcess, directory: string): Promise<void> {
  await process.kill()
  await rm(directory, { recursive: true, force: true })
}

/** A database that was empty and is emptied again; the server belongs to others, so nobody kills or pauses it. */
async function useRedisAt(address: string): Promise<RedisServer> {
  const { url, release } = await claimDatabase(address)
  const { hostname, port } = new URL(url)
  const refuse = (): never => {
    throw new Error('The Redis of REDIS_URL is not killed, paused or started by tests: ask for `isOwn`.')
  }
  return {
    url,
    host: hostname,
    port: Number(port) || 6379,
    directory: '',
    command: (name, ...args) => commandAt(url, name, ...args),
    kill: async () => refuse(),
    start: async () => refuse(),
    pause: refuse,
    resume: refuse,
    stop: release,
  }
}

async function commandAt(url: string, name: string, ...args: (string | number)[]): Promise<unknown> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null, enableReadyCheck: false })
  redis.on('error', () => {}) // the command rejects with it
  try {
    await redis.connect()
    return await redis.call(name, ...args)
  } finally {
    redis.disconnect()
  }
}
