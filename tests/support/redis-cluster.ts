import { eventually } from './eventually.ts'
import { type RedisServer, type RedisServerOptions, startRedisServer } from './redis-server.ts'
import { TcpProxy } from './tcp-proxy.ts'

export interface RedisClusterOptions extends Pick<RedisServerOptions, 'appendonly' | 'config'> {
  /** Per master. With one, a master that dies is replaced within about twice `nodeTimeoutMs`. */
  readonly replicas?: 0 | 1
  readonly nodeTimeoutMs?: number
  /** A proxy in front of each master, where the Cluster tells clients that it is. */
  readonly hasProxies?: boolean
}

/** Three masters on loopback that share the slots. `stop` ends all of them. */
export interface RedisCluster {
  /** `redis+cluster://127.0.0.1:PORT,…` with the masters, or their proxies. */
  readonly url: string
  /** The masters as started, each with a third of the slots in order; `kill` and `start` work on each. */
  readonly masters: readonly [RedisServer, RedisServer, RedisServer]
  /** The replica of each master, in the same order; none without `replicas`. */
  readonly replicas: readonly RedisServer[]
  /** Of each master, in the same order; none without `hasProxies`. */
  readonly proxies: readonly TcpProxy[]
  /** Resolves when every node that is not named as dead sees `cluster_state:ok`, and knows whose every slot is. */
  settled(dead?: readonly RedisServer[]): Promise<void>
  stop(): Promise<void>
}

const MASTERS = 3
const SLOTS = 16_384
const NODE_TIMEOUT_MS = 1500
/** Without replicas nobody takes over: a master that a busy machine keeps waiting is not to be taken for dead. */
const ALONE_TIMEOUT_MS = 10_000

export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const nodes = await startNodes(MASTERS * (1 + (options.replicas ?? 0)), options)
  const masters = nodes.slice(0, MASTERS) as [RedisServer, RedisServer, RedisServer]
  const replicas = nodes.slice(MASTERS)
  const proxies: TcpProxy[] = []
  const stop = async (): Promise<void> => {
    await Promise.all([...proxies.map((proxy) => proxy.close()), ...nodes.map((node) => node.stop())])
  }
  const settled = (dead: readonly RedisServer[] = []) => settleAll(nodes.filter((node) => !dead.includes(node)))
  try {
    if (options.hasProxies) proxies.push(...(await Promise.all(masters.map(putBehindProxy))))
    await spreadSlots(masters)
    await meet(nodes)
    await follow(replicas, masters)
    await settled()
  } catch (error) {
    await stop()
    throw error
  }
  const places = (options.hasProxies ? proxies : masters).map(({ host, port }) => `${host}:${port}`)
  return { url: `redis+cluster://${places.join(',')}`, masters, replicas, proxies, settled, stop }
}

/** Before the nodes meet, as the word about a port that changes goes round slowly. */
async function putBehindProxy(master: RedisServer): Promise<TcpProxy> {
  const proxy = await TcpProxy.start(master)
  await master.command('CONFIG', 'SET', 'cluster-announce-port', proxy.port)
  return proxy
}

/** Stops those that did start when one does not. */
async function startNodes(count: number, options: RedisClusterOptions): Promise<RedisServer[]> {
  const {
    appendonly = 'everysec',
    replicas = 0,
    nodeTimeoutMs = replicas ? NODE_TIMEOUT_MS : ALONE_TIMEOUT_MS,
  } = options
  const config = {
    'cluster-enabled': 'yes',
    'cluster-require-full-coverage': 'no',
    'cluster-node-timeout': String(nodeTimeoutMs),
    // A replica that never saw its master answer may take its place: the first failover comes soon after the start.
    'cluster-replica-validity-factor': '0',
    'repl-diskless-sync-delay': '0',
    ...options.config,
  }
  const starting = Array.from({ length: count }, () => startRedisServer({ appendonly, maxmemory: '128mb', config }))
  const results = await Promise.allSettled(starting)
  const nodes = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = results.find((result) => result.status === 'rejected')
  if (!failed) return nodes
  await Promise.all(nodes.map((node) => node.stop()))
  throw failed.reason
}

async function spreadSlots(masters: readonly RedisServer[]): Promise<void> {
  const firstOf = (index: number) => Math.floor((SLOTS * index) / masters.length)
  const given = masters.map((master, index) =>
    master.command('CLUSTER', 'ADDSLOTSRANGE', firstOf(index), firstOf(index + 1) - 1),
  )
  await Promise.all(given)
}

async function meet(nodes: readonly RedisServer[]): Promise<void> {
  // Different epochs from the start, or the nodes spend seconds to agree on some.
  await Promise.all(nodes.map((node, index) => node.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)))
  // Each meets each: they would tell each other as well, but take a second for every word.
  for (const [index, { host, port, command }] of nodes.entries()) {
    const bus = (await command('CONFIG', 'GET', 'cluster-port')) as [string, string]
    const before = nodes.slice(0, index)
    await Promise.all(before.map((node) => node.command('CLUSTER', 'MEET', host, port, bus[1])))
  }
  for (const node of nodes) {
    await until(node, async () => (await infoOf(node)).includes(`cluster_known_nodes:${nodes.length}\r`))
  }
}

async function follow(replicas: readonly RedisServer[], masters: readonly RedisServer[]): Promise<void> {
  for (const [index, replica] of replicas.entries()) {
    const id = String(await masters[index]?.command('CLUSTER', 'MYID'))
    await until(replica, async () => String(await replica.command('CLUSTER', 'NODES')).includes(id))
    await replica.command('CLUSTER', 'REPLICATE', id)
  }
  for (const replica of replicas) {
    await until(replica, async () =>
      String(await replica.command('INFO', 'replication')).includes('master_link_status:up'),
    )
  }
}

/** A node is ok without knowing all slots, as full coverage is not required: it learns of them by the next words of the others. */
async function settleAll(nodes: readonly RedisServer[]): Promise<void> {
  for (const node of nodes) {
    await until(node, async () => {
      const info = await infoOf(node)
      return info.includes('cluster_state:ok') && info.includes(`cluster_slots_assigned:${SLOTS}\r`)
    })
  }
}

async function infoOf(node: RedisServer): Promise<string> {
  return String(await node.command('CLUSTER', 'INFO'))
}

function until(node: RedisServer, isSo: () => Promise<boolean>): Promise<void> {
  return eventually(isSo, () => infoOf(node))
}
