import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Clock } from '../server/core/clock.ts'
import type { ConnectionChange } from './redis/connect.ts'
import { openRedisStorage } from './redis/open-redis-storage.ts'
import { parseRedisUrl } from './redis/redis-url.ts'
import { SqliteSnapshot } from './sqlite/snapshot.ts'
import { openSqliteStorage } from './sqlite/sqlite-storage.ts'
import { StorageOpenError } from './storage-open-error.ts'
import type { TaskStorage } from './task-storage.ts'

export { type FileReport, inspectSqliteFile } from './sqlite/inspect-file.ts'
export { StorageOpenError } from './storage-open-error.ts'

export interface OpenStorageOptions {
  /** `sqlite:PATH`, `memory`, `redis://…` or `redis+cluster://…`. */
  readonly setting: string
  /** Where a relative path starts; null is the folder the process was started in. */
  readonly dataDir: string | null
  readonly clock: Clock
  /** New for every start. */
  readonly bootId: string
  /** REDIS_PASSWORD; one within the setting wins. */
  readonly redisPassword?: string | null
  readonly allowVolatileRedis?: boolean
  /** How long a Redis that is not there is waited for; left out, as containers that start together need. */
  readonly patienceMs?: number
  /** A connection to Redis came or went. */
  readonly onRedisChange?: (change: ConnectionChange) => void
}

/** Opens the storage that a setting names, or rejects with a StorageOpenError whose message says what to do. */
export async function openStorage(options: OpenStorageOptions): Promise<TaskStorage> {
  const { setting, dataDir, clock, bootId } = options
  const { redisPassword = null, allowVolatileRedis = false, onRedisChange = () => {}, patienceMs } = options
  const [scheme] = setting.split(':', 1)
  switch (scheme) {
    case 'sqlite':
      return openSqliteStorage({
        path: locate(setting.slice('sqlite:'.length), dataDir),
        clock,
        bootId,
        isThreaded: true,
      })
    case 'memory':
      return openSqliteStorage({ path: IN_MEMORY, clock, bootId, isThreaded: true })
    case 'redis':
    case 'rediss':
    case 'redis+cluster':
    case 'rediss+cluster':
      return openRedisStorage({
        address: parseRedisUrl({ text: setting, password: redisPassword }),
        clock,
        bootId,
        isVolatileAllowed: allowVolatileRedis,
        onChange: onRedisChange,
        ...(patienceMs !== undefined && { patienceMs }),
      })
    default:
      throw new StorageOpenError(
        `"${scheme}" is no storage of Crew: set CREW_STORAGE to sqlite:PATH, redis://HOST:PORT or memory.`,
      )
  }
}

/** Where a storage listens that is behind a network: what nobody but Crew itself is to connect to. */
export const endpointsOf = (setting: string): readonly { readonly host: string; readonly port: number }[] =>
  /^redis/.test(setting) ? parseRedisUrl({ text: setting }).nodes : []

/** A store to look at: nothing of it is changed. */
export type StoreView =
  /** As it is at this moment. */
  | { readonly engine: 'sqlite'; readonly path: string; readonly snapshot: SqliteSnapshot; close(): Promise<void> }
  /** Servers may change it while it is looked at. */
  | { readonly engine: 'redis'; readonly storage: TaskStorage; close(): Promise<void> }

/** Opens a store that is there, beside servers that use it; else like `openStorage`. */
export async function viewStorage(options: OpenStorageOptions): Promise<StoreView> {
  const { setting, dataDir, clock, bootId, redisPassword = null, allowVolatileRedis = false } = options
  if (setting === 'memory') {
    throw new StorageOpenError(
      'CREW_STORAGE is "memory", which only its server can look into: name a file or a Redis with --storage.',
    )
  }
  if (setting.startsWith('sqlite:')) {
    const path = locate(setting.slice('sqlite:'.length), dataDir)
    if (!existsSync(path))
      throw new StorageOpenError(`${path} does not exist: name the store with --storage sqlite:PATH.`)
    const snapshot = new SqliteSnapshot(path)
    return { engine: 'sqlite', path, snapshot, close: async () => snapshot.close() }
  }
  const address = parseRedisUrl({ text: setting, password: redisPassword })
  const rules = { isVolatileAllowed: allowVolatileRedis, isReadOnly: true }
  const storage = await openRedisStorage({ address, clock, bootId, ...rules })
  return { engine: 'redis', storage, close: () => storage.close() }
}

/** Whether opening would find something that is there, rather than make it. */
export function hasStore({ setting, dataDir }: Pick<OpenStorageOptions, 'setting' | 'dataDir'>): boolean {
  if (setting === 'memory') return false
  return !setting.startsWith('sqlite:') || existsSync(locate(setting.slice('sqlite:'.length), dataDir))
}

/** The path of a SQLite file; null of another storage, and of one in memory. */
export function fileOfStore({ setting, dataDir }: Pick<OpenStorageOptions, 'setting' | 'dataDir'>): string | null {
  const path = setting.startsWith('sqlite:') ? locate(setting.slice('sqlite:'.length), dataDir) : IN_MEMORY
  return path === IN_MEMORY ? null : path
}

/** Where the file of `sqlite:PATH` is. */
export const pathOfSqlite = ({
  storage,
  dataDir,
}: {
  readonly storage: string
  readonly dataDir: string | null
}): string => locate(storage.slice('sqlite:'.length), dataDir)

const IN_MEMORY = ':memory:'

function locate(path: string, dataDir: string | null): string {
  return dataDir === null || isAbsolute(path) || path === IN_MEMORY ? path : join(dataDir, path)
}
