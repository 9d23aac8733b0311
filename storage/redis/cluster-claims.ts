import { CrewError } from '../../server/core/errors.ts'
import type { ClaimedTask, ClaimRequest, ClaimResult } from '../task-storage.ts'
import type { ClusterHolds } from './cluster-holds.ts'
import { type ClusterParts, outageOf, partitionAt } from './cluster-parts.ts'
import { type SpreadAnswer, SpreadClaim } from './due-partitions.ts'
import type { PartitionClaim } from './partition.ts'
import { WorkerTurns } from './worker-turns.ts'

/** As many as a claim of one partition looks at (MAX_WORKERS in scripts.ts). */
const WORKERS_PER_READ = 500
/** Workers of a partition that permits are taken for at once; each takes a script. */
const WORKERS_PER_ROUND = 50
/** Rounds in one claim of a partition; the next claim goes on with other workers. */
const MAX_ROUNDS = 4

/** Permits by worker. */
type Pool = Map<string, string[]>

/** Claims over several partitions, each with permits for what it may take. */
export class ClusterClaims {
  readonly #parts: ClusterParts
  readonly #holds: ClusterHolds
  readonly #turns: readonly WorkerTurns[]
  /**
   * By partition: the permits of claims whose answer did not arrive. The tasks of those come back with the next answer, and count
   * as these; until then nobody knows whether the permits are in use.
   */
  readonly #unanswered = new Map<number, Pool>()

  constructor(parts: ClusterParts, holds: ClusterHolds) {
    this.#parts = parts
    this.#holds = holds
    this.#turns = parts.partitions.map(() => new WorkerTurns())
  }

  /**
   * In rounds of equal shares, so that groups of all partitions get their turns; then whoever has more gets what the others left.
   * One that is away keeps nothing from the others.
   */
  async claim(request: ClaimRequest): Promise<ClaimResult> {
    const { due, options } = this.#parts
    const now = options.clock.now()
    const claim = new SpreadClaim(request)
    for (const index of due.toProbe(now)) void this.#probe(index)
    for (let left = due.at(now); left.length > 0 && claim.left > 0; ) {
      const before = claim.tasks.length
      await this.#askAll(claim, left)
      const more = claim.withMore()
      // The shares of those that have nothing go to those that have more, as long as that changes anything.
      left = claim.tasks.length > before || more.length < left.length ? more : []
    }
    for (const index of claim.withMore()) {
      const [all] = claim.shares(1)
      if (all) await this.#askFor(claim, index, all)
    }
    const isPartial = claim.fault instanceof CrewError && !due.isAllAway
    if (claim.fault !== null && claim.tasks.length === 0 && !isPartial) throw claim.fault
    return { tasks: claim.tasks, nextDueAt: claim.isCutShort ? now : due.nextAt(now) }
  }

