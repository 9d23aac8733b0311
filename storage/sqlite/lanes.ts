import { GateLine } from './gate-line.ts'
import { Heap } from './heap.ts'
import { idleLane, type Lane, type LaneKey, never } from './lane.ts'
import { OpenLines } from './open-lines.ts'
import { type GroupQueue, Ring } from './ring.ts'

/** When to look at a lane, or at the lanes in line at a gate. It is stale when that is told by another one since. */
interface Alarm {
  readonly at: number
  readonly of: Lane | GateLine
}

/** Idle lanes of finished groups are kept until there are this many; reading one again costs 5 µs. */
const MIN_TRIMMED = 50_000

const newClock = () => new Heap<Alarm>((a, b) => a.at < b.at)

/**
 * Where claimable tasks are: workers take turns, within a worker its groups, within a group its lanes in order.
 * Rebuilt from the `task_ready` index at start and after a failed transaction.
 */
export class Lanes {
  readonly #known = new Map<number, Map<string, Lane>>()
  readonly #byId = new Map<number, Lane>()
  readonly #workers = new Map<string, Ring>()
  /** Lanes of paused groups, by cause. */
  readonly #held = new Map<string, Set<Lane>>()
  /** Lanes that wait at the gates of their workgroups; those whose gate may have room. */
  readonly #lines = new Map<string, GateLine>()
  readonly #openLines = new OpenLines()
  readonly #callsOf = new Map<string, number>()
  #clock = newClock()
  #turn = 0
  #lastTick = 0
  #trimAt: number
  readonly #minTrimmed: number

  /** `minTrimmed`: how many lanes there are before idle ones are forgotten. */
  constructor(minTrimmed = MIN_TRIMMED) {
    this.#minTrimmed = minTrimmed
    this.#trimAt = minTrimmed
  }

  clear(): void {
    this.#known.clear()
    this.#byId.clear()
    this.#workers.clear()
    this.#held.clear()
    this.#lines.clear()
    this.#openLines.clear()
    this.#callsOf.clear()
    this.#clock = newClock()
  }

  find(key: LaneKey): Lane | undefined {
    return this.#known.get(key.groupSeq)?.get(keyText(key))
  }

  findById(id: number): Lane | undefined {
    return this.#byId.get(id)
  }

  add(id: number, key: LaneKey): Lane {
    const lane = idleLane(id, key)
    const ofGroup = this.#known.get(key.groupSeq) ?? new Map<string, Lane>()
    this.#known.set(key.groupSeq, ofGroup.set(keyText(key), lane))
    this.#byId.set(id, lane)
    return lane
  }

  /** A task of the lane became claimable, apart from its time. */
  offer(lane: Lane, runAfter: number, seq: number, now: number): void {
    const isEarlier = runAfter < lane.headAt || (runAfter === lane.headAt && seq < lane.headSeq)
    if (!isEarlier) return
    lane.headAt = runAfter
    lane.headSeq = seq
    if (lane.state === 'waiting') this.#lines.get(lane.workgroup)?.reseat(lane, ++this.#turn)
    else if (lane.state !== 'held') this.#place(lane, now, ++this.#turn)
  }

  /** After a claim looked into the lane: its first task left, or none. */
  setHead(lane: Lane, head: { runAfter: number; seq: number } | undefined, now: number): void {
    lane.headAt = head?.runAfter ?? never
    lane.headSeq = head?.seq ?? 0
    this.#place(lane, now, ++this.#turn)
  }

  /** Nothing of it may start until somebody wakes the cause. */
  hold(lane: Lane, cause: string): void {
    lane.state = 'held'
    lane.heldBy = cause
    const lanes = this.#held.get(cause) ?? new Set<Lane>()
    this.#held.set(cause, lanes.add(lane))
  }

