import { createHash } from 'node:crypto'
import { type Fault, faultOf } from '../../server/core/fault.ts'
import { type Bucket, bucketOf, buckets, FINISHED, Hold } from '../../server/core/task.ts'
import { groupStateOf, letterOf, weightUnits } from '../../server/core/task-group.ts'
import type { StoreCount } from '../task-storage.ts'
import { faultsOfDocuments, faultsOfTraffic, strayRows } from './audit-rows.ts'
import { faultsOfErrorKinds } from './failing-reads.ts'
import type { Reader, Row } from './reader.ts'
import { groupOf } from './rows.ts'

/** Steps of a full scan (I12), by what they look at; none keeps more of a store in memory than its groups. */
const STEPS: readonly (readonly [about: string, step: (db: Reader) => Fault[]])[] = [
  ['groups', faultsOfGroups],
  ['lists of groups', faultsOfLists],
  ['parents', faultsOfCountdowns],
  ['keys', faultsOfKeys],
  ['errors', faultsOfErrorKinds],
  ['lanes', faultsOfLanes],
  ['edges', faultsOfEdges],
  ['stray rows', strayRows],
  ['documents', faultsOfDocuments],
  ['gates', faultsOfTraffic],
]

/** Full scan of the books: counters, countdowns, edges, parked tasks. `tell` hears of each step before it begins. */
export function findFaults(db: Reader, tell: (about: string) => void = () => {}): Fault[] {
  return STEPS.flatMap(([about, step]) => {
    tell(about)
    return step(db)
  })
}

export function countRows(db: Reader): StoreCount {
  const count = (table: string): number => Number(db.get(`SELECT count(*) AS n FROM ${table}`)?.n)
  return { groups: count('task_group'), tasks: count('task'), records: count('record') }
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
  'gate',
  'past_hold',
  'record',
]

export function fingerprintOf(db: Reader): string {
  const hash = createHash('sha256')
  for (const table of FINGERPRINTED)
    for (const row of db.each(`SELECT * FROM ${table}`)) hash.update(JSON.stringify(row))
  return hash.digest('hex')
}

type Books = Record<Bucket | 'weight_total' | 'weight_done', number>

const emptyBooks = (): Books => ({
  succeeded: 0,
  running: 0,
  failed: 0,
  paused: 0,
  blocked: 0,
  waiting: 0,
  weight_total: 0,
  weight_done: 0,
})

function faultsOfGroups(db: Reader): Fault[] {
  const counted = countTasks(db)
  const faults: Fault[] = []
  for (const group of db.each('SELECT * FROM task_group'))
    faults.push(...faultsOfGroup(group, counted.get(group.seq as number)))
  return faults
}

/** Tasks of one shape are counted by SQLite: a row for each of a million tasks would be most of a gigabyte here. */
function countTasks(db: Reader): Map<number, Books> {
  const counted = new Map<number, Books>()
  const shapes = db.each(
    `SELECT group_seq, holds, unfinished_parents > 0 AS waits, lease_until IS NOT NULL AS leased, progress_weight, count(*) AS n
     FROM task GROUP BY 1, 2, 3, 4, 5`,
  )
  for (const shape of shapes) {
    const books = counted.get(shape.group_seq as number) ?? emptyBooks()
    counted.set(shape.group_seq as number, books)
    const [n, holds] = [shape.n as number, shape.holds as number]
    const weight = n * weightUnits(shape.progress_weight as number)
    books[bucketOf({ holds, unfinishedParents: shape.waits as number, isLeased: shape.leased === 1 })] += n
    books.weight_total += weight
    if (holds & Hold.complete) books.weight_done += weight
  }
  return counted
}

function faultsOfGroup(group: Row, books: Books | undefined): Fault[] {
  const id = group.id as string
  const actual = books ?? emptyBooks()
  const faults = ([...buckets, 'weight_total', 'weight_done'] as const).flatMap((counter) =>
    group[counter] === actual[counter]
      ? []
      : [faultOf('group', id, counter, { expected: actual[counter], found: group[counter] })],
  )
  const state = letterOf(groupStateOf(groupOf(group, { scheduled: 0, retrying: 0, throttled: 0 })))
  if (group.state !== state)
    faults.push(faultOf('group', id, 'the state it is listed under', { expected: state, found: group.state }))
  const isFinished = books !== undefined && buckets.every((bucket) => bucket === 'succeeded' || books[bucket] === 0)
  if (isFinished !== (group.finished_at !== null)) {
    const expected = isFinished ? 'a time' : 'none'
    faults.push(faultOf('group', id, 'when it finished', { expected, found: group.finished_at ?? 'none' }))
  }
  const isOpen = buckets.some((bucket) => bucket !== 'succeeded' && bucket !== 'failed' && actual[bucket] > 0)
  const hasFailed = !isOpen && actual.failed > 0
  if (hasFailed !== (group.failed_at !== null)) {
    const expected = hasFailed ? 'a time' : 'none'
    faults.push(faultOf('group', id, 'when it failed', { expected, found: group.failed_at ?? 'none' }))
  }
  return faults
}

