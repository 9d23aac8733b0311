import type { ClaimedTask, ClaimRequest, ClaimResult } from '../task-storage.ts'

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

  /** Those to ask now, in their turns. */
  at(now: number): number[] {
    if (now - this.#askedAllAt >= ASK_ALL_MS || now < this.#askedAllAt) {
      this.#askedAllAt = now
      this.noteAll()
    }
    const indexes = [...this.#partitions.keys()].filter(
      (index) => this.#at(index).isNoted || this.#at(index).nextAt <= now,
    )
    return indexes.sort((a, b) => this.#at(a).askedLast - this.#at(b).askedLast)
  }

  /** It is being asked; the answer is to be told. One that gave something has had its turn. */
  begin(index: number): (answer: Pick<ClaimResult, 'tasks' | 'nextDueAt'> & { hasQueued: boolean }) => void {
    const due = this.#at(index)
    const { notes } = due
    return ({ tasks, nextDueAt, hasQueued }) => {
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
  readonly isCutShort: boolean
}

type Share = Pick<ClaimRequest, 'limit' | 'slots' | 'slotsPerWorker'>

/** A claim over several partitions: what is left of its limit and of the slots of each worker. */
export class SpreadClaim {
  readonly tasks: ClaimedTask[] = []
  /** Some partition has more to look at right away. */
  isCutShort = false
  readonly #request: ClaimRequest
  readonly #slots: Map<string, number>

  constructor(request: ClaimRequest) {
    this.#request = request
    this.#slots = new Map(request.slots)
  }

  get left(): number {
    return this.#request.limit - this.tasks.length
  }

  /** An equal part of what is left for each of so many. */
  share(parts: number): Share {
    const partOf = (whole: number) => Math.ceil(whole / parts)
    const slots = new Map([...this.#slots].map(([worker, free]) => [worker, partOf(free)]))
    return { limit: partOf(this.left), slots, slotsPerWorker: partOf(this.#request.slotsPerWorker) }
  }

  /** No more than the share, nor than what is left. */
  within({ limit, slots, slotsPerWorker }: Share): ClaimRequest {
    const left = [...this.#slots].map(([worker, free]): [string, number] => {
      return [worker, Math.min(free, slots.get(worker) ?? slotsPerWorker)]
    })
    return { ...this.#request, limit: Math.min(this.left, limit), slots: new Map(left), slotsPerWorker }
  }

  add({ tasks, isCutShort }: SpreadAnswer): void {
    const { slotsPerWorker } = this.#request
    this.isCutShort ||= isCutShort
    this.tasks.push(...tasks)
    for (const { task } of tasks) this.#slots.set(task.worker, (this.#slots.get(task.worker) ?? slotsPerWorker) - 1)
  }
}
