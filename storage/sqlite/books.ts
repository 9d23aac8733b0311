import { type Bucket, bucketOf, buckets, Hold } from '../../server/core/task.ts'
import { weightUnits } from '../../server/core/task-group.ts'
import type { Database } from './database.ts'
import type { LaneKey } from './lane.ts'
import type { NameBooks } from './name-books.ts'

/** What of a task its group counts. */
export interface Counted {
  readonly group_seq: number
  readonly lane: number
  readonly holds: number
  readonly unfinished_parents: number
  readonly lease_until: number | null
  readonly progress_weight: number
}

type Deltas = Record<Bucket | 'total' | 'done', number>
type LaneDeltas = { tasks: number; done: number }

/**
 * The counters of groups and of their lanes, gathered during a transaction and written once a group at its end: a batch of 64 results of one
 * group costs one update.
 */
export class Books {
  readonly #names: NameBooks
  readonly #deltas = new Map<number, Deltas>()
  readonly #laneDeltas = new Map<number, LaneDeltas>()

  constructor(names: NameBooks) {
    this.#names = names
  }

  /** That many tasks came (negative: went) in that shape; a change of shape is going and coming. */
  count(task: Counted, times: number): void {
    const deltas = this.#of(task.group_seq)
    const bucket = bucketOf({
      holds: task.holds,
      unfinishedParents: task.unfinished_parents,
      isLeased: task.lease_until !== null,
    })
    const weight = weightUnits(task.progress_weight)
    deltas[bucket] += times
    deltas.total += times * weight
    const ofLane = this.#ofLane(task.lane)
    ofLane.tasks += times
    if (task.holds & Hold.complete) {
      deltas.done += times * weight
      ofLane.done += times
    }
  }

  /** Its rows are about to be deleted. What was counted is written before: the next lane may get the id of one of these. */
  forgetGroup(db: Database, groupSeq: number, now: number): void {
    this.write(db, now)
    this.#names.dropGroup(groupSeq)
  }

  discard(): void {
    this.#deltas.clear()
    this.#laneDeltas.clear()
  }

  /** Writes what was counted. `finished_at` and `failed_at` are set by the commit that ends the last task and unset by one that adds work. */
  write(db: Database, now: number): void {
    for (const [groupSeq, deltas] of this.#deltas) {
      if (Object.values(deltas).every((delta) => delta === 0)) continue
      db.run(
        `UPDATE task_group SET succeeded = succeeded + ?, running = running + ?, failed = failed + ?, paused = paused + ?,
         blocked = blocked + ?, waiting = waiting + ?, weight_total = weight_total + ?, weight_done = weight_done + ?
         WHERE seq = ?`,
        ...buckets.map((bucket) => deltas[bucket]),
        deltas.total,
        deltas.done,
        groupSeq,
      )
      db.run(
        `UPDATE task_group SET finished_at = CASE
           WHEN running + failed + paused + blocked + waiting = 0 AND succeeded > 0 THEN coalesce(finished_at, ?1) END,
           failed_at = CASE WHEN running + paused + blocked + waiting = 0 AND failed > 0 THEN coalesce(failed_at, ?1) END
         WHERE seq = ?2
           AND (finished_at IS NOT NULL OR failed_at IS NOT NULL OR running + paused + blocked + waiting = 0)`,
        now,
        groupSeq,
      )
    }
    for (const [lane, { tasks, done }] of this.#laneDeltas) {
      if (tasks === 0 && done === 0) continue
      const sql = 'UPDATE lane SET tasks = tasks + ?, done = done + ? WHERE id = ? RETURNING worker, workgroup'
      const named = db.get(sql, tasks, done, lane) as unknown as Pick<LaneKey, 'worker' | 'workgroup'> | undefined
      if (named) this.#names.add(named, { tasks, done })
    }
    this.discard()
  }

  #of(groupSeq: number): Deltas {
    const known = this.#deltas.get(groupSeq)
    if (known) return known
    const fresh = { succeeded: 0, running: 0, failed: 0, paused: 0, blocked: 0, waiting: 0, total: 0, done: 0 }
    this.#deltas.set(groupSeq, fresh)
    return fresh
  }

  #ofLane(lane: number): LaneDeltas {
    const known = this.#laneDeltas.get(lane)
    if (known) return known
    const fresh = { tasks: 0, done: 0 }
    this.#laneDeltas.set(lane, fresh)
    return fresh
  }
}
