import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Clock } from '../server/core/clock.ts'
import { StorageOpenError } from './sqlite/database.ts'
import { openSqliteStorage } from './sqlite/sqlite-storage.ts'
import type { TaskStorage } from './task-storage.ts'

export { StorageOpenError } from './sqlite/database.ts'

export interface OpenStorageOptions {
  /** `sqlite:PATH`, `memory` or `redis://…`. */
  readonly setting: string
  /** Where a relative path starts; null is the folder the process was started in. */
  readonly dataDir: string | null
  readonly clock: Clock
  /** New for every start. */
  readonly bootId: string
}

/** Opens the storage that a setting names, or rejects with a StorageOpenError whose message says what to do. */
export async function openStorage({ setting, dataDir, clock, bootId }: OpenStorageOptions): Promise<TaskStorage> {
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
      throw new StorageOpenError(NO_REDIS)
    default:
      throw new StorageOpenError(`"${scheme}" is no storage of Crew: set CREW_STORAGE to sqlite:PATH or memory.`)
  }
}

/** Whether opening would find something that is there, rather than make it. */
export function hasStore({ setting, dataDir }: Pick<OpenStorageOptions, 'setting' | 'dataDir'>): boolean {
  if (setting === 'memory') return false
  return !setting.startsWith('sqlite:') || existsSync(locate(setting.slice('sqlite:'.length), dataDir))
}

const IN_MEMORY = ':memory:'
const NO_REDIS =
  'CREW_STORAGE (or REDIS_ADDRESS) names a Redis, which comes with a later version of Crew: ' +
  'set CREW_STORAGE to sqlite:PATH or memory.'

function locate(path: string, dataDir: string | null): string {
  return dataDir === null || isAbsolute(path) || path === IN_MEMORY ? path : join(dataDir, path)
}