  /** An equal share each; in turns, when there is less than one for each. */
  async #askAll(claim: SpreadClaim, indexes: readonly number[]): Promise<void> {
    for (let at = 0; at < indexes.length && claim.left > 0; ) {
      const shares = claim.shares(indexes.length - at)
      const asked = indexes.slice(at, at + shares.length)
      await Promise.all(asked.map((index, n) => this.#askFor(claim, index, shares[n] as ClaimRequest)))
      at += asked.length
    }
  }

  async #askFor(claim: SpreadClaim, index: number, request: ClaimRequest): Promise<void> {
    try {
      claim.add(index, await this.#claimFrom(index, request))
    } catch (error) {
      claim.add(index, { tasks: [], hasMore: false, isCutShort: false })
      claim.fault = error
    }
  }

  /** Beside the claims, so that none waits for a partition that hangs. */
  async #probe(index: number): Promise<void> {
    const isThere = partitionAt(this.#parts, index).command('EXISTS', 'counters', '')
    await isThere.then(() => this.#parts.due.back(index), outageOf)
  }

  /** A claim shows workers that nobody knew of when permits were taken, so it may have to be made again. */
  async #claimFrom(index: number, request: ClaimRequest): Promise<SpreadAnswer> {
    const { due, options } = this.#parts
    const asked = new Set<string>()
    const claimed: ClaimedTask[] = []
    let [isCutShort, hasMore] = [false, true]
    const note = due.begin(index)
    try {
      for (let round = 0; hasMore && round < MAX_ROUNDS && claimed.length < request.limit; round++) {
        const workers = await this.#workersToAsk(index, request, asked)
        if (workers.length === 0 && round > 0) break
        for (const worker of workers) asked.add(worker)
        const answer = await this.#claimFor(index, workers, { ...request, limit: request.limit - claimed.length })
        claimed.push(...answer.tasks)
        hasMore = answer.hasQueued
        isCutShort = answer.nextDueAt !== null && answer.nextDueAt <= options.clock.now()
        note(answer)
      }
    } catch (error) {
      due.fail(index, options.clock.now())
      void this.#probe(index)
      hasMore = false
      if (claimed.length === 0) throw error
    }
    return { tasks: claimed, hasMore, isCutShort }
  }

  /** Those of the queue that have a slot here, in turns. */
  async #workersToAsk(index: number, request: ClaimRequest, asked: ReadonlySet<string>): Promise<string[]> {
    const range = [0, WORKERS_PER_READ - 1]
    const queued = (await partitionAt(this.#parts, index).command('ZRANGE', 'workers', '', ...range)) as string[]
    const free = queued.filter((worker) => !asked.has(worker) && slotsOf(worker, request) > 0)
    return this.#turns[index]?.next(free, WORKERS_PER_ROUND) ?? []
  }

  async #claimFor(index: number, workers: readonly string[], request: ClaimRequest): Promise<PartitionClaim> {
    const pool = await this.#takePermits(index, workers, request)
    const slots = new Map([...pool].map(([worker, ids]) => [worker, Math.min(ids.length, slotsOf(worker, request))]))
    const partition = partitionAt(this.#parts, index)
    const claim = await partition.claim({ ...request, slots, slotsPerWorker: 0 }).catch((error: unknown) => {
      this.#unanswered.set(index, pool)
      throw error
    })
    await this.#usePermits(index, pool, claim.tasks)
    if (claim.untoldHolds > 0) void this.#holds.tellSoon(index)
    return claim
  }

  /** By worker: as many as its slots, as far as others leave some; first those of a claim that was not answered. */
  async #takePermits(index: number, workers: readonly string[], request: ClaimRequest): Promise<Pool> {
    const { permits, options } = this.#parts
    const { until, maxLeasesPerWorker: max } = request
    const before = this.#unanswered.get(index) ?? new Map<string, string[]>()
    this.#unanswered.delete(index)
    const leaseMs = until - options.clock.now()
    const taken = [...new Set([...before.keys(), ...workers])].map(async (worker): Promise<[string, string[]]> => {
      const kept = before.get(worker) ?? []
      const wanted = workers.includes(worker) ? slotsOf(worker, request) - kept.length : 0
      const fresh = Array.from({ length: Math.max(0, wanted) }, options.newToken)
      return [worker, await permits.take(worker, [...kept, ...fresh], { max, leaseMs })]
    })
    const pool = new Map(await Promise.all(taken))
    const isKept = [...before].every(([worker, ids]) => ids.every((id) => pool.get(worker)?.includes(id)))
    // What the tasks of that claim would count as ended meanwhile, and others have it: they must not start (I11).
    if (!isKept) partitionAt(this.#parts, index).forgetUnanswered()
    return pool
  }

  /** The claim used these; the others go back. */
  async #usePermits(partition: number, pool: Pool, tasks: readonly ClaimedTask[]): Promise<void> {
    const { leases, permits, options } = this.#parts
    const left = new Map([...pool].map(([worker, ids]) => [worker, [...ids]]))
    const over = tasks.flatMap((claimed) => {
      const permit = left.get(claimed.task.worker)?.shift() ?? options.newToken()
      return leases.add(claimed, { partition, permit })
    })
    await permits.release(over)
    await Promise.all([...left].map(([worker, ids]) => permits.giveBack(worker, ids)))
  }
}

const slotsOf = (worker: string, { slots, slotsPerWorker, limit }: ClaimRequest): number =>
  Math.min(limit, slots.get(worker) ?? slotsPerWorker)
