import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { Task, TaskState } from '../../server/core/task.ts'
import { countInStates } from '../../server/core/task-group.ts'
import type { PageQuery, RecordScan, TaskQuery } from '../task-storage.ts'
import type { Database, Row, SqlValue } from './database.ts'
import { isHeld, readGroup } from './group-reads.ts'
import { containing, limitOf } from './paging.ts'
import type { Reader } from './reader.ts'
import { attemptOf, groupOf, SELECT_BARE_TASK, SELECT_BRIEF_TASK, SELECT_TASK, taskOf } from './rows.ts'

/** SQLite takes at most 32,766 values a statement; ids are looked up in slices well below. */
const IDS_PER_QUERY = 500

/** The text of a payload: in the row, or beside it when it is large. */
export function readPayload(db: Database, row: Row, field: 'input' | 'output'): string {
  const inline = row[field]
  if (inline !== null) return inline as string
  const large = db.get('SELECT value FROM payload WHERE task_seq = ? AND field = ?', row.seq as number, field)
  return large?.value as string
}

/** A task of a row that SELECT_TASK gave. */
export function readTask(db: Database, row: Row): Task {
  return taskWith(row, { input: readPayload(db, row, 'input'), output: readPayload(db, row, 'output') })
}

function taskWith(row: Row, payloads: Pick<Task, 'input' | 'output'>): Task {
  return taskOf(row, {
    groupId: row.group_id as string,
    worker: row.worker as string,
    workgroup: row.workgroup as string,
    priority: row.priority as number,
    ...payloads,
  })
}

const NO_PAYLOADS = { input: 'null', output: 'null' } as const

export function readTasks(db: Database, ids: readonly string[]): Task[] {
  return inSlices(ids, (slice) => db.all(`${SELECT_TASK} WHERE t.id IN (${marks(slice)})`, ...slice)).map((row) =>
    readTask(db, row),
  )
}

export function readChildren(db: Database, parentIds: readonly string[]): Task[] {
  const rows = inSlices(parentIds, (slice) =>
    db.all(
      `${SELECT_TASK} WHERE t.seq IN (SELECT child_seq FROM edge JOIN task p ON p.seq = parent_seq WHERE p.id IN (${marks(slice)}))`,
      ...slice,
    ),
  )
  return [...new Map(rows.map((row) => [row.seq, row])).values()].map((row) => readTask(db, row))
}

export function readCreatedBy(db: Database, taskIds: readonly string[]): Task[] {
  return inSlices(taskIds, (slice) =>
    db.all(`${SELECT_TASK} WHERE t.created_by <> '' AND t.created_by IN (${marks(slice)})`, ...slice),
  ).map((row) => readTask(db, row))
}

export function readDuplicates(db: Database, mergeKey: string): Task[] {
  const sql = `${SELECT_TASK} WHERE t.merge_key = ? AND t.merge_key <> '' AND t.holds & 2 = 0 ORDER BY t.seq`
  return db.all(sql, mergeKey).map((row) => readTask(db, row))
}

export function readAttempts(db: Database, taskId: string): AttemptRecord[] {
  const sql = 'SELECT * FROM attempt WHERE task_seq = (SELECT seq FROM task WHERE id = ?) ORDER BY ordinal DESC'
  return db.all(sql, taskId).map(attemptOf)
}

function inSlices(ids: readonly string[], read: (slice: readonly string[]) => Row[]): Row[] {
  const rows: Row[] = []
  for (let at = 0; at < ids.length; at += IDS_PER_QUERY) rows.push(...read(ids.slice(at, at + IDS_PER_QUERY)))
  return rows
}

const marks = (values: readonly unknown[]): string => values.map(() => '?').join(', ')

/**
 * A page of a group's tasks, oldest first. The inner query walks an index to the page, so a deep page reads no rows on the way;
 * the count comes from the group's books where they know it.
 */
export function readTaskPage(db: Database, query: TaskQuery, now: number): { tasks: Task[]; count: number } {
  const group = db.get('SELECT * FROM task_group WHERE id = ?', query.groupId)
  if (!group) return { tasks: [], count: 0 }
  const { where, values } = filterOf(query, group, now)
  const from = where.includes('l.') ? 'FROM task t JOIN lane l ON l.id = t.lane' : 'FROM task t'
  const page = `SELECT t.seq ${from} WHERE ${where} ORDER BY t.seq ${limitOf(query)}`
  const isBare = query.payloads === false
  const rows = db.all(`${selectFor(query)} WHERE t.seq IN (${page}) ORDER BY t.seq`, ...values)
  const count = knownCount(db, query, group, now) ?? db.get(`SELECT count(*) AS n ${from} WHERE ${where}`, ...values)?.n
  const tasks = rows.map((row) => (isBare ? taskWith(row, NO_PAYLOADS) : readTask(db, row)))
  return { tasks, count: count as number }
}

function selectFor({ payloads, errors }: TaskQuery): string {
  if (payloads !== false) return SELECT_TASK
  return errors === 'last' ? SELECT_BRIEF_TASK : SELECT_BARE_TASK
}

