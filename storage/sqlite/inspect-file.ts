import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { isLocked } from './file-lock.ts'
import { SCHEMA_VERSION } from './schema.ts'

/** What can be said of a file without opening it as a store, which would lock it and take an older one over. */
export type FileReport =
  | { readonly kind: 'absent' }
  /** A process has it, most likely a server. */
  | { readonly kind: 'inUse' }
  | { readonly kind: 'broken'; readonly reason: string }
  | {
      readonly kind: 'store'
      readonly schema: number
      /** What this program writes: an older file is taken over at the start, a newer one is refused. */
      readonly knownSchema: number
      /** Records of a kind, by their keys. */
      readonly records: ReadonlyMap<string, string>
    }

/** Looks at a file and changes nothing. `kind`: of the records that are wanted. */
export function inspectSqliteFile(path: string, { kind }: { readonly kind: string }): FileReport {
  if (!existsSync(path)) return { kind: 'absent' }
  let db: DatabaseSync | null = null
  try {
    if (isLocked(path)) return { kind: 'inUse' }
    db = new DatabaseSync(path, { readOnly: true })
    const { user_version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
    const rows = user_version === 0 ? [] : recordsOf(db, kind)
    return { kind: 'store', schema: user_version, knownSchema: SCHEMA_VERSION, records: new Map(rows) }
  } catch (error) {
    return { kind: 'broken', reason: error instanceof Error ? error.message : String(error) }
  } finally {
    db?.close()
  }
}

function recordsOf(db: DatabaseSync, kind: string): [string, string][] {
  const rows = db.prepare('SELECT key, value FROM record WHERE key >= ? AND key < ?').all(`${kind}/`, `${kind}0`)
  return rows.map(({ key, value }) => [String(key), String(value)])
}
