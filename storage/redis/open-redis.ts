import type { Clock } from '../../server/core/clock.ts'
import { CrewError } from '../../server/core/errors.ts'
import { StorageOpenError } from '../storage-open-error.ts'
import { type ConnectOptions, connectRedis } from './connect.ts'
import { pause } from './real-time.ts'
import type { RedisConnection } from './redis-connection.ts'
import { describeRedis } from './redis-url.ts'
import { agreeOnSchema, checkSchema } from './schema-record.ts'
import { checkServer, combineVerdicts, type ServerFacts, type Verdict } from './start-checks.ts'

export interface OpenRedisOptions extends ConnectOptions {
  readonly clock: Clock
  readonly isVolatileAllowed: boolean
  /** Where there is no store none is begun. */
  readonly isReadOnly?: boolean
  /** Of the store; it keeps the number of its first start. */
  readonly partitions: number
}

export interface OpenRedis extends Verdict {
  readonly connection: RedisConnection
}

/** A Cluster takes commands of some nodes while others still load, and moves its slots about. */
const ATTEMPTS = 10
const AGAIN_MS = 500

/** Connects, checks the server and the store, or rejects with a StorageOpenError whose message says what to do. */
export async function openRedis(options: OpenRedisOptions): Promise<OpenRedis> {
  const connection = await connectRedis(options)
  try {
    const verdict = await untilThere(() => checked(connection, options), options.signal)
    return { connection, ...verdict }
  } catch (error) {
    await connection.close()
    if (error instanceof StorageOpenError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new StorageOpenError(`${describeRedis(options.address)} cannot be used as a store of Crew (${reason}).`)
  }
}

async function checked(connection: RedisConnection, options: OpenRedisOptions): Promise<Verdict> {
  const verdict = await judge(connection, options)
  if (options.isReadOnly) await checkSchema(connection, options.partitions)
  else await agreeOnSchema(connection, options.partitions)
  return verdict
}

/** A step of opening a store, again while Redis is away, for some seconds: it changes nothing when it is done twice. */
export async function untilThere<Result>(step: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await step()
    } catch (error) {
      const isAway = error instanceof CrewError && error.code === 'storage_unavailable'
      if (!isAway || attempt === ATTEMPTS) throw error
      await pause(AGAIN_MS, { signal })
      signal?.throwIfAborted()
    }
  }
}

async function judge(connection: RedisConnection, options: OpenRedisOptions): Promise<Verdict> {
  const { kind } = options.address
  const { isVolatileAllowed } = options
  const servers = await askServers(connection, options.clock)
  const verdicts = servers.map((facts) => checkServer(facts, { kind, isVolatileAllowed }))
  return combineVerdicts(verdicts as [Verdict, ...Verdict[]])
}

/** What each master tells of itself; `storage_unavailable` when there were others at the next question. */
export async function askServers(connection: Pick<RedisConnection, 'onMasters'>, clock: Clock): Promise<ServerFacts[]> {
  const infos = await connection.onMasters('INFO')
  const configs = await connection.onMasters('CONFIG', 'GET', 'appendfsync', 'maxmemory-policy').catch(orDenied)
  const askedAt = clock.now()
  const times = await connection.onMasters('TIME')
  const answeredAt = clock.now()
  return infos.map(({ node, reply }) => ({
    node,
    info: parseInfo(String(reply)),
    config: configs && configOf(replyOf(configs, node)),
    storeAt: timeOf(replyOf(times, node)) ?? answeredAt,
    askedAt,
    answeredAt,
  }))
}

/** Of a master that was not asked nothing is assumed: the masters of a Cluster changed between two questions. */
function replyOf(replies: readonly { node: string; reply: unknown }[], node: string): unknown {
  const found = replies.find((each) => each.node === node)
  if (found) return found.reply
  throw new CrewError('storage_unavailable', `Redis Cluster is changing its masters (${node}): try again in a moment.`)
}

/** Managed servers keep CONFIG to themselves; one that is away is asked again. */
function orDenied(error: unknown): null {
  if (error instanceof CrewError) throw error
  return null
}

/** `name:value` lines between `# Section` lines. */
export function parseInfo(text: string): Map<string, string> {
  const fields = text.split('\r\n').map((line) => /^([^#:]+):(.*)$/.exec(line))
  return new Map(fields.flatMap((field) => (field ? [[field[1] ?? '', field[2] ?? ''] as const] : [])))
}

/** Names and values in turn; null where the server tells none. */
function configOf(reply: unknown): Map<string, string> | null {
  if (!Array.isArray(reply)) return null
  return new Map(reply.flatMap((name, index) => (index % 2 === 0 ? [[String(name), String(reply[index + 1])]] : [])))
}

/** Seconds and microseconds of TIME, as epoch ms. */
function timeOf(reply: unknown): number | null {
  if (!Array.isArray(reply)) return null
  const [seconds, microseconds] = reply.map(Number)
  return (seconds ?? 0) * 1000 + Math.trunc((microseconds ?? 0) / 1000)
}