function filterOf(query: TaskQuery, group: Row, now: number): { where: string; values: SqlValue[] } {
  const conditions = ['t.group_seq = ?']
  const values: SqlValue[] = [group.seq as number]
  const add = (condition: string, ...more: SqlValue[]): void => {
    conditions.push(condition)
    values.push(...more)
  }
  if (query.skipCompleted) add('t.holds & 2 = 0')
  if (query.states) add(...statesCondition(query.states, group, now))
  if (query.worker !== undefined) add('l.worker = ?', query.worker)
  if (query.workgroup !== undefined) add('l.workgroup = ?', query.workgroup)
  if (query.key !== undefined) add('t.key = ?', query.key)
  if (query.parent !== undefined) {
    add('t.seq IN (SELECT child_seq FROM edge JOIN task p ON p.seq = parent_seq WHERE p.id = ?)', query.parent)
  }
  for (const [name, value] of Object.entries(query.metadata ?? {})) {
    add(
      't.seq IN (SELECT task_seq FROM task_metadata WHERE group_seq = ? AND name = ? AND value = ?)',
      group.seq as number,
      name,
      value,
    )
  }
  if (query.search !== '') {
    const part = containing(query.search)
    add(
      `(t.id LIKE ? ESCAPE '\\' OR t.name LIKE ? ESCAPE '\\' OR l.worker LIKE ? ESCAPE '\\' OR t.key LIKE ? ESCAPE '\\')`,
      part,
      part,
      part,
      part,
    )
  }
  return { where: conditions.join(' AND '), values }
}

function statesCondition(states: readonly TaskState[], group: Row, now: number): [string, ...SqlValue[]] {
  const conditions = states.map((state) => stateCondition(state, group, now))
  // Not in brackets when there is one: only so its leading terms find the partial indexes.
  if (conditions.length === 1) return conditions[0] as [string, ...SqlValue[]]
  const either = conditions.map(([condition]) => `(${condition})`).join(' OR ')
  return [`(${either || '0'})`, ...conditions.flatMap(([, ...values]) => values)]
}

/** `stateOf` as a condition; the leading terms match the partial indexes of schema.sql. */
function stateCondition(state: TaskState, group: Row, now: number): [string, ...SqlValue[]] {
  const idle = 't.holds & 2 = 0 AND t.lease_until IS NULL'
  const armed = `${idle} AND t.holds = 0`
  const isGroupPaused = group.is_paused === 1
  const held = isHeld('?')
  switch (state) {
    case 'succeeded':
      return ['t.holds & 2 <> 0']
    case 'running':
      return ['t.lease_until IS NOT NULL AND t.holds & 2 = 0']
    case 'failed':
      return ['t.holds & 6 = 4 AND t.lease_until IS NULL']
    case 'paused':
      return [`${idle} AND t.holds & 4 = 0 AND (t.holds & 1 <> 0 OR ?)`, isGroupPaused ? 1 : 0]
    case 'blocked':
      return [`${armed} AND t.unfinished_parents > 0 AND ?`, isGroupPaused ? 0 : 1]
    case 'scheduled':
      return [
        `${armed} AND t.unfinished_parents = 0 AND t.run_after > ? AND t.failures = 0 AND ?`,
        now,
        isGroupPaused ? 0 : 1,
      ]
    case 'retrying':
      return [
        `${armed} AND t.unfinished_parents = 0 AND t.run_after > ? AND t.failures > 0 AND ?`,
        now,
        isGroupPaused ? 0 : 1,
      ]
    case 'throttled':
      return [
        `${armed} AND t.unfinished_parents = 0 AND t.run_after <= ? AND ? AND ${held}`,
        now,
        isGroupPaused ? 0 : 1,
        now,
        now,
      ]
    case 'ready':
      return [
        `${armed} AND t.unfinished_parents = 0 AND t.run_after <= ? AND ? AND NOT ${held}`,
        now,
        isGroupPaused ? 0 : 1,
        now,
        now,
      ]
  }
}

/** What the group's books say, when nothing but the state or completion is asked for; null otherwise. */
function knownCount(db: Database, query: TaskQuery, row: Row, now: number): number | null {
  const { states, worker, workgroup, key, parent, metadata, search, skipCompleted } = query
  if ([worker, workgroup, key, parent, metadata].some((filter) => filter !== undefined) || search !== '') return null
  const group = states ? readGroup(db, row, now) : groupOf(row, { scheduled: 0, retrying: 0, throttled: 0 })
  return countInStates(group, { states, skipCompleted })
}

/** Records of a kind that do not expire. '0' is the sign after '/'. */
export function readRecords(
  db: Database,
  kind: string,
  query: PageQuery,
): { records: { key: string; value: string }[]; count: number } {
  const [where, ...values] = ['key > ? AND key < ? AND expires_at = 0', `${kind}/`, `${kind}0`] as const
  const rows = db.all(`SELECT key, value FROM record WHERE ${where} ORDER BY key ${limitOf(query)}`, ...values)
  const count = db.get(`SELECT count(*) AS n FROM record WHERE ${where}`, ...values)?.n as number
  return { records: rows.map(({ key, value }) => ({ key: key as string, value: value as string })), count }
}

/** Records told at once. */
const RECORDS_PER_SCAN = 500

/** By key; the cursor is the last one told. */
export function scanRecords(db: Reader, cursor: string | null, now: number): RecordScan {
  const rows = db.all(
    'SELECT key, value, expires_at FROM record WHERE key > ? ORDER BY key LIMIT ?',
    cursor ?? '',
    RECORDS_PER_SCAN,
  )
  const all = rows.map((row) => ({
    key: row.key as string,
    value: row.value as string,
    expiresAt: row.expires_at as number,
  }))
  const records = all.filter(({ expiresAt }) => expiresAt === 0 || expiresAt > now)
  return { records, next: rows.length < RECORDS_PER_SCAN ? null : (all.at(-1)?.key ?? null) }
}
