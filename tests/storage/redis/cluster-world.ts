import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Redis } from 'ioredis'
import type { ChangeSet } from '../../../server/core/change-set.ts'
import { CrewError } from '../../../server/core/errors.ts'
import type { Task } from '../../../server/core/task.ts'
import { partitionTag } from '../../../storage/redis/keys.ts'
import { Partition } from '../../../storage/redis/partition.ts'
import { Partitions } from '../../../storage/redis/partitions.ts'
import { compileScript } from '../../../storage/redis/redis-connection.ts'
import { asRedisError } from '../../../storage/redis/redis-errors.ts'
import type { PartitionOptions, ScriptRunner } from '../../../storage/redis/script-runner.ts'
import { composeScripts, type ScriptName } from '../../../storage/redis/scripts.ts'
import type { LeaseRequest, Store } from '../../../storage/redis/store.ts'
import type { StoreClock } from '../../../storage/redis/store-clock.ts'
import type { ClaimedTask } from '../../../storage/task-storage.ts'
import { changeSet, insertTask, putGroup } from '../../support/changes.ts'
import { makeGroup, makeTask } from '../../support/make.ts'
import { startRedisServer } from '../../support/redis-server.ts'
import { type SimulatedClock, simulatedClock } from '../../support/simulated-clock.ts'

const PARTITIONS = 16
export const LEASE_MS = 30_000

/** A script or a command on its way, the hash tag or key that it goes to, and what it says. */
export interface Sent {
  readonly name: string
  readonly place: string
  readonly args: readonly (string | number)[]
}

/** Where the Redis of a test lies: one server, which stands for all masters. */
export interface ClusterWorld {
  readonly redis: Redis
  readonly clock: SimulatedClock
  /** Another server of Crew. With a `storeClock` it goes by what scripts tell of their time. */
  open(bootId?: string, storeClock?: StoreClock): Promise<ClusterServer>
  /** One on a store that is no Cluster. */
  openSingle(bootId?: string): Promise<LossyServer<Partition>>
  close(): Promise<void>
}

export type ClusterServer = LossyServer<Partitions>

/** A server of Crew whose requests and replies are lost as a test says. */
export interface LossyServer<Kind extends Store> {
  readonly store: Kind
  /** These requests do not arrive. */
  isAway: (sent: Sent) => boolean
  /** These are done, and the answer is lost. */
  isLost: (sent: Sent) => boolean
  /** These wait until it resolves. */
  delay: (sent: Sent) => Promise<void> | undefined
  /** The answers of these do. */
  delayReply: (sent: Sent) => Promise<void> | undefined
  /** What the master of that hash tag takes for the time, where it is not the simulated one. */
  timeAt: (tag: string) => number | undefined
  /** All that was sent. */
  readonly sent: Sent[]
}

export async function openClusterWorld(): Promise<ClusterWorld> {
  const server = await startRedisServer({ isOwn: true, appendonly: 'no' })
  const redis = new Redis(server.url)
  const clock = simulatedClock()
  return {
    redis,
    clock,
    open: (bootId = 'one', storeClock) =>
      openServer(
        { redis, clock, bootId },
        (options) =>
          new Partitions({ ...options, count: PARTITIONS, ...(storeClock && { clock: storeClock, storeClock }) }),
      ),
    openSingle: (bootId = 'one') =>
      openServer({ redis, clock, bootId }, (options) => new Partition({ ...options, tag: partitionTag(0) })),
    close: async () => {
      redis.disconnect()
      await server.stop()
    },
  }
}

async function openServer<Kind extends Store>(
  { redis, clock, bootId }: { redis: Redis; clock: SimulatedClock; bootId: string },
  create: (options: Omit<PartitionOptions, 'tag'>) => Kind,
): Promise<LossyServer<Kind>> {
  const nothing = { isAway: () => false, isLost: () => false, delay: () => undefined, delayReply: () => undefined }
  const server = { ...nothing, timeAt: () => undefined, sent: [] as Sent[] }
  const runner = lossyRunner(redis, server)
  const newToken = () => randomBytes(12).toString('base64url')
  const store = create({ runner, clock, time: 'clock', bootId, newToken })
  await store.open()
  return Object.assign(server, { store })
}

