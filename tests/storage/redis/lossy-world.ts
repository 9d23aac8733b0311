import { expect } from 'vitest'
import { CrewError } from '../../../server/core/errors.ts'
import { createGraph } from '../../../server/services/groups.ts'
import type { ServiceContext } from '../../../server/services/service-context.ts'
import { openRedisStorage } from '../../../storage/redis/open-redis-storage.ts'
import { compileScript } from '../../../storage/redis/redis-connection.ts'
import { parseRedisUrl } from '../../../storage/redis/redis-url.ts'
import { composeScripts, type ScriptName } from '../../../storage/redis/scripts.ts'
import type { ClaimedTask, ClaimRequest, TaskStorage } from '../../../storage/task-storage.ts'
import { eventually } from '../../support/eventually.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import { TcpProxy } from '../../support/tcp-proxy.ts'

export const LEASE_MS = 60_000

/** A group of its own: `a` can run, `b` waits for `a` and for `x`. What a round names begins with its prefix. */
export interface Round {
  readonly prefix: string
  /** A task that this round has claimed. */
  claim(): Promise<ClaimedTask>
}

/** A Redis seen directly, and over lines on which answers are lost. */
export interface LossyWorld {
  readonly direct: TaskStorage
  makeRound(prefix: string): Promise<Round>
  /** A line of its own. */
  openLine(name: string): Promise<LossyLine>
}

export interface LossyLine {
  /**
   * Calls; the answer to the next request that matches is lost on the way. Calls again, as a client or the committer does when
   * the store is there again, and answers what that gave, also when it is an error.
   */
  callTwice(match: (request: Buffer) => boolean, call: (context: ServiceContext) => Promise<unknown>): Promise<unknown>
  close(): Promise<void>
}

export async function openLossyWorld(redis: RedisServer, options: { maxWeight?: number } = {}): Promise<LossyWorld> {
  // Else the answer that is lost would be that Redis does not know the script.
  for (const text of Object.values(composeScripts(options.maxWeight))) await redis.command('SCRIPT', 'LOAD', text)
  const openAt = (url: string, bootId: string) =>
    openRedisStorage({ address: parseRedisUrl({ text: url }), bootId, clock, time: 'store', ...options })
  const direct = await openAt(redis.url, 'direct')
  return {
    direct,
    makeRound: (prefix) => makeRound(direct, prefix),
    openLine: async (name) => {
      const proxy = await TcpProxy.start(redis)
      const storage = await openAt(`redis://127.0.0.1:${proxy.port}`, name)
      return {
        callTwice: (match, call) => callTwice({ proxy, storage, match, call }),
        close: async () => {
          await storage.close()
          await proxy.close()
        },
      }
    },
  }
}

const clock = { now: Date.now }

async function callTwice(options: {
  readonly proxy: TcpProxy
  readonly storage: TaskStorage
  readonly match: (request: Buffer) => boolean
  readonly call: (context: ServiceContext) => Promise<unknown>
}): Promise<unknown> {
  const { proxy, storage, match, call } = options
  const swallowed = proxy.swallowNextReply(match)
  const first = settled(call(contextOf(storage)))
  await swallowed
  expect(await first).toMatchObject({ code: 'storage_unavailable' })
  await eventually(async () => !isAway(await settled(storage.getRecord('any'))))
  return settled(call(contextOf(storage)))
}

const settled = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error)
const isAway = (error: unknown): boolean => error instanceof CrewError && error.code === 'storage_unavailable'

/** Requests that run one of these scripts. */
export function requestsOf(scripts: readonly ScriptName[], maxWeight?: number): (request: Buffer) => boolean {
  const all = composeScripts(maxWeight)
  const hashes = scripts.map((name) => compileScript(all[name]).sha)
  return (request) => hashes.some((hash) => request.includes(hash))
}

let made = 0

export function contextOf(storage: TaskStorage): ServiceContext {
  return {
    storage,
    clock,
    random: () => 0,
    newId: () => `made-${++made}`,
    workers: { hasAddress: () => true, slotsOf: () => ({ inFlight: 0, limit: 20 }) },
  }
}

/** Only what is of this round's worker. */
export const claimOf = (prefix: string): ClaimRequest => ({
  limit: 10,
  slots: new Map([[`${prefix}worker`, 10]]),
  slotsPerWorker: 0,
  maxLeasesPerWorker: 10,
  until: Date.now() + LEASE_MS,
})

async function makeRound(direct: TaskStorage, prefix: string): Promise<Round> {
  const tasks = [
    { id: `${prefix}a`, worker: `${prefix}worker`, workgroup: `${prefix}workgroup` },
    { id: `${prefix}x`, worker: 'other' },
    { id: `${prefix}b`, worker: 'other', parentIds: [`${prefix}a`, `${prefix}x`] },
  ]
  await createGraph(contextOf(direct), { id: prefix, name: '', tasks })
  return {
    prefix,
    async claim() {
      const [claimed] = (await direct.claim(claimOf(prefix))).tasks
      if (!claimed) throw new Error(`nothing of ${prefix} can be claimed`)
      return claimed
    },
  }
}

/** All that a round left, without what differs between any two: times, tokens, and how often an edit was made. */
export async function snapshot(direct: TaskStorage, prefix: string): Promise<unknown> {
  const all = { groupId: prefix, page: 1, pageSize: 0, search: '', skipCompleted: false }
  const { tasks } = await direct.listTasks(all)
  const told = await Promise.all(
    tasks.map(async ({ createdAt, runAfter, version, run, lease, ...task }) => ({
      ...task,
      // Rounded to the next whole one: two lines may read the store's clock a millisecond apart.
      leaseLeft: lease ? Math.round((lease.until - Date.now()) / LEASE_MS) : null,
      attempts: [task.attempts, (await direct.listAttempts(task.id)).map(({ number, outcome }) => [number, outcome])],
    })),
  )
  const group = await direct.getGroup(prefix)
  const state = {
    tasks: told.sort((a, b) => (a.id < b.id ? -1 : 1)),
    group: { ...group, createdAt: 0, epoch: 0 },
    other: { ...(await direct.getGroup(`${prefix}new`)), createdAt: 0 },
    holds: (await direct.listHolds('workgroup', [`${prefix}workgroup`])).map(({ name, reason }) => [name, reason]),
    record: await direct.getRecord(`${prefix}record`),
  }
  return JSON.parse(JSON.stringify(state).replaceAll(prefix, ''))
}
