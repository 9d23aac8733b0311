import { Heap } from './heap.ts'
import type { Lane } from './lane.ts'

/** A lane with the head it had when it was queued. Heads move; an entry whose head is no longer the lane's is stale. */
interface Entry {
  readonly lane: Lane
  readonly at: number
  readonly seq: number
}

/** Lanes of one worker in one group, in the port's order: higher priority, earlier runAfter, earlier created. */
export class GroupQueue {
  readonly groupSeq: number
  /** Whose is the least comes first. */
  turn: number
  /** The turn it had when it came up last. */
  cameUpAt: number
  readonly #state: 'queued' | 'waiting'
  readonly #entries = new Heap<Entry>(isEntryAhead)

  constructor(groupSeq: number, turn: number, state: 'queued' | 'waiting') {
    this.groupSeq = groupSeq
    this.turn = turn
    this.cameUpAt = turn
    this.#state = state
  }

  push(lane: Lane): void {
    lane.state = this.#state
    this.#entries.push({ lane, at: lane.headAt, seq: lane.headSeq })
  }

  /** The lane that comes first; it stays in the queue. */
  first(): Lane | undefined {
    for (let entry = this.#entries.peek(); entry; entry = this.#entries.peek()) {
      if (this.#isCurrent(entry)) return entry.lane
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

  #isCurrent({ lane, at, seq }: Entry): boolean {
    return lane.state === this.#state && lane.headAt === at && lane.headSeq === seq
  }
}

function isEntryAhead(a: Entry, b: Entry): boolean {
  if (a.lane.priority !== b.lane.priority) return a.lane.priority > b.lane.priority
  return a.at !== b.at ? a.at < b.at : a.seq < b.seq
}

/**
 * The groups of a worker, in turns: in its queue (`queued`), or in line at a gate (`waiting`). A group that comes back with the turn
 * it had is before all that had theirs since.
 */
export class Ring {
  readonly #state: 'queued' | 'waiting'
  readonly #queues = new Map<number, GroupQueue>()
  /** A queue whose turn is no longer that of the entry stands somewhere else as well. */
  readonly #order = new Heap<{ queue: GroupQueue; turn: number }>((a, b) => a.turn < b.turn)

  constructor(state: 'queued' | 'waiting') {
    this.#state = state
  }

  /** Groups in it; some may turn out to have nothing any more. */
  get size(): number {
    return this.#queues.size
  }

  /** The lane's group comes at that turn, or earlier if it was in the ring before. */
  push(lane: Lane, turn: number): void {
    const known = this.#queues.get(lane.groupSeq)
    const queue = known ?? new GroupQueue(lane.groupSeq, turn, this.#state)
    queue.push(lane)
    if (known && known.turn <= turn) return
    this.#queues.set(lane.groupSeq, queue)
    this.#moveTo(queue, turn)
  }

  /** The group whose turn it is; groups that have nothing any more are dropped on the way. */
  first(): GroupQueue | undefined {
    for (let entry = this.#order.peek(); entry; entry = this.#order.peek()) {
      const { queue, turn } = entry
      const isCurrent = queue.turn === turn && this.#queues.get(queue.groupSeq) === queue
      if (isCurrent && queue.first()) return queue
      if (isCurrent) this.#queues.delete(queue.groupSeq)
      this.#order.pop()
    }
    return undefined
  }

  /** The group whose turn it is; its next one is that given. */
  next(turn: number): GroupQueue | undefined {
    const queue = this.first()
    if (!queue) return undefined
    this.#order.pop()
    queue.cameUpAt = queue.turn
    this.#moveTo(queue, turn)
    return queue
  }

  #moveTo(queue: GroupQueue, turn: number): void {
    queue.turn = turn
    this.#order.push({ queue, turn })
  }
}
