import type { HoldScope } from '../../server/core/change-set.ts'
import type { TrafficQuery, TrafficRow } from '../task-storage.ts'
import type { Database } from './database.ts'
import type { GateTable } from './gate-table.ts'
import type { Lane } from './lane.ts'
import type { Lanes } from './lanes.ts'
import type { Leases } from './leases.ts'
import type { NameBooks } from './name-books.ts'

/** What a list of workers or workgroups is made of. */
export interface TrafficContext {
  readonly db: Database
  readonly gates: GateTable
  readonly leases: Leases
  readonly lanes: Lanes
  readonly names: NameBooks
  readonly now: number
}

/** Every worker or workgroup that tasks, holds or limits name, with what waits and runs. */
export function readTraffic(
  context: TrafficContext,
  scope: HoldScope,
  { name, page, pageSize }: TrafficQuery,
): { rows: TrafficRow[]; count: number } {
  const { gates, leases, names, now } = context
  const books = names.of(scope)
  const all = [...new Set([...books.keys(), ...namesOfGates(context, scope)])]
  const chosen = name === undefined ? all.sort(byCodePoint) : all.filter((each) => each === name)
  const shown = pageSize === 0 ? chosen : chosen.slice((page - 1) * pageSize, page * pageSize)
  const waiting = countWaiting(context, scope, new Set(shown))
  const rows = shown.map((each): TrafficRow => {
    const hold = gates.holdOf(scope, each, now)
    const { tasks = 0, done = 0 } = books.get(each) ?? {}
    return {
      name: each,
      heldUntil: hold?.until ?? 0,
      reason: hold?.reason ?? '',
      waiting: waiting.get(each)?.count ?? 0,
      oldestDueAt: waiting.get(each)?.oldest ?? null,
      running: leases.of(scope, each),
      total: tasks,
      completed: done,
    }
  })
  return { rows, count: chosen.length }
}

/** As UTF-8 is ordered, by SQLite and by Redis. JavaScript's own order has surrogates before U+E000. */
function byCodePoint(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

const rank = (unit: number): number => (unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit)

/** Names without tasks come from the gates; rules are names of nobody. */
function namesOfGates({ db, now }: TrafficContext, scope: HoldScope): string[] {
  const rows = db.all(
    `SELECT name FROM gate WHERE scope = ? AND (limits IS NOT NULL OR held_until > ?) AND name <> ''
     ${scope === 'worker' ? "AND name NOT LIKE '%*'" : ''}`,
    scope,
    now,
  )
  return rows.map(({ name }) => name as string)
}

/** Due tasks, and since when the first of them has been; null where none has a time of its own. */
interface Waiting {
  readonly count: number
  readonly oldest: number | null
}

/** Due tasks that nothing keeps but what bounds their starts. Lanes in memory know where there may be some; parked ones are few. */
function countWaiting({ db, lanes, now }: TrafficContext, scope: HoldScope, names: ReadonlySet<string>) {
  const found = new Map<string, Waiting>()
  const add = (name: string, { count, oldest }: Waiting): void => {
    const known = found.get(name)
    found.set(name, { count: (known?.count ?? 0) + count, oldest: earlier(known?.oldest ?? null, oldest) })
  }
  for (const lane of lanes.due()) if (names.has(lane[scope])) add(lane[scope], readyIn(db, lane, now))
  const parked = db.all(
    `SELECT l.${scope} AS name, count(*) AS count, min(nullif(t.run_after, 0)) AS oldest FROM task t INDEXED BY task_parked
     JOIN lane l ON l.id = t.lane JOIN task_group g ON g.seq = l.group_seq
     WHERE t.is_parked = 1 AND t.run_after <= ? AND t.holds = 0 AND t.unfinished_parents = 0 AND t.lease_until IS NULL
       AND g.is_paused = 0 GROUP BY 1`,
    now,
  )
  for (const row of parked) add(row.name as string, row as unknown as Waiting)
  return found
}

const earlier = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b)

/**
 * A lane learns that its group is paused when a claim meets it. Asked for apart, the count needs the index alone, and the earliest time
 * the first entry of it.
 */
function readyIn(db: Database, { id, groupSeq }: Lane, now: number): Waiting {
  const ready = `task INDEXED BY task_ready WHERE lane = ?1 AND run_after <= ?2 AND holds = 0 AND unfinished_parents = 0
     AND lease_until IS NULL AND is_parked = 0 AND EXISTS (SELECT 1 FROM task_group WHERE seq = ?3 AND is_paused = 0)`
  return db.get(
    `SELECT (SELECT count(*) FROM ${ready}) AS count,
       (SELECT run_after FROM ${ready} AND run_after > 0 ORDER BY run_after LIMIT 1) AS oldest`,
    id,
    now,
    groupSeq,
  ) as unknown as Waiting
}
