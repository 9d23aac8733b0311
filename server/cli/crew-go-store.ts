import { Redis } from 'ioredis'
import type { CrewGoDocument } from '../core/crew-go-document.ts'
import type { CrewGoSource } from '../services/crew-go-source.ts'
import { SettingError } from '../settings/setting-error.ts'
import type { CrewGoAddress } from './crew-go-address.ts'

/**
 * The layout of crew-go v1.0.5: a JSON string for each group and task. Below them are lists of ids (`…/tasks`, `…/children`) and, while a
 * task executes, a lock (`…/mutex`), a string that is no JSON. Other keys (`go-crew/keys/…`, `go-crew/workgroups/…`) are lists as well.
 */
const GROUP_PREFIX = 'go-crew/task-groups/'
const TASK_PREFIX = 'go-crew/tasks/'
const NO_DOCUMENT = /\/(?:tasks|children|mutex)$/

/** Keys looked at in one step of a scan, which keeps Redis busy for 1.1 ms, and values of 1 KiB read at once, for 0.1 ms (2026-11). */
const KEYS_PER_SCAN = 1000
const VALUES_PER_READ = 200

/** A value may be hundreds of megabytes on a slow line; a Redis that hangs is given up on after this time. */
const COMMAND_TIMEOUT_MS = 30_000
const CONNECT_TIMEOUT_MS = 5000

/** The line was cut, or Redis does not do what it is asked any more. The message is a sentence for people. */
export class CrewGoStoreError extends Error {}

/** crew-go's store, open. */
export interface CrewGoStore extends CrewGoSource {
  /** Whether there is anything to import. */
  hasGroups(): Promise<boolean>
  /** Where the server has keys: `12 in database 0`. */
  listDatabases(): Promise<string[]>
  close(): void
}

/** Connects, logs in and chooses the database; rejects with a SettingError. Nothing that is sent from here on writes. */
export async function openCrewGoStore(address: CrewGoAddress): Promise<CrewGoStore> {
  const redis = new Redis({
    host: address.host,
    port: address.port,
    ...(address.hasTls && { tls: {} }),
    // crew-go ran on any Redis; the third version of the protocol needs 6.
    protocol: 2,
    lazyConnect: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
  })
  // What goes wrong is told by the command or by `connect` as well.
  let cause = ''
  redis.on('error', (error: Error) => {
    cause = reasonOf(error)
  })
  try {
    const refuse = (error: unknown) =>
      fail(`No Redis answers at ${place(address)} (${cause || reasonOf(error)}): ${IS_IT_THERE}`)
    await redis.connect().catch(refuse)
    await logIn(redis, address)
    await chooseDatabase(redis, address)
    return createStore(redis, address)
  } catch (error) {
    redis.disconnect()
    throw error
  }
}

const IS_IT_THERE = 'check the address in --from, and that it is running.'

const place = ({ host, port }: CrewGoAddress): string => `${host}:${port}`

function fail(sentence: string): never {
  throw new SettingError(sentence)
}

function reasonOf(error: unknown): string {
  const { message = '', code = '' } = error as { message?: string; code?: string }
  return message || code || String(error)
}

async function logIn(redis: Redis, address: CrewGoAddress): Promise<void> {
  const { username, password, database } = address
  const at = place(address)
  const refuse = (error: unknown) =>
    fail(`Redis at ${at} refuses the login (${reasonOf(error)}): check the password in --from.`)
  if (password !== '') await (username === '' ? redis.auth(password) : redis.auth(username, password)).catch(refuse)
  await redis.ping().catch((error) => {
    const reason = reasonOf(error)
    if (reason.startsWith('NOAUTH'))
      fail(`Redis at ${at} asks for a password: write --from redis://:PASSWORD@${at}/${database}.`)
    fail(`Redis at ${at} takes no commands (${reason}): mend that, or wait, and try again.`)
  })
}

async function chooseDatabase(redis: Redis, address: CrewGoAddress): Promise<void> {
  const refuse = (error: unknown) =>
    fail(
      `Redis at ${place(address)} does not open database ${address.database} (${reasonOf(error)}): ${WHICH_DATABASE}`,
    )
  await redis.select(address.database).catch(refuse)
}

const WHICH_DATABASE = 'end --from with the number of the database that crew-go used.'

/** The connection, and how to wait for an answer on it. */
interface Link {
  readonly redis: Redis
  ask<Answer>(answer: Promise<Answer>): Promise<Answer>
}

function createStore(redis: Redis, address: CrewGoAddress): CrewGoStore {
  const ask: Link['ask'] = (answer) =>
    answer.catch((error) => {
      throw new CrewGoStoreError(`Redis at ${place(address)} stopped answering (${reasonOf(error)}): ${AGAIN}`)
    })
  const link: Link = { redis, ask }
  return {
    hasGroups: () => hasAny(scan(link, GROUP_PREFIX)),
    countKeys: () => ask(redis.dbsize()),
    scanGroups: () => scan(link, GROUP_PREFIX),
    scanTasks: () => scan(link, TASK_PREFIX),
    readGroups: (ids) => readAll(link, GROUP_PREFIX, ids),
    readTasks: (ids) => readAll(link, TASK_PREFIX, ids),
    // A hint for people, best effort: some who rent out a Redis refuse INFO.
    listDatabases: async () => databasesIn(await redis.info('keyspace').catch(() => '')),
    close: () => redis.disconnect(),
  }
}

const AGAIN = 'run the import again, it goes on where it stopped.'

async function hasAny(steps: AsyncIterable<readonly CrewGoDocument[]>): Promise<boolean> {
  for await (const documents of steps) if (documents.length > 0) return true
  return false
}

async function* scan(link: Link, prefix: string): AsyncGenerator<CrewGoDocument[]> {
  let cursor = '0'
  do {
    const [next, keys] = await link.ask(link.redis.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', KEYS_PER_SCAN))
    const ids = keys.filter((key) => !NO_DOCUMENT.test(key)).map((key) => key.slice(prefix.length))
    yield* readInSteps(link, prefix, ids)
    cursor = next
  } while (cursor !== '0')
}

async function readAll(link: Link, prefix: string, ids: readonly string[]): Promise<CrewGoDocument[]> {
  const all: CrewGoDocument[] = []
  for await (const documents of readInSteps(link, prefix, ids)) all.push(...documents)
  return all
}

async function* readInSteps(link: Link, prefix: string, ids: readonly string[]): AsyncGenerator<CrewGoDocument[]> {
  for (let at = 0; at < ids.length; at += VALUES_PER_READ) {
    yield read(link, prefix, ids.slice(at, at + VALUES_PER_READ))
  }
}

/** Null stands for what is gone, and for what is no string. */
async function read({ redis, ask }: Link, prefix: string, ids: readonly string[]): Promise<CrewGoDocument[]> {
  const texts = await ask(redis.mget(ids.map((id) => prefix + id)))
  return ids.flatMap((id, index) => {
    const text = texts[index]
    return typeof text === 'string' ? [{ id, text }] : []
  })
}

/** `db3:keys=12,expires=0,avg_ttl=0`, a line for each. */
function databasesIn(keyspace: string): string[] {
  return [...keyspace.matchAll(/^db(\d+):keys=(\d+)/gm)].map(([, database, keys]) => `${keys} in database ${database}`)
}
