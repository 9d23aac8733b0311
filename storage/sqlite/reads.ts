import type { Task, TaskState } from '../../server/core/task.ts'
import { type CountedGroup, countsByState, taskCount } from '../../server/core/task-group.ts'
import {
  type GroupQuery,
  MAX_PAGE_SIZE,
  type PageQuery,
  type TaskQuery,
  type WorkgroupQuery,
  type WorkgroupRow,
} from '../task-storage.ts'
import type { Database, Row, SqlValue } from './database.ts'
import { groupOf, SELECT_TASK, taskOf } from './rows.ts'

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
  return taskOf(row, {
    groupId: row.group_id as string,
    worker: row.worker as string,
    workgroup: row.workgroup as string,
    priority: row.priority as number,
    input: readPayload(db, row, 'input'),
    output: readPayload(db, row, 'output'),
  })
}

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

function inSlices(ids: readonly string[], read: (slice: readonly string[]) => Row[]): Row[] {
  const rows: Row[] = []
  for (let at = 0; at < ids.length; at += IDS_PER_QUERY) rows.push(...read(ids.slice(at, at + IDS_PER_QUERY)))
  return rows
}

const marks = (values: readonly unknown[]): string => values.map(() => '?').join(', ')

/** A group with the split of its waiting tasks, which turns with time: counted in the index of each of its lanes. */
export function readGroup(db: Database, row: Row, now: number): CountedGroup {
  const waiting = { scheduled: 0, retrying: 0, throttled: 0 }
  if ((row.waiting as number) > 0) {
    const lanes = db.all(
      `SELECT id, EXISTS (SELECT 1 FROM work_hold h WHERE h.until > ?1 AND (h.scope = 'worker' AND h.name = lane.worker
         OR h.scope = 'workgroup' AND h.name = lane.workgroup AND lane.workgroup <> '')) AS is_held
       FROM lane WHERE group_seq = ?2`,
      now,
      row.seq as number,
    )
    for (const lane of lanes) countLane(db, lane, now, waiting)
  }
  return groupOf(row, waiting)
}

type Mutable<Value> = { -readonly [Field in keyof Value]: Value[Field] }

function countLane(db: Database, lane: Row, now: number, waiting: Mutable<CountedGroup['waiting']>): void {
  const free = 'holds = 0 AND unfinished_parents = 0 AND lease_until IS NULL'
  const count = (sql: string): number => db.get(sql, lane.id as number, now)?.n as number
  const later = count(`SELECT count(*) AS n FROM task INDEXED BY task_ready
    WHERE lane = ? AND run_after > ? AND ${free} AND is_parked = 0`)
  const retrying = count(`SELECT count(*) AS n FROM task INDEXED BY task_retrying
    WHERE lane = ? AND run_after > ? AND ${free} AND failures > 0`)
  waiting.retrying += retrying
  waiting.scheduled += later - retrying
  if (lane.is_held === 1) {
    waiting.throttled += count(`SELECT count(*) AS n FROM task INDEXED BY task_ready
      WHERE lane = ? AND run_after <= ? AND ${free} AND is_parked = 0`)
    waiting.throttled += count(`SELECT count(*) AS n FROM task INDEXED BY task_parked
      WHERE lane = ? AND run_after <= ? AND ${free} AND is_parked = 1`)
  }
}

export function readGroups(db: Database, query: GroupQuery, now: number): { groups: CountedGroup[]; count: number } {
  const where = query.search === '' ? '1' : `(id LIKE ?1 ESCAPE '\\' OR name LIKE ?1 ESCAPE '\\')`
  const values = query.search === '' ? [] : [containing(query.search)]
  const rows = db.all(`SELECT * FROM task_group WHERE ${where} ORDER BY seq DESC ${limitOf(query)}`, ...values)
  const count = db.get(`SELECT count(*) AS n FROM task_group WHERE ${where}`, ...values)?.n as number
  return { groups: rows.map((row) => readGroup(db, row, now)), count }
}

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
  const rows = db.all(`${SELECT_TASK} WHERE t.seq IN (${page}) ORDER BY t.seq`, ...values)
  const count = knownCount(db, query, group, now) ?? db.get(`SELECT count(*) AS n ${from} WHERE ${where}`, ...values)?.n
  return { tasks: rows.map((row) => readTask(db, row)), count: count as number }
}

