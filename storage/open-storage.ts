import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Clock } from '../server/core/clock.ts'
import type { ConnectionChange } from './redis/connect.ts'
import { openRedisStorage } from './redis/open-redis-storage.ts'
import { parseRedisUrl } from './redis/redis-url.ts'
import { openSqliteStorage } from './sqlite/sqlite-storage.ts'
import { StorageOpenError } from './storage-open-error.ts'
import type { TaskStorage } from './task-storage.ts'

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
  /** A connection to Redis came or went. */
  readonly onRedisChange?: (change: ConnectionChange) => void
}

/** Opens the storage that a setting names, or rejects with a StorageOpenError whose message says what to do. */
export async function openStorage(options: OpenStorageOptions): Promise<TaskStorage> {
  const { setting, dataDir, clock, bootId } = options
  const { redisPassword = null, allowVolatileRedis = false, onRedisChange = () => {} } = options
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
      })
    default:
      throw new StorageOpenError(
        `"${scheme}" is no storage of Crew: set CREW_STORAGE to sqlite:PATH, redis://HOST:PORT or memory.`,
      )
  }
}

/** Whether opening would find something that is there, rather than make it. */
export function hasStore({ setting, dataDir }: Pick<OpenStorageOptions, 'setting' | 'dataDir'>): boolean {
  if (setting === 'memory') return false
  return !setting.startsWith('sqlite:') || existsSync(locate(setting.slice('sqlite:'.length), dataDir))
}

const IN_MEMORY = ':memory:'

function locate(path: string, dataDir: string | null): string {
  return dataDir === null || isAbsolute(path) || path === IN_MEMORY ? path : join(dataDir, path)
}
