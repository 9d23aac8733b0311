import type { Room } from '../../server/core/gate.ts'
import type { ClaimedTask, ClaimRequest, ClaimResult, ParentResult } from '../task-storage.ts'
import type { Tables } from './change-applier.ts'
import type { Row } from './database.ts'
import { groupCause } from './group-table.ts'
import { type Lane, never } from './lane.ts'
import type { Lanes } from './lanes.ts'
import type { Leases } from './leases.ts'
import { readPayload } from './reads.ts'
import type { GroupQueue } from './ring.ts'
import { taskOf } from './rows.ts'
import type { TaskCore } from './task-table.ts'

/** Duplicates of running tasks set aside in one claim; the rest is met by the next one. Bounds the length of a transaction. */
const MAX_PARKED = 128

/**
 * What one claim may spend on lanes that give it nothing. A lane that is set aside, as its group is paused or its gate shut, takes
 * 6 µs; one that has no task after all, as somebody held them one by one, two queries.
 */
const MAX_LOOKS = 1_000
const LOOKS_OF_A_QUERY = 10

/** What one claim works with. */
export interface ClaimContext extends Tables {
  readonly lanes: Lanes
  readonly leases: Leases
  readonly bootId: string
  readonly newToken: () => string
}

/**
 * Leases claimable tasks within the limits, workers and groups in turns. Runs inside a transaction. The gate of all tasks bounds
 * the claim as a whole, that of a worker its slots; lanes that find the gate of their workgroup shut wait in line there.
 */
export function claimTasks(context: ClaimContext, request: ClaimRequest, now: number): ClaimResult {
  const claim = new Claim(context, request, now)
  claim.run()
  return { tasks: claim.claimed, nextDueAt: claim.nextDueAt() }
}

class Claim {
  readonly claimed: ClaimedTask[] = []
  readonly #context: ClaimContext
  readonly #request: ClaimRequest
  readonly #now: number
  readonly #limit: number
  readonly #takenBy = new Map<string, number>()
  #isProbe = false
  #parked = 0
  #looks = 0
  /** The earliest opening of the gates that were met shut. */
  #opensAt = never

  constructor(context: ClaimContext, request: ClaimRequest, now: number) {
    this.#context = context
    this.#request = request
    this.#now = now
    this.#limit = Math.min(request.limit, context.gates.roomOf('all', '', now)?.free ?? never)
  }

