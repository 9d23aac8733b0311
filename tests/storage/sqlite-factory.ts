import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStorage } from '../../storage/sqlite/sqlite-storage.ts'
import type { StorageFactory } from './storage-world.ts'

/** The engine on a file, each store in one of its own; `isThreaded` as the server runs it. */
export function sqliteFile({ isThreaded } = { isThreaded: false }): StorageFactory & { path(): string } {
  let directory = ''
  let opened = 0
  const path = () => join(directory, `${opened}.db`)
  return {
    open: async (options) => {
      if (directory === '') directory = await mkdtemp(join(tmpdir(), 'crew-storage-'))
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
