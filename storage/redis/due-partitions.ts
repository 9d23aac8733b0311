import type { ClaimedTask, ClaimResult } from '../task-storage.ts'
import type { LeaseRequest } from './store.ts'

/** How often one that is away is asked for a sign of life. */
const PROBE_MS = 1000

/** Hints say which partitions have something; all are asked at least this often, so that no hint need arrive. */
const ASK_ALL_MS = 900

interface Due {
  /** There may be something to claim. */
  isNoted: boolean
  /** Raised by each note: an answer to what was asked before says nothing about what came after. */
  notes: number
  /** When the next task is due, as far as the last claim told; infinity when it told nothing. */
  nextAt: number
  /** Whose turn it is: the one that was asked longest ago. */
  askedLast: number
  /** It did not answer the last claim: when it was asked for a sign of life last. */
  probedAt: number | null
}

/** Which partitions a claim has to ask. */
export class DuePartitions {
  readonly #partitions: Due[]
  #askedAllAt = Number.NEGATIVE_INFINITY
  #asked = 0

  constructor(count: number) {
    this.#partitions = Array.from({ length: count }, () => ({
      isNoted: true,
      notes: 0,
      nextAt: Number.POSITIVE_INFINITY,
      askedLast: 0,
      probedAt: null,
    }))
  }

  /** Something changed in it. */
  note(index: number): void {
    const due = this.#at(index)
    due.isNoted = true
    due.notes++
  }

  noteAll(): void {
    for (const index of this.#partitions.keys()) this.note(index)
  }

  /** It did not answer. Claims leave it alone until it gives a sign of life: one that hangs is waited for once, not by each. */
  fail(index: number, now: number): void {
    this.note(index)
    this.#at(index).probedAt = now
  }

  back(index: number): void {
    this.#at(index).probedAt = null
    this.note(index)
  }

  /** Those to ask for a sign of life now. */
  toProbe(now: number): number[] {
    const isDue = ({ probedAt }: Due) => probedAt !== null && Math.abs(now - probedAt) >= PROBE_MS
    const indexes = [...this.#partitions.keys()].filter((index) => isDue(this.#at(index)))
    for (const index of indexes) this.#at(index).probedAt = now
    return indexes
  }

  get isAllAway(): boolean {
    return this.#partitions.every(({ probedAt }) => probedAt !== null)
  }

  /** Those to ask now, in their turns. Where all are away nobody is kept waiting, so they are all asked. */
  at(now: number): number[] {
    if (now - this.#askedAllAt >= ASK_ALL_MS || now < this.#askedAllAt) {
      this.#askedAllAt = now
      this.noteAll()
    }
    const { isAllAway } = this
    const isToAsk = ({ isNoted, nextAt, probedAt }: Due) =>
      (isNoted || nextAt <= now) && (probedAt === null || isAllAway)
    const indexes = [...this.#partitions.keys()].filter((index) => isToAsk(this.#at(index)))
    return indexes.sort((a, b) => this.#at(a).askedLast - this.#at(b).askedLast)
  }

  /** It is being asked; the answer is to be told. One that gave something has had its turn. */
  begin(index: number): (answer: Pick<ClaimResult, 'tasks' | 'nextDueAt'> & { hasQueued: boolean }) => void {
    const due = this.#at(index)
    const { notes } = due
    return ({ tasks, nextDueAt, hasQueued }) => {
      due.probedAt = null
      if (tasks.length > 0) due.askedLast = ++this.#asked
      due.nextAt = nextDueAt ?? Number.POSITIVE_INFINITY
      if (due.notes === notes) due.isNoted = hasQueued
    }
  }

  /** When the next task is due in any; null when none is known. What is due already, and was not asked for, is no news. */
  nextAt(now: number): number | null {
    const next = Math.min(...this.#partitions.map(({ nextAt }) => nextAt).filter((at) => at > now))
    return next === Number.POSITIVE_INFINITY ? null : next
  }

  #at(index: number): Due {
    return this.#partitions[index] as Due
  }
}

export interface SpreadAnswer {
  readonly tasks: readonly ClaimedTask[]
  /** Something is queued there still. */
  readonly hasMore: boolean
  readonly isCutShort: boolean
}

/** A claim over several partitions: what is left of its limit and of the slots of each worker. */
export class SpreadClaim {
  readonly tasks: ClaimedTask[] = []
  /** Some partition has more to look at right away. */
  isCutShort = false
  /** Why a partition did not answer. */
  fault: unknown = null
  readonly #answers = new Map<number, SpreadAnswer>()
  readonly #request: LeaseRequest
  readonly #slots: Map<string, number>

  constructor(request: LeaseRequest) {
    this.#request = request
    this.#slots = new Map(request.slots)
  }

  get left(): number {
    return this.#request.limit - this.tasks.length
  }

  /** Equal parts of what is left for so many, but none of nothing: fewer when less is left than there are to share it. */
  shares(parts: number): LeaseRequest[] {
    const { slots, slotsPerWorker } = this.#request
    return Array.from({ length: Math.min(parts, this.left) }, (_, n) => ({
      ...this.#request,
      limit: partOf(this.left, n, parts),
      slots: new Map(
        [...slots.keys(), ...this.#slots.keys()].map((worker) => [worker, partOf(this.#free(worker), n, parts)]),
      ),
      slotsPerWorker: partOf(slotsPerWorker, n, parts),
    }))
  }

  /** Those that have something queued which their share did not reach. */
  withMore(): number[] {
    return [...this.#answers].flatMap(([index, { hasMore }]) => (hasMore ? [index] : []))
  }

  add(index: number, answer: SpreadAnswer): void {
    const { tasks, isCutShort } = answer
    this.#answers.set(index, answer)
    this.isCutShort ||= isCutShort
    this.tasks.push(...tasks)
    for (const { task } of tasks) this.#slots.set(task.worker, this.#free(task.worker) - 1)
  }

  #free(worker: string): number {
    return this.#slots.get(worker) ?? this.#request.slotsPerWorker
  }
}

/** The n-th of so many parts of a whole number, which make it up exactly. */
const partOf = (whole: number, n: number, parts: number): number => Math.floor((whole + parts - 1 - n) / parts)
