import { statfsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStorage } from '../../storage/sqlite/sqlite-storage.ts'
import type { StorageFactory } from './storage-world.ts'

/** Many times what all stores of a run take. */
const ROOM_BYTES = 256 * 2 ** 20

/**
 * Linux' file system in memory where it has room: what is tested here does not depend on a disk, and waiting for one takes half of the time.
 * What survives is tested with whole servers (`tests/e2e/kill.test.ts`, `tests/chaos/sqlite-disk-full.test.ts`), on a disk.
 */
function quickFolder(): string {
  try {
    const { bsize, bavail } = statfsSync('/dev/shm')
    return bsize * bavail >= ROOM_BYTES ? '/dev/shm' : tmpdir()
  } catch {
    return tmpdir()
  }
}

/** The engine on a file, each store in one of its own; `isThreaded` as the server runs it. */
export function sqliteFile({ isThreaded } = { isThreaded: false }): StorageFactory & { path(): string } {
  let directory = ''
  let opened = 0
  const path = () => join(directory, `${opened}.db`)
  return {
    open: async (options) => {
      if (directory === '') directory = await mkdtemp(join(quickFolder(), 'crew-storage-'))
      opened++
      return openSqliteStorage({ path: path(), isThreaded, ...options })
    },
    reopen: (options) => openSqliteStorage({ path: path(), isThreaded, ...options }),
    isDurable: true,
    path,
    cleanup: async () => {
      if (directory !== '') await rm(directory, { recursive: true, force: true })
      directory = ''
    },
  }
}

/** The engine in memory: what `memory` stands for. It forgets idle lanes all the time, which else begins with 50,000. */
export function sqliteMemory(): StorageFactory {
  return {
    open: (options) => openSqliteStorage({ path: ':memory:', minTrimmed: 1, ...options }),
    isDurable: false,
    cleanup: async () => {},
  }
}
