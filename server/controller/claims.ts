import type { ClaimedTask, ClaimRequest, TaskStorage } from '../../storage/task-storage.ts'
import type { Clock } from '../core/clock.ts'
import type { PollDesk } from './poll-desk.ts'
import type { BaseWorkers, WorkerBook } from './worker-book.ts'
import type { WorkerLimits } from './worker-limits.ts'

export interface ClaimsOptions {
  readonly storage: TaskStorage
  readonly clock: Clock
  readonly workers: BaseWorkers
  readonly book: WorkerBook
  readonly leaseMs: number
  readonly limits: WorkerLimits
  readonly polls: PollDesk
  /** The storage answered a claim. */
  readonly answered: () => void
  /** A task was claimed, its lease ends then; answers whether its worker has more slots from now on. */
  readonly begin: (claimed: ClaimedTask, until: number) => boolean
}

/** What came of a claim. */
export interface Claim {
  readonly count: number
  /** There may be more to claim at once. */
  readonly hasMore: boolean
  readonly nextDueAt: number | null
}

/** Claims are asked for in batches: one transaction for many, but never one that holds others up for long. */
const MAX_CLAIMED = 64
/** Of a limit: none. */
const ANY = Number.MAX_SAFE_INTEGER
const NOTHING: Claim = { count: 0, hasMore: false, nextDueAt: null }

/** Asks the storage for what there is room for: first what is pushed, then what polling workers wait for. */
export class Claims {
  readonly #options: ClaimsOptions

  constructor(options: ClaimsOptions) {
    this.#options = options
  }

  /** One after the other: which tasks a claim brought whose answer was lost, the next one asks (I14). */
  async make(room: number): Promise<Claim> {
    const pushed = await this.#claimPushed(room)
    const fetched = await this.#claimFetched()
    const due = [pushed, fetched].flatMap(({ nextDueAt }) => nextDueAt ?? [])
    return {
      count: pushed.count + fetched.count,
      hasMore: pushed.hasMore || fetched.hasMore,
      nextDueAt: due.length > 0 ? Math.min(...due) : null,
    }
  }

  async #claimPushed(room: number): Promise<Claim> {
    const { clock, workers, book, limits } = this.#options
    const limit = Math.min(room, limits.free, MAX_CLAIMED)
    const hasNobody = workers.baseUrl === null && !book.hasUrls()
    if (hasNobody || limit <= 0) return NOTHING
    return this.#claim({ limit, ...limits.claimable(clock.now(), book.pullWorkers()) })
  }

  /** Polling workers bring their own room: only gates bound how many tasks of a worker they have. */
  async #claimFetched(): Promise<Claim> {
    const wanted = this.#options.polls.wanted()
    if (wanted === null) return NOTHING
    const { slots, total } = wanted
    const limit = Math.min(total, MAX_CLAIMED)
    const claim = await this.#claim({ limit, slots, slotsPerWorker: 0, maxLeasesPerWorker: ANY })
    const isMoreDue = claim.nextDueAt !== null && claim.nextDueAt <= this.#options.clock.now()
    if (!claim.hasMore && !isMoreDue) wanted.servedAll()
    return claim
  }

  async #claim(request: Omit<ClaimRequest, 'until'>): Promise<Claim> {
    const { storage, clock, leaseMs, answered, begin } = this.#options
    const until = clock.now() + leaseMs
    const { tasks, nextDueAt } = await storage.claim({ ...request, until })
    answered()
    const opened = tasks.map((claimed) => begin(claimed, until))
    return { count: tasks.length, hasMore: tasks.length === request.limit || opened.includes(true), nextDueAt }
  }
}
