import { type Fault, faultOf } from '../../server/core/fault.ts'
import type { Reader } from './reader.ts'

/** Rows beside those of tasks. */
export function strayRows(db: Reader): Fault[] {
  const stray = ['attempt', 'payload', 'task_metadata'].flatMap((table) => {
    const found = db.get(`SELECT count(*) AS n FROM ${table} WHERE task_seq NOT IN (SELECT seq FROM task)`)?.n as number
    return found === 0 ? [] : [faultOf('row', table, 'the number that belong to no task', { expected: 0, found })]
  })
  return [...stray, ...lostPayloads(db)]
}

/** An input or output that is not in the row of its task stands beside it. */
function lostPayloads(db: Reader): Fault[] {
  return ['input', 'output'].flatMap((field) =>
    db
      .all(
        `SELECT t.id FROM task t LEFT JOIN payload p ON p.task_seq = t.seq AND p.field = '${field}'
         WHERE t.${field} IS NULL AND p.task_seq IS NULL`,
      )
      .map(({ id }) => faultOf('task', String(id), `its ${field}`, { expected: 'there', found: 'missing' })),
  )
}

/** JSON that Crew writes itself, by table: the column, and which of its kind a row is. */
const DOCUMENTS = [
  ['task', 'id', ['parent_ids', 'errors', 'metadata', 'retry']],
  ['task_group', 'id', ['metadata', 'settings', 'stopped_by']],
  ['gate', `scope || ' ' || name`, ['limits', 'hold', 'ramp', 'pace']],
  ['past_hold', `scope || ' ' || name`, ['hold']],
] as const

const KINDS = { task: 'task', task_group: 'group', gate: 'gate', past_hold: 'gate' } as const

export function faultsOfDocuments(db: Reader): Fault[] {
  return DOCUMENTS.flatMap(([table, id, columns]) =>
    columns.flatMap((column) =>
      db
        .all(`SELECT ${id} AS id FROM ${table} WHERE ${column} IS NOT NULL AND NOT json_valid(${column})`)
        .map((row) =>
          faultOf(KINDS[table], String(row.id), `its ${column}`, { expected: 'JSON', found: 'something else' }),
        ),
    ),
  )
}

/** A hold is told twice: as it was asked for, and by its end. */
export function faultsOfTraffic(db: Reader): Fault[] {
  const rows = db.all(
    `SELECT scope || ' ' || name AS id, held_until AS found, coalesce(json_extract(hold, '$.until'), 0) AS actual FROM gate
     WHERE (hold IS NULL OR json_valid(hold)) AND found <> actual`,
  )
  return rows.map(({ id, found, actual }) =>
    faultOf('gate', String(id), 'the end of its hold', { expected: actual, found }),
  )
}
