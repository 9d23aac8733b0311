import {
  type CountedGroup,
  type GroupCensus,
  type GroupSort,
  groupStates,
  letterOf,
} from '../../server/core/task-group.ts'
import type { EndedAt, EndedQuery, GroupQuery } from '../task-storage.ts'
import type { Database, Row, SqlValue } from './database.ts'
import { containing, limitOf } from './paging.ts'
import { groupOf } from './rows.ts'

/** A group with the split of its waiting tasks, which turns with time: counted in the index of each of its lanes. */
export function readGroup(db: Database, row: Row, now: number): CountedGroup {
  const waiting = { scheduled: 0, retrying: 0, throttled: 0 }
  if ((row.waiting as number) > 0) {
    const lanes = db.all(
      `SELECT id, ${isHeld('?1')} AS is_held FROM lane l WHERE group_seq = ?2`,
      now,
      row.seq as number,
    )
    for (const lane of lanes) countLane(db, lane, now, waiting)
  }
  return groupOf(row, waiting)
}

/** Whether the lane's worker or workgroup is held; `now` is the mark of a value. */
export const isHeld = (now: string): string => `(
  EXISTS (SELECT 1 FROM gate WHERE scope = 'worker' AND name = l.worker AND held_until > ${now}) OR
  l.workgroup <> '' AND EXISTS (SELECT 1 FROM gate WHERE scope = 'workgroup' AND name = l.workgroup AND held_until > ${now}))`

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

const ORDERS: Readonly<Record<GroupSort, string>> = {
  '-createdAt': 'seq DESC',
  createdAt: 'seq',
  name: 'name COLLATE NOCASE, seq',
  '-name': 'name COLLATE NOCASE DESC, seq DESC',
}

export function readGroups(db: Database, query: GroupQuery, now: number): { groups: CountedGroup[]; count: number } {
  const { where, values } = filterOf(query)
  const order = ORDERS[query.sort ?? '-createdAt']
  const rows = db.all(`SELECT * FROM task_group WHERE ${where} ORDER BY ${order} ${limitOf(query)}`, ...values)
  const count = db.get(`SELECT count(*) AS n FROM task_group WHERE ${where}`, ...values)?.n as number
  return { groups: rows.map((row) => readGroup(db, row, now)), count }
}

function filterOf({ search, states, isFailing, createdAfter, createdBefore }: GroupQuery) {
  const conditions: string[] = []
  const values: SqlValue[] = []
  const add = (condition: string, ...more: SqlValue[]): void => {
    conditions.push(condition)
    values.push(...more)
  }
  // The plus keeps the state's index out of it: few groups fail.
  if (states) add(`${isFailing ? '+' : ''}state IN (${states.map(() => '?').join(', ')})`, ...states.map(letterOf))
  if (isFailing) add('failed > 0')
  if (createdAfter !== undefined) add('created_at >= ?', createdAfter)
  if (createdBefore !== undefined) add('created_at < ?', createdBefore)
  if (search !== '') {
    add(`(id LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\')`, containing(search), containing(search))
  }
  return { where: conditions.join(' AND ') || '1', values }
}

/** Those that ended first come first. */
export function readEnded(db: Database, { ending, before, limit }: EndedQuery): EndedAt[] {
  const column = ending === 'succeeded' ? 'finished_at' : 'failed_at'
  const sql = `SELECT id, ${column} AS at FROM task_group WHERE ${column} IS NOT NULL AND ${column} < ?
    ORDER BY ${column} LIMIT ?`
  return db.all(sql, before, limit).map((row) => ({ id: row.id as string, endedAt: row.at as number }))
}

/** From the indexes alone: 100,000 groups are 10 ms. */
export function countGroups(db: Database): GroupCensus {
  const rows = db.all('SELECT state, count(*) AS n FROM task_group GROUP BY state')
  const counts = new Map(rows.map(({ state, n }) => [state, n as number]))
  const failing = db.get('SELECT count(*) AS n FROM task_group WHERE failed > 0')?.n as number
  const inStates = Object.fromEntries(groupStates.map((state) => [state, counts.get(letterOf(state)) ?? 0]))
  return { ...inStates, failing } as GroupCensus
}
