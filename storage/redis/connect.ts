import { Cluster, Redis } from 'ioredis'
import { StorageOpenError } from '../storage-open-error.ts'
import { clusterOptions, commonOptions } from './client-options.ts'
import { repeat } from './real-time.ts'
import { RedisConnection } from './redis-connection.ts'
import { isLoginRefused } from './redis-errors.ts'
import { describeNode, describeRedis, type RedisAddress, type RedisNode } from './redis-url.ts'
import { Subscriber } from './subscriber.ts'

export interface ConnectOptions {
  readonly address: RedisAddress
  /** A connection came or went; told once for each change and node. */
  readonly onChange?: (change: ConnectionChange) => void
  /** How long a Redis that is not there is waited for. One that loads its file is waited for as long as that takes. */
  readonly patienceMs?: number
  readonly signal?: AbortSignal
}

export type ConnectionChange =
  | { readonly state: 'up'; readonly node: string }
  | { readonly state: 'down'; readonly node: string; readonly reason: string }

/** Containers that start together find each other within seconds. */
const PATIENCE_MS = 10_000

/**
 * Opens the connection for commands and prepares the one for subscriptions. Resolves when Redis takes commands; rejects
 * with a StorageOpenError when it is not there, or does not let us in.
 */
export async function connectRedis(options: ConnectOptions): Promise<RedisConnection> {
  const { address } = options
  const closing = new AbortController()
  const tell = createTeller(options, closing.signal)
  const client = address.kind === 'cluster' ? createCluster(address, tell) : createSingle(address, tell)
  const subscriber = new Subscriber({ nodes: () => nodesOf(address, client), redis: commonOptions(address) })
  const connection = new RedisConnection({ address, client, subscriber, onClose: () => closing.abort() })
  try {
    await whenReady(client, options)
    if (client instanceof Cluster) await connectMasters(client)
    return connection
  } catch (error) {
    await connection.close()
    throw error
  }
}

type Tell = (change: ConnectionChange) => void

/** Passes on what changed: a node that stays away says so ten times a second. */
function createTeller({ onChange }: ConnectOptions, closing: AbortSignal): Tell {
  const states = new Map<string, ConnectionChange['state']>()
  return (change) => {
    if (closing.aborted || states.get(change.node) === change.state) return
    states.set(change.node, change.state)
    onChange?.(change)
  }
}

function createSingle(address: RedisAddress, tell: Tell): Redis {
  const [first] = address.nodes as [RedisNode]
  const node = describeNode(first)
  const redis = new Redis({ ...commonOptions(address), ...first, db: address.db })
  let reason = ENDED
  redis.on('error', (error: Error) => {
    reason = error.message
    // ioredis would go on with database 0 when the one asked for is not there.
    if (isDatabaseRefused(error)) redis.disconnect(true)
  })
  redis.on('close', () => {
    tell({ state: 'down', node, reason })
    reason = ENDED
  })
  redis.on('ready', () => tell({ state: 'up', node }))
  return redis
}

function createCluster(address: RedisAddress, tell: Tell): Cluster {
  const cluster = new Cluster([...address.nodes], clusterOptions(address))
  cluster.on('error', () => {}) // told below, for each node
  cluster.on('node error', (error: Error, node: string) => tell({ state: 'down', node, reason: error.message }))
  cluster.on('-node', (redis: Redis) => tell({ state: 'down', node: placeOf(redis), reason: ENDED }))
  cluster.on('+node', (redis: Redis) => {
    redis.on('ready', () => tell({ state: 'up', node: placeOf(redis) }))
  })
  return cluster
}

const ENDED = 'the connection ended'

const placeOf = ({ options: { host, port } }: Redis): string => `${host}:${port}`

/** Those that are known now, as nodes of the setting may be gone for good. */
function nodesOf({ nodes }: RedisAddress, client: Redis | Cluster): readonly RedisNode[] {
  if (client instanceof Redis) return nodes
  const known = client.nodes().map(({ options: { host = '', port = 0 } }) => ({ host, port }))
  return known.length > 0 ? known : nodes
}

function whenReady(client: Redis | Cluster, { address, patienceMs = PATIENCE_MS, signal }: ConnectOptions) {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let reason = 'it does not answer'
  const fail = (sentence: string): void => reject(new StorageOpenError(`${describeRedis(address)} ${sentence}.`))
  const look = (error: Error & { readonly lastNodeError?: Error }): void => {
    const cause = error.lastNodeError ?? error
    reason = cause.message
    const refusal = refusalOf(cause, address)
    if (refusal !== null) fail(refusal)
  }
  const stopLooking = repeat(patienceMs, () => {
    // `connect` is past the login and not ready: it loads its file, which takes minutes when that is large.
    if (client.status !== 'connect') fail(`cannot be reached (${reason}): start it, or correct CREW_STORAGE`)
  })
  const stop = (): void => fail('was not waited for any longer')
  signal?.addEventListener('abort', stop)
  client.on('error', look).once('ready', resolve)
  client.connect().catch(() => {}) // it tries again by itself, and `error` tells why
  return promise.finally(() => {
    stopLooking()
    signal?.removeEventListener('abort', stop)
    client.off('error', look).off('ready', resolve)
  })
}

/**
 * ioredis connects to a node at its first command, and refuses all others until that is done. A master that is away now is
 * found again by the redirections of the others.
 */
async function connectMasters(cluster: Cluster): Promise<void> {
  await Promise.allSettled(cluster.nodes('master').map((node) => node.connect()))
}

/** Why trying again is of no use; null when it may be. */
function refusalOf(error: Error, { db }: RedisAddress): string | null {
  const { message } = error
  if (isLoginRefused(error)) {
    return `refuses the login (${message.replace(/\.$/, '')}): correct user and password in CREW_STORAGE, or REDIS_PASSWORD`
  }
  if (isDatabaseRefused(error)) return `has no database ${db}: take a lower number, or raise "databases" in redis.conf`
  if (/cluster support disabled/i.test(message)) return 'is no Redis Cluster: write redis:// in CREW_STORAGE'
  if (/SELECT is not allowed in cluster mode/i.test(message)) {
    return 'is a node of a Redis Cluster: write redis+cluster:// in CREW_STORAGE'
  }
  return null
}

const isDatabaseRefused = ({ message }: Error): boolean => /DB index is out of range|invalid DB index/i.test(message)