  /** The cause is gone or changed: what it held is looked at again. */
  wake(cause: string, now: number): void {
    for (const lane of [...(this.#held.get(cause) ?? [])]) this.#place(lane, now, ++this.#turn)
  }

  /** Lanes in which something may be due. Some are of groups that were paused since. */
  *due(): Generator<Lane> {
    for (const lane of this.#byId.values()) if (lane.state === 'queued' || lane.state === 'waiting') yield lane
  }

  /** Moves what has come due into the queues, and gates that may have room to those that a claim looks at. */
  tick(now: number): void {
    // The clock went back: what a gate said about its next opening was about another time.
    if (now < this.#lastTick) for (const line of this.#lines.values()) this.#open(line)
    this.#lastTick = now
    if (this.#byId.size >= this.#trimAt) this.#trim()
    for (let next = this.#firstAlarm(); next && next.at <= now; next = this.#firstAlarm()) {
      this.#clock.pop()
      if (next.of instanceof GateLine) this.#wakeLine(next.of)
      else this.#place(next.of, now, ++this.#turn)
    }
  }

  /** When `tick` has something to do next; null when never. */
  nextTickAt(): number | null {
    return this.#firstAlarm()?.at ?? null
  }

  /** The lane waits until the gate of its workgroup has room: in line at that turn. */
  wait(lane: Lane, turn: number): void {
    const line = this.#lines.get(lane.workgroup) ?? new GateLine(lane.workgroup, this.#callsOf)
    this.#lines.set(lane.workgroup, line)
    line.join(lane, turn)
  }

  lineAt(workgroup: string): GateLine | undefined {
    return this.#lines.get(workgroup)
  }

  /** A lease of the workgroup ended, or its gate changed: there may be room, or another time at which there is. */
  mayHaveRoom(workgroup: string): void {
    const line = this.#lines.size > 0 ? this.#lines.get(workgroup) : undefined
    if (line) this.#open(line)
  }

  /** Workers of which something waits at gates that may have room. */
  waitingWorkers(): string[] {
    return this.#openLines.workers()
  }

  /** Lines at gates that may have room, with something of the worker. */
  openLinesOf(worker: string): Iterable<GateLine> {
    return this.#openLines.linesOf(worker)
  }

  /** Groups of the worker that were called and have not been met yet. */
  callsOf(worker: string): number {
    return this.#callsOf.get(worker) ?? 0
  }

  /** The gate has no room until then (null: nobody knows). */
  shut(workgroup: string, until: number | null): void {
    const line = this.#lines.get(workgroup)
    if (!line) return
    this.#openLines.delete(line)
    if (until === null || until >= line.wakeAt || line.waiting === 0) return
    line.wakeAt = until
    this.#clock.push({ at: until, of: line })
  }

  /** Calls lanes that wait, as far as the room of the gate and the slots of their workers go; answers how many. */
  call(line: GateLine, room: number, now: number, slotsOf: (worker: string) => number): number {
    const place = (lane: Lane, turn: number) => this.#place(lane, now, turn)
    const called = line.call(room, { slotsOf, place, nextTurn: () => ++this.#turn })
    this.#dropEmpty(line)
    return called
  }

  /** Whether the lane's group was called at the gate of its workgroup. The call is over. */
  answerCall(lane: Lane): boolean {
    const line = this.#lines.size > 0 ? this.#lines.get(lane.workgroup) : undefined
    if (!line) return false
    const wasCalled = line.answer(lane)
    this.#dropEmpty(line)
    return wasCalled
  }

  forgetGroup(groupSeq: number): void {
    for (const lane of this.#known.get(groupSeq)?.values() ?? []) {
      this.#unhold(lane)
      const line = this.#lines.get(lane.workgroup)
      line?.leave(lane)
      if (line) this.#dropEmpty(line)
      this.#byId.delete(lane.id)
      lane.state = 'idle'
      lane.headAt = never
    }
    this.#known.delete(groupSeq)
  }

  /** False when a claim would find nothing. */
  get hasQueued(): boolean {
    return this.#workers.size > 0 || this.#openLines.size > 0
  }

  /** Workers with something queued, the least recently served first. */
  workers(): string[] {
    return [...this.#workers.keys()]
  }

  /** The worker goes to the end of the line, or away when nothing of it is queued. */
  served(worker: string): void {
    const groups = this.#workers.get(worker)
    this.#workers.delete(worker)
    if (groups && groups.size > 0) this.#workers.set(worker, groups)
  }

  /** How many groups of the worker have something queued. */
  groupCount(worker: string): number {
    return this.#workers.get(worker)?.size ?? 0
  }

  /** Whatever came up or was placed later has a later turn. */
  get lastTurn(): number {
    return this.#turn
  }

  /** The group whose turn it is. Its next one comes after all others, or never when it has nothing queued. */
  nextGroup(worker: string): GroupQueue | undefined {
    return this.#workers.get(worker)?.next(++this.#turn)
  }

  /** Puts a lane where its head belongs; answers whether something of it is due. */
  #place(lane: Lane, now: number, turn: number): boolean {
    this.#unhold(lane)
    if (lane.headAt <= now) {
      this.#ringOf(lane.worker).push(lane, turn)
      return true
    }
    lane.state = lane.headAt === never ? 'idle' : 'timed'
    if (lane.state === 'timed') this.#clock.push({ at: lane.headAt, of: lane })
    return false
  }

  /** Forgets lanes that nothing is known of but their names. Between batches nobody else has one at hand. */
  #trim(): void {
    for (const lane of [...this.#byId.values()]) if (lane.state === 'idle') this.#forget(lane)
    this.#trimAt = Math.max(this.#minTrimmed, 2 * this.#byId.size)
  }

  #forget(lane: Lane): void {
    this.#byId.delete(lane.id)
    const ofGroup = this.#known.get(lane.groupSeq)
    ofGroup?.delete(keyText(lane))
    if (ofGroup?.size === 0) this.#known.delete(lane.groupSeq)
  }

  #wakeLine(line: GateLine): void {
    line.wakeAt = never
    this.#open(line)
  }

  #open(line: GateLine): void {
    if (line.waiting > 0) this.#openLines.add(line)
  }

  #dropEmpty(line: GateLine): void {
    if (line.waiting > 0) return
    this.#openLines.delete(line)
    if (line.called > 0) return
    line.wakeAt = never
    this.#lines.delete(line.workgroup)
  }

  #firstAlarm(): Alarm | undefined {
    let next = this.#clock.peek()
    for (; next && isStale(next); next = this.#clock.peek()) this.#clock.pop()
    return next
  }

  #unhold(lane: Lane): void {
    if (lane.heldBy === '') return
    const lanes = this.#held.get(lane.heldBy)
    lanes?.delete(lane)
    if (lanes?.size === 0) this.#held.delete(lane.heldBy)
    lane.heldBy = ''
  }

  #ringOf(worker: string): Ring {
    const known = this.#workers.get(worker)
    if (known) return known
    const ring = new Ring('queued')
    this.#workers.set(worker, ring)
    return ring
  }
}

function isStale({ of, at }: Alarm): boolean {
  return of instanceof GateLine ? of.wakeAt !== at : of.state !== 'timed' || of.headAt !== at
}

function keyText(key: LaneKey): string {
  return `${key.priority} ${key.worker} ${key.workgroup}`
}
