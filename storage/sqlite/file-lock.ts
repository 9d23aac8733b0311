import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { makePrivate } from './whole-file.ts'

/**
 * The right to be the one process that writes a store: a lock of the system on an empty file beside it, which goes away with the
 * process, however it dies. The store's own file is not locked (`locking_mode = EXCLUSIVE` would do that), so that a backup or a check
 * can read it meanwhile. The file stays: whoever deleted it could take it from a process that has just opened it.
 */
export class FileLock {
  readonly #db: DatabaseSync

  /** Throws an error that says "locked" when another process has it. */
  constructor(path: string) {
    makePrivate(`${path}-lock`)
    this.#db = new DatabaseSync(`${path}-lock`)
    try {
      // The lock is the transaction: nothing is ever written, so there is no journal either.
      this.#db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  release(): void {
    this.#db.close()
  }
}

/** Whether another process has the store, without asking for the lock oneself. */
export function isLocked(path: string): boolean {
  if (!existsSync(`${path}-lock`)) return false
  const db = new DatabaseSync(`${path}-lock`, { readOnly: true })
  try {
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
    return false
  } catch (error) {
    if (/locked|busy/i.test(String(error))) return true
    throw error
  } finally {
    db.close()
  }
}
