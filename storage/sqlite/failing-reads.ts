import { errorKindOf, type FailingState, type FailingTask } from '../../server/core/error-kinds.ts'
import { type Fault, faultOf } from '../../server/core/fault.ts'
import type { FailingQuery, NewestError } from '../task-storage.ts'
import type { Reader, Row } from './reader.ts'

/** The indexes that hold what fails, each with the condition of its rows. */
const LISTS: readonly (readonly [state: FailingState, index: string, rows: string])[] = [
  ['failed', 'task_failed', 't.holds & 6 = 4 AND t.lease_until IS NULL'],
  [
    'retrying',
    'task_trying',
    't.holds = 0 AND t.unfinished_parents = 0 AND t.lease_until IS NULL AND t.failures > 0 AND t.run_after > ? AND g.is_paused = 0',
  ],
]

/** Of both lists as many as are asked for: which of them come first is known when they are together. */
export function readFailing(db: Reader, query: FailingQuery, now: number): FailingTask[] {
  const { groupId = null, worker = null, limit } = query
  const groupSeq = groupId === null ? null : db.get('SELECT seq FROM task_group WHERE id = ?', groupId)?.seq
  if (groupSeq === undefined) return []
  const filters = `${groupSeq === null ? '' : 'AND t.group_seq = ?'} ${worker === null ? '' : 'AND l.worker = ?'}`
  const values = [groupSeq, worker].filter((value) => value !== null)
  const found = LISTS.flatMap(([state, index, rows]) =>
    db
      .all(
        `SELECT t.seq, t.group_seq, t.id, t.run_after, t.error_kind, g.id AS group_id, l.worker
         FROM task t INDEXED BY ${index} CROSS JOIN task_group g ON g.seq = t.group_seq CROSS JOIN lane l ON l.id = t.lane
         WHERE ${rows} ${filters} ORDER BY t.group_seq DESC, t.seq LIMIT ?`,
        ...(state === 'retrying' ? [now] : []),
        ...values,
        limit,
      )
      .map((row) => [row, state] as const),
  )
  found.sort(([a], [b]) => Number(b.group_seq) - Number(a.group_seq) || Number(a.seq) - Number(b.seq))
  return found.slice(0, limit).map(([row, state]) => failingTaskOf(row, state))
}

const failingTaskOf = (row: Row, state: FailingState): FailingTask => ({
  id: row.id as string,
  groupId: row.group_id as string,
  worker: row.worker as string,
  state,
  errorKind: row.error_kind as string,
  runAfter: row.run_after as number,
})

/** Of the errors only the newest leaves the database: all of a task are up to 200 KB. As JSON, since SQLite cuts a text at a NUL. */
const NEWEST = `errors -> '$[#-1]'`

export function readNewestErrors(db: Reader, taskIds: readonly string[]): NewestError[] {
  return taskIds.flatMap((taskId) => {
    const row = db.get(`SELECT ${NEWEST} AS newest FROM task WHERE id = ? AND errors <> '[]'`, taskId)
    return row ? [{ taskId, error: JSON.parse(row.newest as string) as string }] : []
  })
}

/** What is noted of errors follows from them. */
export function faultsOfErrorKinds(db: Reader): Fault[] {
  const faults: Fault[] = []
  const rows = db.each(
    `SELECT id, error_kind, ${NEWEST} AS newest FROM task
     WHERE (errors <> '[]' OR error_kind <> '') AND json_valid(errors)`,
  )
  for (const { id, error_kind: found, newest } of rows) {
    const expected = errorKindOf({ errors: newest === null ? [] : [JSON.parse(newest as string) as string] })
    if (found !== expected) faults.push(faultOf('task', String(id), 'the kind of its error', { expected, found }))
  }
  return faults
}
