import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** What SQLite takes and gives. */
export type SqlValue = string | number | null

export type Row = Record<string, SqlValue>

/**
 * Texts of statements: a hundred are used all the time. But there is one for each set of fields that somebody may edit, and one for each
 * number of ids that may be asked for, and each takes 10 KB or more.
 */
const MAX_STATEMENTS = 1000

/** Queries on one connection, their statements prepared once. */
export class Reader {
  protected readonly db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(db: DatabaseSync) {
    this.db = db
  }

  /** Rows of a query. */
  all(sql: string, ...values: SqlValue[]): Row[] {
    return this.statement(sql).all(...values) as Row[]
  }

  get(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.statement(sql).get(...values) as Row | undefined
  }

  /** Rows of a query one after the other, for those that are too many to be in memory at once. */
  each(sql: string, ...values: SqlValue[]): Iterable<Row> {
    return this.statement(sql).iterate(...values) as Iterable<Row>
  }

  close(): void {
    this.#statements.clear()
    this.db.close()
  }

  protected statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.db.prepare(sql)
    // All at once: to know which were used lately would cost each use something.
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear()
    this.#statements.set(sql, statement)
    return statement
  }
}
