import { DatabaseSync } from 'node:sqlite'
import { type Fault, faultOf } from '../../server/core/fault.ts'
import { StorageOpenError } from '../storage-open-error.ts'
import type { RecordScan, StoreCount } from '../task-storage.ts'
import { countRows, findFaults } from './audit.ts'
import { explainOpenError } from './database.ts'
import { Reader } from './reader.ts'
import { scanRecords } from './reads.ts'
import { SCHEMA_VERSION } from './schema.ts'

/** The server keeps its log locked for moments only: while it starts, and after a crash. */
const BUSY_MS = 10_000

/**
 * A file as it is at one moment, beside a server that may go on writing to it. Nothing is written. While it is open the log of the
 * file grows with all that is written meanwhile.
 */
export class SqliteSnapshot {
  readonly #reader: Reader
  readonly #path: string

  /** Throws a StorageOpenError when there is no store of this version, or, where `isOlderFine`, of one that can be taken over. */
  constructor(path: string, { isOlderFine = false } = {}) {
    this.#path = path
    this.#reader = openReader(path, isOlderFine ? 1 : SCHEMA_VERSION)
  }

  count(): StoreCount {
    return countRows(this.#reader)
  }

  scanRecords(cursor: string | null): RecordScan {
    return scanRecords(this.#reader, cursor, 0)
  }

  /** What a full scan says, if pages and indexes are whole. */
  check(tell: (about: string) => void): Fault[] {
    tell('the pages of the file')
    const damage = this.checkPages()
    return damage.length > 0 ? damage : findFaults(this.#reader, tell)
  }

  /** What SQLite says of its pages and indexes. */
  checkPages(): Fault[] {
    const verdicts = this.#reader.all('PRAGMA integrity_check(100)').map((row) => String(row.integrity_check))
    const foreign = this.#reader.all('PRAGMA foreign_key_check').map((row) => `a foreign key of ${row.table}`)
    return [...verdicts.filter((verdict) => verdict !== 'ok'), ...foreign].map((found) => this.#damage(found))
  }

  #damage(found: string): Fault {
    return faultOf('file', this.#path, 'its structure', { expected: 'ok', found: found.replace(/\s+/g, ' ') })
  }

  close(): void {
    this.#reader.close()
  }
}

function openReader(path: string, oldest: number): Reader {
  try {
    const db = new DatabaseSync(path, { readOnly: true })
    try {
      db.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; BEGIN`)
      const reader = new Reader(db)
      checkVersion(path, Number(reader.get('PRAGMA user_version')?.user_version), oldest)
      return reader
    } catch (error) {
      db.close()
      throw error
    }
  } catch (error) {
    throw explainOpenError(error, path)
  }
}

function checkVersion(path: string, version: number, oldest: number): void {
  if (version >= oldest && version <= SCHEMA_VERSION) return
  if (version === 0) throw new StorageOpenError(`${path} is no store of Crew: check the path.`)
  throw new StorageOpenError(
    version > SCHEMA_VERSION
      ? `${path} was written by a newer Crew (schema ${version}, this one knows ${SCHEMA_VERSION}): use that version.`
      : `${path} was written by an older Crew (schema ${version}, this one has ${SCHEMA_VERSION}): start this version on it once.`,
  )
}
