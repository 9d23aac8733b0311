import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { CrewError } from '../../server/core/errors.ts'
import { StorageOpenError } from '../storage-open-error.ts'
import schema from './schema.sql' with { type: 'text' }

export { StorageOpenError } from '../storage-open-error.ts'

/** Raised with every change of schema.sql; a store with a higher one was written by a newer Crew (I17). */
export const SCHEMA_VERSION = 1

/** What SQLite takes and gives. */
export type SqlValue = string | number | null

export type Row = Record<string, SqlValue>

/**
 * One connection with its prepared statements. The file is locked for this process as long as it is open
 * (`locking_mode = EXCLUSIVE`): SQLite's own lock goes away with the process, however it dies.
 */
export class Database {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #path: string
  #isSyncing: boolean | null = null

  constructor(path: string) {
    this.#path = path
    this.#db = openFile(path)
    this.#prepareFile()
  }

  /** Rows of a query. */
  all(sql: string, ...values: SqlValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[]
  }

  get(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined
  }

  /** Answers how many rows changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return Number(this.#statement(sql).run(...values).changes)
  }

  /** Runs an insert and answers the new row's key. */
  insert(sql: string, ...values: SqlValue[]): number {
    return Number(this.#statement(sql).run(...values).lastInsertRowid)
  }

  /**
   * Runs `work` in one transaction. `isDurable` decides whether it is synced to disk before this returns: commits are,
   * claims need not be, as a lost claim is a lease of a dead boot.
   */
  transaction<Result>(isDurable: boolean, work: () => Result): Result {
    if (isDurable !== this.#isSyncing) this.#db.exec(`PRAGMA synchronous = ${isDurable ? 'FULL' : 'NORMAL'}`)
    this.#isSyncing = isDurable
    this.run('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.run('COMMIT')
      return result
    } catch (error) {
      this.#rollback()
      throw error
    }
  }

  close(): void {
    this.#statements.clear()
    this.#db.close()
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.#db.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  /** SQLite has rolled back by itself after some errors (a full disk); a second ROLLBACK then says so, which is fine. */
  #rollback(): void {
    try {
      this.#db.exec('ROLLBACK')
    } catch (error) {
      if (!/no transaction/.test(String(error))) throw error
    }
  }

  #prepareFile(): void {
    try {
      this.#db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF')
      // 64 MiB of pages in memory; a checkpoint each 16 MiB of log, as one costs a sync of the main file.
      this.#db.exec('PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000; PRAGMA temp_store = MEMORY')
      this.#migrate()
    } catch (error) {
      this.#db.close()
      throw explainOpenError(error, this.#path)
    }
  }

  #migrate(): void {
    const version = Number(this.get('PRAGMA user_version')?.user_version ?? 0)
    if (version > SCHEMA_VERSION) {
      throw new StorageOpenError(
        `${this.#path} was written by a newer Crew (schema ${version}, this one knows ${SCHEMA_VERSION}): start that version.`,
      )
    }
    if (version === SCHEMA_VERSION) this.#check()
    else this.transaction(true, () => this.#db.exec(`${schema}; PRAGMA user_version = ${SCHEMA_VERSION}`))
  }

  /** Finds a torn or overwritten file before it does harm. Takes about a second a GiB. */
  #check(): void {
    const verdict = this.get('PRAGMA quick_check(1)')?.quick_check
    if (verdict !== 'ok') throw new StorageOpenError(`${this.#path} is damaged (${verdict}): restore a backup.`)
  }
}

function openFile(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path)
  } catch (error) {
    throw explainOpenError(error, path)
  }
}

function explainOpenError(error: unknown, path: string): Error {
  if (error instanceof StorageOpenError) return error
  const message = error instanceof Error ? error.message : String(error)
  if (/locked|busy/i.test(message)) {
    return new StorageOpenError(`${path} is in use by another Crew: stop that one, or give this one a file of its own.`)
  }
  return new StorageOpenError(
    `${path} cannot be opened as a store of Crew (${message}): check the path and its rights.`,
  )
}

/** What a failed statement means to a caller: a full or failing disk is 503 `storage_full`, all else is a bug. */
export function asStorageError(error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error)
  if (/disk is full|disk I\/O|readonly database|unable to open/i.test(message)) {
    return new CrewError(
      'storage_full',
      `The store cannot be written (${message}): free some space, it goes on by itself.`,
    )
  }
  return error
}
