import { onTestFinished } from 'vitest'
import { sentenceOf } from '../../../server/core/fault.ts'
import { openRedisStorage } from '../../../storage/redis/open-redis-storage.ts'
import { parseRedisUrl } from '../../../storage/redis/redis-url.ts'
import { type RedisCluster, type RedisClusterOptions, startRedisCluster } from '../../support/redis-cluster.ts'
import { withRedis } from '../../support/redis-database.ts'
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
  /** Of a Cluster, its first master. */
  readonly redis: RedisServer
  /** Null: Redis is one server. */
  readonly cluster: RedisCluster | null
  readonly worker: RecordingWorker
  /** As started first; `start` adds to them. */
  readonly instances: Instance[]
  /** Between each of them and Redis, in the same order; none without `hasProxies`. */
  readonly proxies: readonly TcpProxy[]
  /** One more server; of another program where its words are given. */
  start(program?: readonly string[]): Promise<Instance>
  /** Asks any of those that `isUp` says are there, in turn. */
  anyApi(isUp: (instance: Instance) => boolean): Pick<Api, 'call'>
  /** The store is another Redis from now on, as after a failover: proxies lead there, and connections to the old one break. */
  moveTo(redis: RedisServer): void
  /** Full scan of the store, while nothing is under way. */
  audit(): Promise<string[]>
}

export interface FleetOptions {
  readonly size: number
  readonly redis?: RedisServerOptions
  /** Instead of one Redis. */
  readonly cluster?: RedisClusterOptions
  readonly respond?: Respond
  readonly env?: Readonly<Record<string, string>>
  readonly hasProxies?: boolean
}

/** A lease that ends while a test waits for it; renewed every third of it. */
export const LEASE_MS = 3000

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { redis, cluster } = await startStore(options)
  let { url } = cluster ?? redis
  const worker = await startWorker(options.respond)
  const instances: Instance[] = []
  const proxies: TcpProxy[] = []
  let started = 0
  const prepare = async (program?: readonly string[]): Promise<() => Promise<Instance>> => {
    const name = `server-${++started}`
    const storage = options.hasProxies ? await throughProxy(redis, proxies) : url
    const env = { ...settingsOf(name, storage, worker), ...options.env }
    return async () => {
      const crew = await startCrew({ dir: makeDir(), env, ...(program && { program }) })
      return { ...crew, name, ...freezer(crew.pid) }
    }
  }
  const start = async (program?: readonly string[]): Promise<Instance> => {
    const instance = await (await prepare(program))()
    instances.push(instance)
    return instance
  }
  // Their proxies one after the other, and the servers at once: each is at the place of its proxy.
  const launches: (() => Promise<Instance>)[] = []
  while (launches.length < options.size) launches.push(await prepare())
  instances.push(...(await Promise.all(launches.map((launch) => launch()))))
  const anyApi = (isUp: (instance: Instance) => boolean) => takingTurns(() => instances.filter(isUp))
  const moveTo = (other: RedisServer): void => {
    url = other.url
    for (const proxy of proxies) {
      proxy.leadTo(other)
      proxy.cut()
    }
  }
  return { redis, cluster, worker, instances, proxies, start, anyApi, moveTo, audit: () => auditRedis(url) }
}

async function startStore(options: FleetOptions): Promise<Pick<Fleet, 'redis' | 'cluster'>> {
  if (options.cluster) {
    const cluster = await startRedisCluster(options.cluster)
    onTestFinished(() => cluster.stop())
    return { redis: cluster.masters[0], cluster }
  }
  const redis = await startRedisServer({ isOwn: true, ...options.redis })
  onTestFinished(() => redis.stop())
  return { redis, cluster: null }
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
export const instanceOf = ({ instance }: Pick<Delivery, 'instance'>): string => instance

/** What a server has POSTed and has no answer to yet. */
export const openOf = ({ worker }: Pick<Fleet, 'worker'>, { name }: Pick<Instance, 'name'>): Delivery[] =>
  worker.deliveries.filter((each) => each.answeredAt === null && instanceOf(each) === name)

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

/** How far its clock is ahead of ours, as a test may have made it. */
async function aheadOf(url: string): Promise<number> {
  const [seconds = 0] = await withRedis(url, (redis) => redis.time())
  return Number(seconds) * 1000 - Date.now()
}

async function auditRedis(url: string): Promise<string[]> {
  const address = parseRedisUrl({ text: url })
  const aheadMs = address.kind === 'single' ? await aheadOf(url) : 0
  const clock = { now: () => Date.now() + aheadMs }
  const storage = await openRedisStorage({ address, bootId: 'audit', clock, time: 'store', isVolatileAllowed: true })
  const { faults } = await storage.audit()
  await storage.close()
  return faults.map(sentenceOf)
}
