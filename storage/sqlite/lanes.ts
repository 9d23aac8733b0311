import { Heap } from './heap.ts'

/** A lane is known by what its tasks share (see schema.sql). */
export interface LaneKey {
  readonly groupSeq: number
  readonly worker: string
  readonly workgroup: string
  readonly priority: number
}

/**
 * A lane in memory. `idle`: nothing to claim that we know of; `queued`: in its group's queue, something may be due;
 * `timed`: in the clock's queue until `headAt`; `held`: its group, workgroup or worker (`heldBy`) lets nothing start.
 * `headAt` and `headSeq` are a lower bound of its first claimable task: rows are the truth, lanes only say where to look.
 */
export interface Lane extends LaneKey {
  readonly id: number
  state: 'idle' | 'queued' | 'timed' | 'held'
  headAt: number
  headSeq: number
  heldBy: string
}

/** A lane with the head it had when it was queued. Heads move; an entry whose head is no longer the lane's is stale. */
interface Entry {
  readonly lane: Lane
  readonly at: number
  readonly seq: number
}

/** The queued lanes of one worker in one group, in the port's order: higher priority, earlier runAfter, earlier created. */
export class GroupQueue {
  readonly groupSeq: number
  readonly #entries = new Heap<Entry>(isEntryAhead)

  constructor(groupSeq: number) {
    this.groupSeq = groupSeq
  }

  push(lane: Lane): void {
    lane.state = 'queued'
    this.#entries.push({ lane, at: lane.headAt, seq: lane.headSeq })
  }

  /** The lane whose turn it is; it stays in the queue. */
  first(): Lane | undefined {
    for (let entry = this.#entries.peek(); entry; entry = this.#entries.peek()) {
      if (isCurrent(entry)) return entry.lane
      this.#entries.pop()
    }
    return undefined
  }

  /** Takes the first lane out; it is idle until it is placed again. */
  take(): Lane | undefined {
    const lane = this.first()
    if (!lane) return undefined
    this.#entries.pop()
    lane.state = 'idle'
    return lane
  }
}

function isEntryAhead(a: Entry, b: Entry): boolean {
  if (a.lane.priority !== b.lane.priority) return a.lane.priority > b.lane.priority
  return a.at !== b.at ? a.at < b.at : a.seq < b.seq
}

const isCurrent = (entry: Entry): boolean =>
  entry.lane.state === 'queued' && entry.lane.headAt === entry.at && entry.lane.headSeq === entry.seq

const never = Number.POSITIVE_INFINITY

/**
 * Where claimable tasks are: workers take turns, within a worker its groups, within a group its lanes in order.
 * Rebuilt from the `task_ready` index at start and after a failed transaction.
 */
export class Lanes {
  readonly #known = new Map<number, Map<string, Lane>>()
  readonly #byId = new Map<number, Lane>()
  readonly #workers = new Map<string, Map<number, GroupQueue>>()
  readonly #held = new Map<string, Set<Lane>>()
  #clock = new Heap<{ lane: Lane; at: number }>((a, b) => a.at < b.at)

  clear(): void {
    this.#known.clear()
    this.#byId.clear()
    this.#workers.clear()
    this.#held.clear()
    this.#clock = new Heap<{ lane: Lane; at: number }>((a, b) => a.at < b.at)
  }

  find(key: LaneKey): Lane | undefined {
    return this.#known.get(key.groupSeq)?.get(keyText(key))
  }

  findById(id: number): Lane | undefined {
    return this.#byId.get(id)
  }

  add(id: number, key: LaneKey): Lane {
    const { groupSeq, worker, workgroup, priority } = key
    const lane: Lane = {
      groupSeq,
      worker,
      workgroup,
      priority,
      id,
      state: 'idle',
      headAt: never,
      headSeq: 0,
      heldBy: '',
    }
    const ofGroup = this.#known.get(groupSeq) ?? new Map<string, Lane>()
    this.#known.set(groupSeq, ofGroup.set(keyText(key), lane))
    this.#byId.set(id, lane)
    return lane
  }

