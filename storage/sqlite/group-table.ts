import { groupSettingsText } from '../../server/core/group-settings.ts'
import type { TaskGroup } from '../../server/core/task-group.ts'
import type { Books } from './books.ts'
import type { Database, Row, SqlValue } from './database.ts'
import type { Lanes } from './lanes.ts'
import type { TaskTable } from './task-table.ts'

/** What a claim and a guard need to know of a group. */
export interface GroupCore {
  readonly seq: number
  readonly id: string
  readonly epoch: number
  readonly isPaused: boolean
}

/** Groups touched lately are kept in memory up to this many: a claim asks for the group of each task. */
const CACHED_GROUPS = 10_000

/** Writes to groups, and the few facts about them that claims ask for all the time. */
export class GroupTable {
  readonly #db: Database
  readonly #books: Books
  readonly #lanes: Lanes
  readonly #tasks: TaskTable
  readonly #byId = new Map<string, GroupCore>()
  readonly #bySeq = new Map<number, GroupCore>()

  constructor(db: Database, books: Books, lanes: Lanes, tasks: TaskTable) {
    this.#db = db
    this.#books = books
    this.#lanes = lanes
    this.#tasks = tasks
  }

  find(id: string): GroupCore | undefined {
    return this.#byId.get(id) ?? this.#load('id = ?', id)
  }

  findBySeq(seq: number): GroupCore | undefined {
    return this.#bySeq.get(seq) ?? this.#load('seq = ?', seq)
  }

  /** Whether all of its tasks are complete, or at least none is left to run. */
  hasEnded(id: string, as: 'finished' | 'ended', now: number): boolean {
    // What changed before in this transaction is not in the rows yet.
    this.#books.write(this.#db, now)
    const row = this.#db.get('SELECT finished_at, failed_at FROM task_group WHERE id = ?', id)
    if (!row) return false
    return row.finished_at !== null || (as === 'ended' && row.failed_at !== null)
  }

  forgetAll(): void {
    this.#byId.clear()
    this.#bySeq.clear()
  }

  put(group: TaskGroup, now: number): void {
    const before = this.find(group.id)
    const seq = before ? this.#update(before.seq, group) : this.#insert(group)
    this.#remember({ seq, id: group.id, epoch: group.epoch, isPaused: group.isPaused })
    if (before?.isPaused && !group.isPaused) this.#lanes.wake(groupCause(seq), now)
  }

  /** Clears a bit of `holds` in all tasks of the group: one statement, one correction of the books, one look at the lanes. */
  liftHold(groupId: string, hold: number, now: number): void {
    const group = this.find(groupId)
    if (!group) return
    const shapes = this.#db.all(
      `SELECT lane, holds, unfinished_parents > 0 AS waits, lease_until IS NOT NULL AS leased, count(*) AS n FROM task
       WHERE group_seq = ? AND holds & ? <> 0 GROUP BY 1, 2, 3, 4`,
      group.seq,
      hold,
    )
    if (shapes.length === 0) return
    for (const shape of shapes) this.#recount(group.seq, shape, hold)
    this.#db.run(
      'UPDATE task SET holds = holds & ~?1, version = version + 1 WHERE group_seq = ?2 AND holds & ?1 <> 0',
      hold,
      group.seq,
    )
    this.#offerLanes(group.seq, now)
  }

  delete(groupId: string, now: number): void {
    const group = this.find(groupId)
    if (!group) return
    for (const table of ['attempt', 'payload']) {
      this.#db.run(`DELETE FROM ${table} WHERE task_seq IN (SELECT seq FROM task WHERE group_seq = ?)`, group.seq)
    }
    this.#db.run('DELETE FROM edge WHERE parent_seq IN (SELECT seq FROM task WHERE group_seq = ?)', group.seq)
    const leased = this.#db.all(
      'SELECT id FROM task INDEXED BY task_leased WHERE lease_until IS NOT NULL AND group_seq = ?',
      group.seq,
    )
    for (const { id } of leased) this.#fence(id as string, now)
    this.#books.forgetGroup(this.#db, group.seq, now)
    for (const table of ['task_metadata', 'task', 'lane'])
      this.#db.run(`DELETE FROM ${table} WHERE group_seq = ?`, group.seq)
    this.#db.run('DELETE FROM task_group WHERE seq = ?', group.seq)
    this.#lanes.forgetGroup(group.seq)
    this.#byId.delete(groupId)
    this.#bySeq.delete(group.seq)
  }

  /** Frees the merge key that a running task of the group holds over others. */
  #fence(id: string, now: number): void {
    const row = this.#tasks.find(id)
    if (row) this.#tasks.patch(row, {}, 'fence', now)
  }

  #recount(groupSeq: number, shape: Row, hold: number): void {
    const holds = shape.holds as number
    const count = shape.n as number
    const task = {
      group_seq: groupSeq,
      lane: shape.lane as number,
      unfinished_parents: shape.waits as number,
      lease_until: shape.leased === 1 ? 0 : null,
      progress_weight: 0,
    }
    this.#books.count({ ...task, holds }, -count)
    this.#books.count({ ...task, holds: holds & ~hold }, count)
  }

  #offerLanes(groupSeq: number, now: number): void {
    for (const { id } of this.#db.all('SELECT id FROM lane WHERE group_seq = ?', groupSeq)) {
      const head = this.#db.get(
        `SELECT run_after, seq FROM task INDEXED BY task_ready WHERE lane = ? AND holds = 0 AND unfinished_parents = 0
         AND lease_until IS NULL AND is_parked = 0 ORDER BY run_after, seq LIMIT 1`,
        id as number,
      )
      if (head) this.#lanes.offer(this.#tasks.laneById(id as number), head.run_after as number, head.seq as number, now)
    }
  }

  #insert(group: TaskGroup): number {
    return this.#db.insert(
      `INSERT INTO task_group (id, created_at, name, is_paused, metadata, key_scope, epoch, settings, stopped_by)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      group.id,
      group.createdAt,
      ...editable(group),
    )
  }

  #update(seq: number, group: TaskGroup): number {
    this.#db.run(
      `UPDATE task_group SET name = ?, is_paused = ?, metadata = ?, key_scope = ?, epoch = ?, settings = ?, stopped_by = ?
       WHERE seq = ?`,
      ...editable(group),
      seq,
    )
    return seq
  }

  #load(condition: string, value: string | number): GroupCore | undefined {
    const row = this.#db.get(`SELECT seq, id, epoch, is_paused FROM task_group WHERE ${condition}`, value)
    if (!row) return undefined
    return this.#remember({
      seq: row.seq as number,
      id: row.id as string,
      epoch: row.epoch as number,
      isPaused: row.is_paused === 1,
    })
  }

  #remember(group: GroupCore): GroupCore {
    if (this.#byId.size >= CACHED_GROUPS) this.forgetAll()
    this.#byId.set(group.id, group)
    this.#bySeq.set(group.seq, group)
    return group
  }
}

/** The name under which lanes of a paused group are set aside. */
export const groupCause = (groupSeq: number): string => `group:${groupSeq}`

function editable(group: TaskGroup): SqlValue[] {
  const { name, isPaused, metadata, keyScope, epoch, settings, stoppedBy } = group
  return [
    name,
    isPaused ? 1 : 0,
    JSON.stringify(metadata),
    keyScope,
    epoch,
    groupSettingsText(settings),
    stoppedBy && JSON.stringify(stoppedBy),
  ]
}