/** The indexes of groups hold what the rows say. */
function faultsOfLists(db: Reader): Fault[] {
  const groups = db.all('SELECT seq, state, failed FROM task_group NOT INDEXED')
  const byState = db.all(`SELECT seq, state FROM task_group INDEXED BY task_group_state WHERE state >= ''`)
  const failing = db.all('SELECT seq FROM task_group INDEXED BY task_group_failing WHERE failed > 0')
  const listed = [...byState.map(({ seq, state }) => `${seq} ${state}`), ...failing.map(({ seq }) => `${seq} failing`)]
  const expected = groups.flatMap(({ seq, state, failed }) => [
    `${seq} ${state}`,
    ...((failed as number) > 0 ? [`${seq} failing`] : []),
  ])
  const missing = new Set(expected).difference(new Set(listed))
  const stray = new Set(listed).difference(new Set(expected))
  return [
    ...[...missing].map((place) => faultOf('index', 'groups by state', place, { expected: 'there', found: 'missing' })),
    ...[...stray].map((place) => faultOf('index', 'groups by state', place, { expected: 'missing', found: 'there' })),
  ]
}

function faultsOfCountdowns(db: Reader): Fault[] {
  const countdowns = db.all(
    `SELECT t.id, t.unfinished_parents AS found, count(p.seq) AS actual FROM task t
     LEFT JOIN edge e ON e.child_seq = t.seq LEFT JOIN task p ON p.seq = e.parent_seq AND p.holds & ${FINISHED} = 0
     GROUP BY t.seq HAVING found <> actual`,
  )
  const lost = db.all(
    `SELECT t.id, parent.value AS parent FROM task t, json_each(t.parent_ids) parent LEFT JOIN task p ON p.id = parent.value
     WHERE t.parent_ids <> '[]' AND json_valid(t.parent_ids) AND p.seq IS NULL`,
  )
  return [
    ...countdowns.map((row) =>
      faultOf('task', String(row.id), 'the number of parents it waits for', { expected: row.actual, found: row.found }),
    ),
    ...lost.map((row) =>
      faultOf('task', String(row.id), `its parent ${row.parent}`, { expected: 'a task', found: 'missing' }),
    ),
  ]
}

/**
 * Who was set aside for a merge key waits for somebody. That two tasks with one key hold leases is no fault by itself: the key of one
 * may have been edited while both ran.
 */
function faultsOfKeys(db: Reader): Fault[] {
  const parked = db.all(
    `SELECT t.id FROM task t WHERE t.is_parked = 1 AND NOT EXISTS
       (SELECT 1 FROM task o WHERE o.merge_key = t.merge_key AND o.merge_key <> '' AND o.lease_until IS NOT NULL)`,
  )
  return parked.map((row) =>
    faultOf('task', String(row.id), 'what it was set aside for', { expected: 'nothing', found: 'a running duplicate' }),
  )
}

function faultsOfLanes(db: Reader): Fault[] {
  const lost = db.all(
    `SELECT t.id FROM task t LEFT JOIN lane l ON l.id = t.lane AND l.group_seq = t.group_seq
     LEFT JOIN task_group g ON g.seq = t.group_seq WHERE l.id IS NULL OR g.seq IS NULL`,
  )
  const books = db.all(
    `SELECT l.id, l.tasks, l.done, coalesce(t.tasks, 0) AS actual, coalesce(t.done, 0) AS actual_done FROM lane l
     LEFT JOIN (SELECT lane, count(*) AS tasks, sum(holds & 2 <> 0) AS done FROM task GROUP BY lane) t ON t.lane = l.id
     WHERE l.tasks <> actual OR l.done <> actual_done`,
  )
  const told = (tasks: unknown, done: unknown) => `${tasks} tasks, ${done} of them complete`
  return [
    ...lost.map((row) =>
      faultOf('task', String(row.id), 'its group and lane', { expected: 'both there', found: 'missing' }),
    ),
    ...books.map((row) =>
      faultOf('lane', Number(row.id), 'its count', {
        expected: told(row.actual, row.actual_done),
        found: told(row.tasks, row.done),
      }),
    ),
  ]
}

function faultsOfEdges(db: Reader): Fault[] {
  const stray = db.all(
    `SELECT e.parent_seq, e.child_seq FROM edge e LEFT JOIN task p ON p.seq = e.parent_seq LEFT JOIN task c ON c.seq = e.child_seq
     WHERE p.seq IS NULL OR c.seq IS NULL OR p.group_seq <> c.group_seq`,
  )
  // Counted in one pass: edges are found by their parent, not by their child.
  const listed = db.all(
    `SELECT t.id, json_array_length(t.parent_ids) AS ids, coalesce(e.n, 0) AS edges FROM task t
     LEFT JOIN (SELECT child_seq, count(*) AS n FROM edge GROUP BY child_seq) e ON e.child_seq = t.seq
     WHERE json_valid(t.parent_ids) AND ids <> edges`,
  )
  return [
    ...stray.map((row) =>
      faultOf('edge', `${row.parent_seq} to ${row.child_seq}`, 'its ends', {
        expected: 'two tasks of one group',
        found: 'missing or apart',
      }),
    ),
    ...listed.map((row) =>
      faultOf('task', String(row.id), 'the number of its edges', { expected: row.ids, found: row.edges }),
    ),
  ]
}