  /** A task of the lane became claimable, apart from its time. */
  offer(lane: Lane, runAfter: number, seq: number, now: number): void {
    const isEarlier = runAfter < lane.headAt || (runAfter === lane.headAt && seq < lane.headSeq)
    if (!isEarlier) return
    lane.headAt = runAfter
    lane.headSeq = seq
    if (lane.state !== 'held') this.place(lane, now)
  }

  /** After a claim looked into the lane: its first task left, or none. */
  setHead(lane: Lane, head: { runAfter: number; seq: number } | undefined, now: number): void {
    lane.headAt = head?.runAfter ?? never
    lane.headSeq = head?.seq ?? 0
    this.place(lane, now)
  }

  /** Puts a lane where its head belongs. */
  place(lane: Lane, now: number): void {
    this.#unhold(lane)
    if (lane.headAt <= now) this.#queueOf(lane).push(lane)
    else {
      lane.state = lane.headAt === never ? 'idle' : 'timed'
      if (lane.state === 'timed') this.#clock.push({ lane, at: lane.headAt })
    }
  }

  /** Nothing of it may start before `until` (infinity: until somebody wakes the cause). */
  hold(lane: Lane, cause: string, until: number): void {
    lane.state = 'held'
    lane.heldBy = cause
    const lanes = this.#held.get(cause) ?? new Set<Lane>()
    this.#held.set(cause, lanes.add(lane))
    if (until !== never) this.#clock.push({ lane, at: until })
  }

  /** The cause is gone or changed: what it held is looked at again. */
  wake(cause: string, now: number): void {
    for (const lane of [...(this.#held.get(cause) ?? [])]) this.place(lane, now)
  }

  /** Moves what has come due into the queues. */
  tick(now: number): void {
    for (let next = this.#clock.peek(); next && next.at <= now; next = this.#clock.peek()) {
      this.#clock.pop()
      const { lane, at } = next
      if (lane.state === 'held' || (lane.state === 'timed' && lane.headAt === at)) this.place(lane, now)
    }
  }

  /** When `tick` has something to do next; null when never. */
  nextTickAt(): number | null {
    return this.#clock.peek()?.at ?? null
  }

  forgetGroup(groupSeq: number): void {
    for (const lane of this.#known.get(groupSeq)?.values() ?? []) {
      this.#unhold(lane)
      this.#byId.delete(lane.id)
      lane.state = 'idle'
      lane.headAt = never
    }
    this.#known.delete(groupSeq)
  }

  /** False when a claim would find nothing. */
  get hasQueued(): boolean {
    return this.#workers.size > 0
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

  /** The group whose turn it is. It goes to the end of the worker's ring, or off it when it has nothing queued. */
  nextGroup(worker: string): GroupQueue | undefined {
    const ring = this.#workers.get(worker)
    for (const queue of ring?.values() ?? []) {
      ring?.delete(queue.groupSeq)
      if (queue.first() === undefined) continue
      ring?.set(queue.groupSeq, queue)
      return queue
    }
    return undefined
  }

  #unhold(lane: Lane): void {
    if (lane.heldBy === '') return
    const lanes = this.#held.get(lane.heldBy)
    lanes?.delete(lane)
    if (lanes?.size === 0) this.#held.delete(lane.heldBy)
    lane.heldBy = ''
  }

  #queueOf(lane: Lane): GroupQueue {
    const ring = this.#workers.get(lane.worker) ?? new Map<number, GroupQueue>()
    this.#workers.set(lane.worker, ring)
    const queue = ring.get(lane.groupSeq) ?? new GroupQueue(lane.groupSeq)
    ring.set(lane.groupSeq, queue)
    return queue
  }
}

function keyText(key: LaneKey): string {
  return `${key.priority} ${key.worker} ${key.workgroup}`
}
