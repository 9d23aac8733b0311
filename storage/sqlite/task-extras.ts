import type { Task } from '../../server/core/task.ts'
import type { Database, Row } from './database.ts'
import { MAX_INLINE_PAYLOAD } from './rows.ts'

/** What a task's row holds of a payload: the text, or null when it is large and stands beside the row. */
export const inlined = (json: string): string | null => (json.length <= MAX_INLINE_PAYLOAD ? json : null)

/** Large payloads, beside the rows of their tasks so that a lease does not copy them. */
export class PayloadTable {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  store(seq: number, task: Pick<Task, 'input' | 'output'>): void {
    for (const field of ['input', 'output'] as const) {
      if (inlined(task[field]) === null) this.#storeLarge(seq, field, task[field])
    }
  }

  /** Answers what goes into the row. */
  replace(seq: number, field: 'input' | 'output', value: string): string | null {
    const inline = inlined(value)
    if (inline === null) this.#storeLarge(seq, field, value)
    else this.#db.run('DELETE FROM payload WHERE task_seq = ? AND field = ?', seq, field)
    return inline
  }

  delete(seq: number): void {
    this.#db.run('DELETE FROM payload WHERE task_seq = ?', seq)
  }

  #storeLarge(seq: number, field: string, value: string): void {
    this.#db.run('INSERT OR REPLACE INTO payload (task_seq, field, value) VALUES (?, ?, ?)', seq, field, value)
  }
}

/** The index by which tasks are found by their metadata. */
export class MetadataTable {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  store(seq: number, groupSeq: number, metadata: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(metadata)) {
      this.#db.run('INSERT INTO task_metadata VALUES (?, ?, ?, ?)', groupSeq, name, value, seq)
    }
  }

  /** Called before the row changes: it still says what is in the index. */
  replace(row: { readonly seq: number; readonly group_seq: number }, metadata: Readonly<Record<string, string>>): void {
    const old = this.#db.get('SELECT metadata FROM task WHERE seq = ?', row.seq) as Row
    for (const [name, value] of Object.entries(JSON.parse(old.metadata as string) as Record<string, string>)) {
      const sql = 'DELETE FROM task_metadata WHERE group_seq = ? AND name = ? AND value = ? AND task_seq = ?'
      this.#db.run(sql, row.group_seq, name, value, row.seq)
    }
    this.store(row.seq, row.group_seq, metadata)
  }
}
