import { onTestFinished } from 'vitest'
import { openRedisStorage } from '../../../storage/redis/open-redis-storage.ts'
import { parseRedisUrl } from '../../../storage/redis/redis-url.ts'
import { type RedisServer, type RedisServerOptions, startRedisServer } from '../../support/redis-server.ts'
import { TcpProxy } from '../../support/tcp-proxy.ts'
import type { Api } from '../support/api-client.ts'
import { type Crew, makeDir, startCrew } from '../support/crew.ts'
import { type Delivery, type RecordingWorker, type Respond, startWorker } from '../support/recording-worker.ts'

/** One server of several. */
export interface Instance extends Crew {
  /** Stands in each of its POSTs, see `instanceOf`. */
  readonly name: string
  /** Stops it in the middle of whatever it does; its connections stay. */
  freeze(): void
  /** It goes on where it was. */
  thaw(): void
}

/** Several servers on one Redis of their own, and the worker that they all call. */
export interface Fleet {
  readonly redis: RedisServer
  readonly worker: RecordingWorker
  /** As started first; `start` adds to them. */
  readonly instances: Instance[]
  /** Between each of them and Redis, in the same order; none without `hasProxies`. */
  readonly proxies: readonly TcpProxy[]
  /** One more server. */
  start(): Promise<Instance>
  /** Asks any of those that `isUp` says are there, in turn. */
  anyApi(isUp: (instance: Instance) => boolean): Pick<Api, 'call'>
  /** Full scan of the store, while nothing is under way. */
  audit(): Promise<string[]>
}

export interface FleetOptions {
  readonly size: number
  readonly redis?: RedisServerOptions
  readonly respond?: Respond
  readonly env?: Readonly<Record<string, string>>
  readonly hasProxies?: boolean
}

/** A lease that ends while a test waits for it; renewed every third of it. */
export const LEASE_MS = 3000

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const redis = await startRedisServer({ isOwn: true, ...options.redis })
  onTestFinished(() => redis.stop())
  const worker = await startWorker(options.respond)
  const instances: Instance[] = []
  const proxies: TcpProxy[] = []
  let started = 0
  const start = async (): Promise<Instance> => {
    const name = `server-${++started}`
    const storage = options.hasProxies ? await throughProxy(redis, proxies) : redis.url
    const env = { ...settingsOf(name, storage, worker), ...options.env }
    const crew = await startCrew({ dir: makeDir(), env })
    const instance = { ...crew, name, ...freezer(crew.pid) }
    instances.push(instance)
    return instance
  }
  await Promise.all(Array.from({ length: options.size }, start))
  const anyApi = (isUp: (instance: Instance) => boolean) => takingTurns(() => instances.filter(isUp))
  return { redis, worker, instances, proxies, start, anyApi, audit: () => auditRedis(redis.url) }
}

async function throughProxy(redis: RedisServer, proxies: TcpProxy[]): Promise<string> {
  const proxy = await TcpProxy.start(redis)
  proxies.push(proxy)
  onTestFinished(() => proxy.close())
  return `redis://${proxy.host}:${proxy.port}`
}

function settingsOf(name: string, storage: string, worker: RecordingWorker): Record<string, string> {
  return {
    CREW_STORAGE: storage,
    CREW_WORKER_BASE_URL: worker.url,
    CREW_WORKER_AUTHORIZATION_HEADER: name,
    CREW_LEASE_MS: String(LEASE_MS),
    CREW_LOG_LEVEL: 'error',
  }
}

/** The server that sent a POST. */
export const instanceOf = ({ headers }: Delivery): string => headers.get('authorization') ?? ''

function freezer(pid: number): Pick<Instance, 'freeze' | 'thaw'> {
  return { freeze: () => void process.kill(pid, 'SIGSTOP'), thaw: () => void process.kill(pid, 'SIGCONT') }
}

function takingTurns(those: () => readonly Instance[]): Pick<Api, 'call'> {
  let turn = 0
  return {
    call: (...request) => {
      const up = those()
      const instance = up[turn++ % up.length]
      if (!instance) throw new Error('no server is up')
      return instance.api.call(...request)
    },
  }
}

async function auditRedis(url: string): Promise<string[]> {
  const address = parseRedisUrl({ text: url })
  const storage = await openRedisStorage({ address, bootId: 'audit', clock: { now: Date.now }, time: 'store' })
  const { faults } = await storage.audit()
  await storage.close()
  return faults
}
