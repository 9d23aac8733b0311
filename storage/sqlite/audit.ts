import { createHash } from 'node:crypto'
import { type Bucket, bucketOf, buckets, Hold } from '../../server/core/task.ts'
import { weightUnits } from '../../server/core/task-group.ts'
import type { Database, Row } from './database.ts'

/** Full scan of the books (I12): counters, countdowns, edges, parked tasks. Answers each fault as a sentence. */
export function findFaults(db: Database): string[] {
  return [...faultsOfGroups(db), ...faultsOfTasks(db), ...faultsOfEdges(db), ...strayRows(db)]
}

/** Tables in the order of their keys, all columns: equal state gives an equal fingerprint. */
const FINGERPRINTED = [
  'task_group',
  'lane',
  'task',
  'payload',
  'edge',
  'task_metadata',
  'attempt',
  'work_hold',
  'record',
]

export function fingerprintOf(db: Database): string {
  const hash = createHash('sha256')
  for (const table of FINGERPRINTED)
    for (const row of db.all(`SELECT * FROM ${table}`)) hash.update(JSON.stringify(row))
  return hash.digest('hex')
}

function faultsOfGroups(db: Database): string[] {
  const counted = new Map<number, Record<Bucket | 'weight_total' | 'weight_done', number>>()
  for (const task of db.all('SELECT group_seq, holds, unfinished_parents, lease_until, progress_weight FROM task')) {
    const seq = task.group_seq as number
    const books = counted.get(seq) ?? {
      succeeded: 0,
      running: 0,
      failed: 0,
      paused: 0,
      blocked: 0,
      waiting: 0,
      weight_total: 0,
      weight_done: 0,
    }
    counted.set(seq, books)
    const weight = weightUnits(task.progress_weight as number)
    books[bucketOf(shapeOf(task))]++
    books.weight_total += weight
    if ((task.holds as number) & Hold.complete) books.weight_done += weight
  }
  return db.all('SELECT * FROM task_group').flatMap((group) => faultsOfGroup(group, counted.get(group.seq as number)))
}

function shapeOf(task: Row): Parameters<typeof bucketOf>[0] {
  return {
    holds: task.holds as number,
    unfinishedParents: task.unfinished_parents as number,
    isLeased: task.lease_until !== null,
  }
}

function faultsOfGroup(group: Row, counted: Record<string, number> | undefined): string[] {
  const faults: string[] = []
  for (const counter of [...buckets, 'weight_total', 'weight_done']) {
    const actual = counted?.[counter] ?? 0
    if (group[counter] !== actual)
      faults.push(`group ${group.id}: ${counter} says ${group[counter]}, a scan counts ${actual}`)
  }
  const isFinished = counted !== undefined && buckets.every((bucket) => bucket === 'succeeded' || counted[bucket] === 0)
  if (isFinished !== (group.finished_at !== null)) faults.push(`group ${group.id}: finished_at is ${group.finished_at}`)
  return faults
}

function faultsOfTasks(db: Database): string[] {
  const countdowns = db.all(
    `SELECT t.id, t.unfinished_parents, count(p.seq) AS actual FROM task t
     LEFT JOIN edge e ON e.child_seq = t.seq LEFT JOIN task p ON p.seq = e.parent_seq AND p.holds & 2 = 0
     GROUP BY t.seq HAVING t.unfinished_parents <> actual`,
  )
  const parked = db.all(
    `SELECT t.id FROM task t WHERE t.is_parked = 1 AND NOT EXISTS
       (SELECT 1 FROM task o WHERE o.merge_key = t.merge_key AND o.lease_until IS NOT NULL)`,
  )
  const lanes = db.all(
    'SELECT t.id FROM task t LEFT JOIN lane l ON l.id = t.lane AND l.group_seq = t.group_seq WHERE l.id IS NULL',
  )
  return [
    ...countdowns.map(
      (row) => `task ${row.id}: waits for ${row.unfinished_parents} parents, a scan counts ${row.actual}`,
    ),
    ...parked.map((row) => `task ${row.id}: set aside for a running duplicate that does not run`),
    ...lanes.map((row) => `task ${row.id}: its lane is missing`),
  ]
}

function faultsOfEdges(db: Database): string[] {
  const stray = db.all(
    `SELECT e.parent_seq, e.child_seq FROM edge e LEFT JOIN task p ON p.seq = e.parent_seq LEFT JOIN task c ON c.seq = e.child_seq
     WHERE p.seq IS NULL OR c.seq IS NULL OR p.group_seq <> c.group_seq`,
  )
  const listed = db.all(
    `SELECT t.id FROM task t WHERE json_array_length(t.parent_ids) <> (SELECT count(*) FROM edge WHERE child_seq = t.seq)
     AND NOT (t.parent_ids = '[]' AND NOT EXISTS (SELECT 1 FROM edge WHERE child_seq = t.seq))`,
  )
  return [
    ...stray.map((row) => `edge ${row.parent_seq} to ${row.child_seq}: an end is missing or in another group`),
    ...listed.map((row) => `task ${row.id}: its parent ids and its edges differ`),
  ]
}

function strayRows(db: Database): string[] {
  return ['attempt', 'payload', 'task_metadata'].flatMap((table) => {
    const stray = db.get(`SELECT count(*) AS n FROM ${table} WHERE task_seq NOT IN (SELECT seq FROM task)`)?.n as number
    return stray === 0 ? [] : [`${stray} rows of ${table} belong to no task`]
  })
}