function filterOf(query: TaskQuery, group: Row, now: number): { where: string; values: SqlValue[] } {
  const conditions = ['t.group_seq = ?']
  const values: SqlValue[] = [group.seq as number]
  const add = (condition: string, ...more: SqlValue[]): void => {
    conditions.push(condition)
    values.push(...more)
  }
  if (query.skipCompleted) add('t.holds & 2 = 0')
  if (query.state) add(...stateCondition(query.state, group, now))
  if (query.worker !== undefined) add('l.worker = ?', query.worker)
  if (query.workgroup !== undefined) add('l.workgroup = ?', query.workgroup)
  if (query.key !== undefined) add('t.key = ?', query.key)
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

/** `stateOf` as a condition; the leading terms match the partial indexes of schema.sql. */
function stateCondition(state: TaskState, group: Row, now: number): [string, ...SqlValue[]] {
  const idle = 't.holds & 2 = 0 AND t.lease_until IS NULL'
  const armed = `${idle} AND t.holds = 0`
  const isGroupPaused = group.is_paused === 1
  const held = `EXISTS (SELECT 1 FROM work_hold h WHERE h.until > ? AND (h.scope = 'worker' AND h.name = l.worker
    OR h.scope = 'workgroup' AND h.name = l.workgroup AND l.workgroup <> ''))`
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
      ]
    case 'ready':
      return [
        `${armed} AND t.unfinished_parents = 0 AND t.run_after <= ? AND ? AND NOT ${held}`,
        now,
        isGroupPaused ? 0 : 1,
        now,
      ]
  }
}

/** What the group's books say, when nothing but the state or completion is asked for; null otherwise. */
function knownCount(db: Database, query: TaskQuery, row: Row, now: number): number | null {
  const { state, worker, workgroup, key, metadata, search, skipCompleted } = query
  if (worker !== undefined || workgroup !== undefined || key !== undefined || metadata || search !== '') return null
  if (state === 'succeeded' && skipCompleted) return 0
  const group = state ? readGroup(db, row, now) : groupOf(row, { scheduled: 0, retrying: 0, throttled: 0 })
  if (state) return countsByState(group)[state]
  return taskCount(group) - (skipCompleted ? group.counts.succeeded : 0)
}

/** Every workgroup that lanes or holds name, with what waits and runs in it. */
export function readWorkgroups(
  db: Database,
  query: WorkgroupQuery,
  now: number,
): { workgroups: WorkgroupRow[]; count: number } {
  const names = `SELECT DISTINCT workgroup AS name FROM lane WHERE workgroup <> '' AND tasks > 0
    UNION SELECT name FROM work_hold WHERE scope = 'workgroup' AND until > ?1`
  const chosen = query.name === undefined ? names : `SELECT name FROM (${names}) WHERE name = ?2`
  const values: SqlValue[] = query.name === undefined ? [now] : [now, query.name]
  const count = db.get(`SELECT count(*) AS n FROM (${chosen})`, ...values)?.n as number
  const rows = db.all(`${chosen} ORDER BY name ${limitOf(query)}`, ...values)
  return { workgroups: rows.map((row) => readWorkgroup(db, row.name as string, now)), count }
}

function readWorkgroup(db: Database, name: string, now: number): WorkgroupRow {
  const hold = db.get(
    `SELECT until, reason FROM work_hold WHERE scope = 'workgroup' AND name = ? AND until > ?`,
    name,
    now,
  )
  const inLanes = 'lane IN (SELECT id FROM lane WHERE workgroup = ?)'
  const inMovingLanes = `lane IN (SELECT l.id FROM lane l JOIN task_group g ON g.seq = l.group_seq
    WHERE l.workgroup = ? AND g.is_paused = 0)`
  const waiting = db.get(
    `SELECT count(*) AS n FROM task INDEXED BY task_ready WHERE ${inMovingLanes} AND run_after <= ? AND holds = 0
     AND unfinished_parents = 0 AND lease_until IS NULL AND is_parked = 0`,
    name,
    now,
  )
  const running = db.get(
    `SELECT count(*) AS n FROM task INDEXED BY task_leased WHERE lease_until IS NOT NULL AND ${inLanes}`,
    name,
  )
  return {
    name,
    heldUntil: (hold?.until ?? 0) as number,
    reason: (hold?.reason ?? '') as string,
    waiting: waiting?.n as number,
    running: running?.n as number,
  }
}

function limitOf(query: PageQuery): string {
  const size = query.pageSize === 0 ? MAX_PAGE_SIZE : query.pageSize
  return `LIMIT ${Math.trunc(size)} OFFSET ${Math.trunc((query.page - 1) * size)}`
}

/** A LIKE pattern for "contains", with its own signs taken literally. */
const containing = (part: string): string => `%${part.replace(/[\\%_]/g, '\\$&')}%`
