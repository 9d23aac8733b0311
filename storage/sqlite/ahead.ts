import type { Database, Row } from './database.ts'
import type { Leases } from './leases.ts'

/** A task that could be claimed but for its merge key, with where it stands. */
const SELECT_CLAIMABLE = `SELECT t.seq, t.run_after, t.merge_key, t.group_seq, l.worker, l.priority
  FROM task t JOIN lane l ON l.id = t.lane JOIN task_group g ON g.seq = t.group_seq
  WHERE t.id = ? AND t.holds = 0 AND t.unfinished_parents = 0 AND t.lease_until IS NULL AND t.run_after <= ?
  AND g.is_paused = 0`

/**
 * How many claimable tasks of its group and worker come before a task. Counted in the index of each lane, which does not know merge
 * keys: what waits for a running duplicate and was not set aside yet is taken off, key by key.
 */
export function countAhead(db: Database, leases: Leases, { id, now }: { id: string; now: number }): number {
  const task = db.get(SELECT_CLAIMABLE, id, now)
  if (!task || leases.hasKey(task.merge_key as string)) return 0
  const lanes = db.all(
    'SELECT id, priority FROM lane WHERE group_seq = ? AND worker = ? AND priority >= ?',
    ...[task.group_seq, task.worker, task.priority].map((value) => value ?? null),
  )
  const ahead = lanes.reduce((sum, lane) => sum + countInLane(db, lane, { task, now }), 0)
  return [...leases.keys()].reduce((sum, key) => sum - countWithKey(db, key, { task, now }), ahead)
}

function countInLane(db: Database, lane: Row, { task, now }: { task: Row; now: number }): number {
  const count = (condition: string, ...values: number[]): number =>
    db.get(
      `SELECT count(*) AS n FROM task INDEXED BY task_ready WHERE lane = ? AND ${condition} AND holds = 0
       AND unfinished_parents = 0 AND lease_until IS NULL AND is_parked = 0`,
      lane.id as number,
      ...values,
    )?.n as number
  if (lane.priority !== task.priority) return count('run_after <= ?', now)
  const [runAfter, seq] = [task.run_after as number, task.seq as number]
  return count('run_after < ?', runAfter) + count('run_after = ? AND seq < ?', runAfter, seq)
}

function countWithKey(db: Database, key: string, { task, now }: { task: Row; now: number }): number {
  return db.get(
    `SELECT count(*) AS n FROM task t INDEXED BY task_duplicates JOIN lane l ON l.id = t.lane
     WHERE t.merge_key = ?1 AND t.merge_key <> '' AND t.holds & 2 = 0 AND t.holds = 0 AND t.unfinished_parents = 0
     AND t.lease_until IS NULL AND t.is_parked = 0 AND t.run_after <= ?2 AND t.group_seq = ?3 AND l.worker = ?4
     AND (l.priority > ?5 OR l.priority = ?5 AND (t.run_after < ?6 OR t.run_after = ?6 AND t.seq < ?7))`,
    key,
    now,
    task.group_seq as number,
    task.worker as string,
    task.priority as number,
    task.run_after as number,
    task.seq as number,
  )?.n as number
}
