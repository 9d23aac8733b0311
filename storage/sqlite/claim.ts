import type { ClaimedTask, ClaimRequest, ParentResult } from '../task-storage.ts'
import type { Tables } from './change-applier.ts'
import type { Row } from './database.ts'
import { groupCause } from './group-table.ts'
import type { GroupQueue, Lane, Lanes } from './lanes.ts'
import { readPayload } from './reads.ts'
import { taskOf } from './rows.ts'
import type { TaskCore } from './task-table.ts'

/** Duplicates of running tasks set aside in one claim; the rest is met by the next one. Bounds the length of a transaction. */
const MAX_PARKED = 128

/** What one claim works with. */
export interface ClaimContext extends Tables {
  readonly lanes: Lanes
  readonly bootId: string
  readonly newToken: () => string
}

/** Leases claimable tasks within the limits, workers and groups in turns. Runs inside a transaction. */
export function claimTasks(
  context: ClaimContext,
  request: ClaimRequest,
  now: number,
): { tasks: ClaimedTask[]; isCutShort: boolean } {
  const claim = new Claim(context, request, now)
  for (const worker of context.lanes.workers()) {
    if (claim.isFull) break
    claim.takeFromWorker(worker)
  }
  return { tasks: claim.claimed, isCutShort: claim.isCutShort }
}

class Claim {
  readonly claimed: ClaimedTask[] = []
  readonly #context: ClaimContext
  readonly #request: ClaimRequest
  readonly #now: number
  #parked = 0

  constructor(context: ClaimContext, request: ClaimRequest, now: number) {
    this.#context = context
    this.#request = request
    this.#now = now
  }

  get isFull(): boolean {
    return this.claimed.length >= this.#request.limit || this.isCutShort
  }

  /** There may be more to claim right away. */
  get isCutShort(): boolean {
    return this.#parked >= MAX_PARKED
  }

  takeFromWorker(worker: string): void {
    const { lanes, tasks } = this.#context
    const { slots, slotsPerWorker, maxLeasesPerWorker, limit } = this.#request
    const unleased = maxLeasesPerWorker - tasks.leasesOf(worker)
    let free = Math.min(slots.get(worker) ?? slotsPerWorker, unleased, limit - this.claimed.length)
    if (free <= 0) return
    let share = 0
    for (let turnsLeft = 0; free > 0 && !this.isCutShort; turnsLeft--) {
      if (turnsLeft === 0) {
        // Equal shares for a round; what one group cannot use goes to the others in the next.
        turnsLeft = Math.max(1, lanes.groupCount(worker))
        share = Math.max(1, Math.floor(free / turnsLeft))
      }
      const queue = lanes.nextGroup(worker)
      if (!queue) break
      free -= this.#takeFromGroup(queue, Math.min(share, free))
    }
    lanes.served(worker)
  }

  #takeFromGroup(queue: GroupQueue, wanted: number): number {
    let taken = 0
    while (taken < wanted && !this.isCutShort) {
      const lane = queue.take()
      if (!lane) break
      if (!this.#isHeld(lane)) taken += this.#takeFromLane(lane, queue.first(), wanted - taken)
    }
    return taken
  }

  #isHeld(lane: Lane): boolean {
    const { groups, holds, lanes } = this.#context
    if (groups.findBySeq(lane.groupSeq)?.isPaused) {
      lanes.hold(lane, groupCause(lane.groupSeq), Number.POSITIVE_INFINITY)
      return true
    }
    const hold = holds.holding(lane, this.#now)
    if (hold) lanes.hold(lane, hold.cause, hold.until)
    return hold !== undefined
  }

  /** Takes tasks in order until the next lane's head would come first; then says where this lane's head is now. */
  #takeFromLane(lane: Lane, next: Lane | undefined, wanted: number): number {
    const rows = this.#readyRows(lane, wanted + 1)
    let taken = 0
    let read = 0
    for (; read < rows.length && taken < wanted && !this.isCutShort; read++) {
      const row = rows[read] as Row
      if (next && next.priority === lane.priority && comesFirst(next, row)) break
      if (this.#takeOrPark(row, lane)) taken++
    }
    const left = rows[read] ?? this.#firstReady(lane)
    this.#context.lanes.setHead(
      lane,
      left && { runAfter: left.run_after as number, seq: left.seq as number },
      this.#now,
    )
    return taken
  }

  #readyRows(lane: Lane, limit: number): Row[] {
    return this.#context.db.all(
      `SELECT * FROM task INDEXED BY task_ready WHERE lane = ? AND run_after <= ? AND holds = 0 AND unfinished_parents = 0
       AND lease_until IS NULL AND is_parked = 0 ORDER BY run_after, seq LIMIT ?`,
      lane.id,
      this.#now,
      limit,
    )
  }

  #firstReady(lane: Lane): Row | undefined {
    return this.#context.db.get(
      `SELECT run_after, seq FROM task INDEXED BY task_ready WHERE lane = ? AND holds = 0 AND unfinished_parents = 0
       AND lease_until IS NULL AND is_parked = 0 ORDER BY run_after, seq LIMIT 1`,
      lane.id,
    )
  }

  #takeOrPark(row: Row, lane: Lane): boolean {
    const { tasks } = this.#context
    if (tasks.isKeyLeased(row.merge_key as string)) {
      tasks.park(row.seq as number)
      this.#parked++
      return false
    }
    this.claimed.push(this.#lease(row, lane))
    return true
  }

  #lease(row: Row, lane: Lane): ClaimedTask {
    const { tasks, bootId } = this.#context
    const { until } = this.#request
    const token = this.#context.newToken()
    tasks.lease(row as unknown as TaskCore, { token, bootId, until }, this.#now)
    row.attempts = (row.attempts as number) + 1
    row.version = (row.version as number) + 1
    row.lease_until = until
    row.lease_token = token
    row.lease_boot = bootId
    row.lease_started_at = this.#now
    const { db, groups } = this.#context
    const task = taskOf(row, {
      groupId: groups.findBySeq(lane.groupSeq)?.id ?? '',
      worker: lane.worker,
      workgroup: lane.workgroup,
      priority: lane.priority,
      input: readPayload(db, row, 'input'),
      output: readPayload(db, row, 'output'),
    })
    return { task, token, parents: task.parentIds.map((id) => this.#parentResult(id)) }
  }

  #parentResult(id: string): ParentResult {
    const { db } = this.#context
    const sql = 'SELECT t.seq, l.worker, t.input, t.output FROM task t JOIN lane l ON l.id = t.lane WHERE t.id = ?'
    const row = db.get(sql, id) as Row
    const input = readPayload(db, row, 'input')
    return { taskId: id, worker: row.worker as string, input, output: readPayload(db, row, 'output') }
  }
}

function comesFirst(lane: Lane, row: Row): boolean {
  const runAfter = row.run_after as number
  return lane.headAt !== runAfter ? lane.headAt < runAfter : lane.headSeq < (row.seq as number)
}