  run(): void {
    const { gates } = this.#context
    if (this.#limit <= 0) return
    this.#callWaiting()
    do {
      for (const worker of this.#workers()) {
        if (this.#isFull) break
        this.#takeFromWorker(worker)
      }
    } while (!this.#isFull && this.#callWaiting() > 0)
    gates.enter('all', '', this.claimed.length, this.#now)
  }

  /** In turns; a claim for a few named ones does not look at the others, however many they are. */
  #workers(): Iterable<string> {
    const { slotsPerWorker, slots } = this.#request
    return slotsPerWorker > 0 ? this.#context.lanes.workers() : slots.keys()
  }

  /** When something that waits may start; now when there may be more at once. */
  nextDueAt(): number | null {
    if (this.#isCutShort) return this.#now
    const { lanes, gates } = this.#context
    if (lanes.hasQueued) this.#note(gates.roomOf('all', '', this.#now))
    const soonest = Math.min(lanes.nextTickAt() ?? never, this.#opensAt)
    return soonest === never ? null : soonest
  }

  get #isFull(): boolean {
    return this.claimed.length >= this.#limit || this.#isCutShort
  }

  /** There may be more to claim right away. */
  get #isCutShort(): boolean {
    return this.#parked >= MAX_PARKED || this.#looks >= MAX_LOOKS
  }

  /** Brings back what waits at gates that have room, as far as there are slots for it. */
  #callWaiting(): number {
    const { lanes, gates } = this.#context
    let called = 0
    for (const worker of lanes.waitingWorkers()) {
      const slots = this.#slotsOf(worker)
      for (const line of slots > 0 ? lanes.openLinesOf(worker) : []) {
        if (lanes.callsOf(worker) >= slots) break
        const room = gates.roomOf('workgroup', line.workgroup, this.#now)
        if (room?.free === 0) lanes.shut(line.workgroup, room.nextAt)
        else called += lanes.call(line, room?.free ?? never, this.#now, (name) => this.#slotsOf(name))
      }
    }
    return called
  }

  /** How many of the worker may start; when its gate is shut, it is remembered until when. */
  #slotsOf(worker: string): number {
    const { gates, leases } = this.#context
    const { slots, slotsPerWorker, maxLeasesPerWorker } = this.#request
    const free = Math.min(
      (slots.get(worker) ?? slotsPerWorker) - (this.#takenBy.get(worker) ?? 0),
      maxLeasesPerWorker - leases.of('worker', worker),
      this.#limit - this.claimed.length,
    )
    if (free <= 0) return 0
    const room = gates.roomOf('worker', worker, this.#now)
    this.#note(room)
    return Math.min(free, room?.free ?? never)
  }

  #note(room: Room | null): void {
    if (room?.free === 0 && room.nextAt !== null) this.#opensAt = Math.min(this.#opensAt, room.nextAt)
  }

  #takeFromWorker(worker: string): void {
    const { lanes, gates } = this.#context
    const slots = this.#slotsOf(worker)
    if (slots === 0) return
    this.#isProbe = gates.isProbing(worker)
    const taken = this.#takeInTurns(worker, slots)
    this.#takenBy.set(worker, (this.#takenBy.get(worker) ?? 0) + taken)
    gates.enter('worker', worker, taken, this.#now)
    lanes.served(worker)
    // What is left may be left because of the gate, which has a time to tell.
    if (lanes.groupCount(worker) > 0) this.#note(gates.roomOf('worker', worker, this.#now))
  }

  #takeInTurns(worker: string, slots: number): number {
    const { lanes } = this.#context
    let free = slots
    let [share, roundEnd] = [0, -1]
    while (free > 0 && !this.#isCutShort) {
      const lastTurn = lanes.lastTurn
      const queue = lanes.nextGroup(worker)
      if (!queue) break
      if (queue.cameUpAt > roundEnd) {
        // Equal shares for a round; what one group cannot use goes to the others in the next. Groups that turn out to have nothing are
        // no turns of it.
        roundEnd = lastTurn
        share = Math.max(1, Math.floor(free / lanes.groupCount(worker)))
      }
      free -= this.#takeFromGroup(queue, Math.min(share, free))
    }
    return slots - free
  }

  #takeFromGroup(queue: GroupQueue, wanted: number): number {
    let taken = 0
    while (taken < wanted && !this.#isCutShort) {
      const lane = queue.take()
      if (!lane) break
      const most = Math.min(wanted - taken, this.#roomFor(lane, taken > 0 ? queue.turn : queue.cameUpAt))
      if (most > 0) taken += this.#takeFromLane(lane, queue.first(), most)
    }
    return taken
  }

  /** How many of the lane may start; 0: it was set aside. `turn`: of its group among the others of the worker. */
  #roomFor(lane: Lane, turn: number): number {
    const { groups, lanes } = this.#context
    const wasCalled = lane.workgroup !== '' && lanes.answerCall(lane)
    const room = lane.workgroup === '' ? never : this.#roomAtGate(lane, { turn, wasCalled })
    // Gates are in memory; a group may have to be read.
    if (room === 0 || !groups.findBySeq(lane.groupSeq)?.isPaused) return room
    lanes.hold(lane, groupCause(lane.groupSeq))
    this.#looks++
    return 0
  }

  /** A call is good for an even share. Who was not called passes neither those in line nor those who were called and are still to come. */
  #roomAtGate(lane: Lane, { turn, wasCalled }: { turn: number; wasCalled: boolean }): number {
    const { gates, lanes } = this.#context
    const { waiting, called } = lanes.lineAt(lane.workgroup) ?? { waiting: 0, called: 0 }
    const room = gates.roomOf('workgroup', lane.workgroup, this.#now)
    const free = room?.free ?? never
    if (free > 0 && wasCalled) return Math.max(1, Math.floor(free / (called + 1)))
    if (free > 0 && waiting === 0 && (called === 0 || free === never)) return free
    lanes.wait(lane, turn)
    if (free > 0) lanes.mayHaveRoom(lane.workgroup)
    else lanes.shut(lane.workgroup, room?.nextAt ?? null)
    this.#looks++
    return 0
  }

  /** Takes tasks in order until the next lane's head would come first; then says where this lane's head is now. */
  #takeFromLane(lane: Lane, next: Lane | undefined, wanted: number): number {
    const rows = this.#readyRows(lane, wanted + 1)
    let taken = 0
    let read = 0
    for (; read < rows.length && taken < wanted && !this.#isCutShort; read++) {
      const row = rows[read] as Row
      if (next && next.priority === lane.priority && comesFirst(next, row)) break
      if (this.#takeOrPark(row, lane)) taken++
    }
    if (rows.length === 0) this.#looks += LOOKS_OF_A_QUERY
    this.#context.gates.enter('workgroup', lane.workgroup, lane.workgroup === '' ? 0 : taken, this.#now)
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
    const { tasks, leases } = this.#context
    if (leases.hasKey(row.merge_key as string)) {
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
    return { task, token, parents: task.parentIds.map((id) => this.#parentResult(id)), isProbe: this.#isProbe }
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
