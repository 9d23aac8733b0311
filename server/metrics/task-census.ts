import type { TaskStorage } from '../../storage/task-storage.ts'
import type { ReasonCode } from '../core/eligibility.ts'
import type { TaskState } from '../core/task.ts'
import { type CountedGroup, countsByState, type GroupState } from '../core/task-group.ts'

/** Tasks that are not complete, by state, and by what keeps them from starting. */
export interface TaskCounts {
  readonly states: Readonly<Record<TaskState, number>>
  readonly reasons: Readonly<Partial<Record<ReasonCode, number>>>
}

/** Those in which something is left: of the others everything is complete. */
const UNFINISHED: readonly GroupState[] = ['active', 'paused', 'failed']
/** Groups read at a time, with the books that they keep: some milliseconds of a storage. */
const PAGE = 100
/** Pages of one turn. A store with more unfinished groups than these is counted over several scrapes. */
const PAGES_A_TURN = 10
/** A count that nobody went on with for so long begins again. */
const STALE_MS = 60_000

/**
 * Counts tasks by adding up the books of unfinished groups, in pages: no engine keeps a sum over all groups, which would be one row, or one
 * key, that every commit writes. Up to 1,000 unfinished groups are counted at each scrape; of more, what is told is as old as it took
 * to go through them.
 */
export class TaskCensus {
  readonly #storage: Pick<TaskStorage, 'listGroups'>
  #page = 1
  #sum = noCounts()
  #turnedAt = Number.NEGATIVE_INFINITY
  #last: TaskCounts | null = null

  constructor(storage: Pick<TaskStorage, 'listGroups'>) {
    this.#storage = storage
  }

  /** The last whole count; null until there is one. */
  async turn(now: number): Promise<TaskCounts | null> {
    if (Math.abs(now - this.#turnedAt) > STALE_MS) this.#restart()
    this.#turnedAt = now
    for (let pages = 0; pages < PAGES_A_TURN; pages++) {
      // Oldest first, so that groups that are created meanwhile come at the end.
      const query = { search: '', states: UNFINISHED, sort: 'createdAt', page: this.#page, pageSize: PAGE } as const
      const { groups } = await this.#storage.listGroups(query)
      this.#page++
      for (const group of groups) add(this.#sum, group)
      if (groups.length === PAGE) continue
      this.#last = this.#sum
      this.#restart()
      break
    }
    return this.#last
  }

  #restart(): void {
    this.#page = 1
    this.#sum = noCounts()
  }
}

interface Sum {
  readonly states: Record<TaskState, number>
  readonly reasons: Partial<Record<ReasonCode, number>>
}

const noCounts = (): Sum => ({
  states: {
    blocked: 0,
    scheduled: 0,
    retrying: 0,
    throttled: 0,
    ready: 0,
    paused: 0,
    running: 0,
    succeeded: 0,
    failed: 0,
  },
  reasons: {
    paused: 0,
    group_paused: 0,
    group_stopped: 0,
    parent_unfinished: 0,
    not_due: 0,
    retrying: 0,
    no_attempts_left: 0,
  },
})

function add({ states, reasons }: Sum, group: CountedGroup): void {
  const counts = countsByState(group)
  for (const [state, count] of Object.entries(counts) as [TaskState, number][]) states[state] += count
  const { paused } = group.counts
  const ofGroup = group.stoppedBy === null ? 'group_paused' : 'group_stopped'
  const more = { [ofGroup]: counts.paused - paused, paused, no_attempts_left: counts.failed }
  const turning = { parent_unfinished: counts.blocked, not_due: counts.scheduled, retrying: counts.retrying }
  for (const [reason, count] of Object.entries({ ...more, ...turning }) as [ReasonCode, number][])
    reasons[reason] = (reasons[reason] ?? 0) + count
}