function lossyRunner(redis: Redis, line: Omit<LossyServer<Store>, 'store'>): ScriptRunner {
  const away = () => new CrewError('storage_unavailable', 'away')
  const send = async <Reply>(sent: Sent, ask: () => Promise<Reply>): Promise<Reply> => {
    line.sent.push(sent)
    if (line.isAway(sent)) throw away()
    await line.delay(sent)
    const reply = await ask().catch((error: unknown) => Promise.reject(asRedisError(error)))
    await line.delayReply(sent)
    if (line.isLost(sent)) throw away()
    return reply
  }
  const scripts = composeScripts()
  const run = async (name: ScriptName, tag: string, args: readonly (string | number)[]): Promise<unknown> => {
    const { sha, text } = compileScript(scripts[name])
    return redis.evalsha(sha, 1, tag, ...args).catch((error: Error) => {
      if (!error.message.startsWith('NOSCRIPT')) throw error
      return redis.eval(text, 1, tag, ...args)
    })
  }
  return {
    run: (name, tag, args) =>
      send({ name, place: tag, args }, () => run(name, tag, [line.timeAt(tag) ?? args[0] ?? '', ...args.slice(1)])),
    command: (name, key, ...args) => send({ name, place: key, args }, () => redis.call(name, key, ...args)),
    scan: async (tag, cursor, count) => {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `${tag}*`, 'COUNT', count)
      return { cursor: next, keys }
    },
  }
}

/** Happens once. */
export function once(match: (sent: Sent) => boolean): (sent: Sent) => boolean {
  let isOver = false
  return (sent) => {
    if (isOver || !match(sent)) return false
    isOver = true
    return true
  }
}

export const partitionOf = (id: string): number => crc32(id) % PARTITIONS
export const isAt =
  (partition: number) =>
  ({ place }: Sent): boolean =>
    place.startsWith(`{c${partition}}`)
/** About the permits of a worker. */
export const ofWorker =
  (worker: string) =>
  ({ name, args }: Sent): boolean =>
    name.endsWith('Permits') && args[1] === 'worker' && args[2] === worker

/** Names of which each is in a partition of its own, none of them in those that are left out. */
export function apart(count: number, { prefix = 'g', without = [] as readonly number[] } = {}): string[] {
  const taken = new Set(without)
  const names: string[] = []
  for (let n = 0; names.length < count; n++) {
    const name = `${prefix}${n}`
    if (taken.has(partitionOf(name))) continue
    taken.add(partitionOf(name))
    names.push(name)
  }
  return names
}

/** A group with so many tasks `<group>.0`, `<group>.1` and so on. */
export const newGroup = (id: string, tasks: number, fields: Partial<Task> = {}): ChangeSet =>
  changeSet({
    changes: [
      putGroup(makeGroup({ id })),
      ...Array.from({ length: tasks }, (_, n) => insertTask(makeTask({ id: `${id}.${n}`, groupId: id, ...fields }))),
    ],
  })

export const newTask = (fields: Partial<Task>): ChangeSet => changeSet({ changes: [insertTask(makeTask(fields))] })

export const claimOf = (fields: Partial<LeaseRequest> = {}): LeaseRequest => ({
  limit: 64,
  slots: new Map(),
  slotsPerWorker: 20,
  maxLeasesPerWorker: 20,
  leaseMs: LEASE_MS,
  ...fields,
})

export const refsOf = (claimed: readonly ClaimedTask[]) =>
  claimed.map(({ task, token }) => ({ taskId: task.id, token }))

/** How many leases Redis counts, over all partitions. */
export async function countLeases(redis: Redis): Promise<number> {
  const counts = await Promise.all(Array.from({ length: PARTITIONS }, (_, n) => redis.zcard(`{c${n}}leases`)))
  return counts.reduce((total, count) => total + count, 0)
}

/** The key of a gate's permits, such as `worker:w` or `all:`. */
export const permitsKey = (gate = 'worker:worker'): string => `{c${partitionOf(gate)}}permits:${gate}`

export const countPermits = (redis: Redis, gate?: string): Promise<number> => redis.zcard(permitsKey(gate))
