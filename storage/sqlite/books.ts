import { type Bucket, bucketOf, buckets, Hold } from '../../server/core/task.ts'
import { weightUnits } from '../../server/core/task-group.ts'
import type { Database } from './database.ts'

/** What of a task its group counts. */
export interface Counted {
  readonly group_seq: number
  readonly holds: number
  readonly unfinished_parents: number
  readonly lease_until: number | null
  readonly progress_weight: number
}

type Deltas = Record<Bucket | 'total' | 'done', number>

/**
 * The counters of groups, gathered during a transaction and written once a group at its end: a batch of 64 results of one
 * group costs one update.
 */
export class Books {
  readonly #deltas = new Map<number, Deltas>()
  readonly #laneDeltas = new Map<number, number>()

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
    if (task.holds & Hold.complete) deltas.done += times * weight
  }

  /** That many tasks came into a lane (negative: left it). */
  countInLane(lane: number, times: number): void {
    this.#laneDeltas.set(lane, (this.#laneDeltas.get(lane) ?? 0) + times)
  }

  forgetGroup(groupSeq: number): void {
    this.#deltas.delete(groupSeq)
  }

  discard(): void {
    this.#deltas.clear()
    this.#laneDeltas.clear()
  }

  /** Writes what was counted. `finished_at` is set by the commit that completes the last task and unset by one that adds work. */
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
           WHEN running + failed + paused + blocked + waiting = 0 AND succeeded > 0 THEN coalesce(finished_at, ?) END
         WHERE seq = ? AND (finished_at IS NOT NULL OR running + failed + paused + blocked + waiting = 0)`,
        now,
        groupSeq,
      )
    }
    for (const [lane, delta] of this.#laneDeltas) {
      if (delta !== 0) db.run('UPDATE lane SET tasks = tasks + ? WHERE id = ?', delta, lane)
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
}
