import { CrewError } from '../../server/core/errors.ts'
import type { ClaimedTask, ClaimResult } from '../task-storage.ts'
import { ClusterGrants, slotsOf } from './cluster-grants.ts'
import type { ClusterHolds } from './cluster-holds.ts'
import { type ClusterParts, outageOf, partitionAt } from './cluster-parts.ts'
import { type SpreadAnswer, SpreadClaim } from './due-partitions.ts'
import { type GrantedClaim, type PartitionClaim, tokenAt } from './partition-claims.ts'
import { gateId, gateRefOf } from './permits.ts'
import type { LeaseRequest } from './store.ts'
import { WorkerTurns } from './worker-turns.ts'

/** As many as a claim of one partition looks at (MAX_WORKERS in scripts.ts). */
const WORKERS_PER_READ = 500
/** Workers of a partition that permits are taken for at once; each takes a script. */
const WORKERS_PER_ROUND = 50
/** Gates of workgroups likewise. */
const GATES_PER_ROUND = 50
/** Rounds in one claim of a partition; the next claim goes on with other workers. */
const MAX_ROUNDS = 6

const ALL = { scope: 'all', name: '' } as const

/** Claims over several partitions, each with permits for what it may take. */
export class ClusterClaims {
  readonly #parts: ClusterParts
  readonly #holds: ClusterHolds
  readonly #grants: ClusterGrants
  readonly #turns: readonly WorkerTurns[]
  /** As far as the last claims told. */
  #isAllBounded = false

  constructor(parts: ClusterParts, holds: ClusterHolds) {
    this.#parts = parts
    this.#holds = holds
    this.#grants = new ClusterGrants(parts)
    this.#turns = parts.partitions.map(() => new WorkerTurns())
  }

  /** Once more when it turns out that the gate of all tasks bounds something. */
  async claim(request: LeaseRequest): Promise<ClaimResult> {
    const wasAllBounded = this.#isAllBounded
    const result = await this.#claimOnce(request)
    return this.#isAllBounded && !wasAllBounded && result.tasks.length === 0 ? this.#claimOnce(request) : result
  }

  async #claimOnce(request: LeaseRequest): Promise<ClaimResult> {
    const { clock, newToken } = this.#parts.options
    const now = clock.now()
    if (!this.#isAllBounded) return this.#claimUnder(request, new Map())
    const { gates } = this.#parts
    const [token, { leaseMs }] = [newToken(), request]
    const asked = Array.from({ length: request.limit }, (_, n) => tokenAt(token, n + 1))
    const { ids, delayMs, isBounded } = await gates.permits.take(ALL, asked, { max: -1, leaseMs, partition: 0 })
    this.#isAllBounded = isBounded
    const opensAt = delayMs === null ? null : now + delayMs
    if (ids.length === 0) return { tasks: [], nextDueAt: opensAt }
    const result = await this.#claimUnder({ ...request, limit: ids.length }, new Map([[gateId(ALL), [ids.length, 0]]]))
    const tokens = result.tasks.map(({ token }) => token)
    // What a partition that did not answer may have used ends by itself.
    await gates.settle(ALL, { ids: result.isWhole ? ids : [], isBounded: true, tokens, leaseMs })
    const isUsedUp = result.tasks.length === ids.length && ids.length < request.limit
    return isUsedUp ? { tasks: result.tasks, nextDueAt: opensAt } : result
  }

  /**
   * In rounds of equal shares, so that groups of all partitions get their turns; then whoever has more gets what the others left, as
   * does who was refused what they took and did not use.
   * One that is away keeps nothing from the others.
   */
  async #claimUnder(
    request: LeaseRequest,
    known: GrantedClaim['grants'],
  ): Promise<ClaimResult & { readonly isWhole: boolean }> {
    const { due, gates, options } = this.#parts
    const now = options.clock.now()
    const claim = new SpreadClaim(request)
    gates.takePoked()
    for (const index of due.toProbe(now)) void this.#probe(index)
    for (let left = due.at(now); left.length > 0 && claim.left > 0; ) {
      const before = claim.tasks.length
      await this.#askAll(claim, left, known)
      const more = claim.withMore()
      // The shares of those that have nothing go to those that have more, as long as that changes anything.
      left = claim.tasks.length > before || more.length < left.length ? more : []
    }
    for (const index of claim.withMore()) await this.#askAlone(claim, index, known)
    for (const { partition, gate } of gates.takePoked()) {
      // It may have been told while its claim was under way, which looked no more.
      if (claim.left > 0) await partitionAt(this.#parts, partition).pokeGate(gate).catch(outageOf)
      await this.#askAlone(claim, partition, known)
    }
    const isPartial = claim.fault instanceof CrewError && !due.isAllAway
    if (claim.fault !== null && claim.tasks.length === 0 && !isPartial) throw claim.fault
    const nextDueAt = claim.isCutShort ? now : due.nextAt(now)
    return { tasks: claim.tasks, nextDueAt, isWhole: claim.fault === null }
  }

  async #askAlone(claim: SpreadClaim, index: number, known: GrantedClaim['grants']): Promise<void> {
    const [all] = claim.shares(1)
    if (all) await this.#askFor(claim, index, all, known)
  }

  /** An equal share each; in turns, when there is less than one for each. */
  async #askAll(claim: SpreadClaim, indexes: readonly number[], known: GrantedClaim['grants']): Promise<void> {
    for (let at = 0; at < indexes.length && claim.left > 0; ) {
      const shares = claim.shares(indexes.length - at)
      const asked = indexes.slice(at, at + shares.length)
      await Promise.all(asked.map((index, n) => this.#askFor(claim, index, shares[n] as LeaseRequest, known)))
      at += asked.length
    }
  }

  async #askFor(
    claim: SpreadClaim,
    index: number,
    request: LeaseRequest,
    known: GrantedClaim['grants'],
  ): Promise<void> {
    try {
      claim.add(index, await this.#claimFrom(index, request, known))
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

  /** A claim shows workers and gates that nobody knew of when permits were taken, so it may have to be made again. */
  async #claimFrom(index: number, request: LeaseRequest, known: GrantedClaim['grants']): Promise<SpreadAnswer> {
    const { due, options } = this.#parts
    const asked = new Set<string>()
    const claimed: ClaimedTask[] = []
    const note = due.begin(index)
    const round = new ClaimRounds(request, known)
    let [isCutShort, hasMore] = [false, true]
    try {
      for (let rounds = 0; hasMore && rounds < MAX_ROUNDS && claimed.length < request.limit; rounds++) {
        const workers = round.isAgain ? [] : await this.#workersToAsk(index, request, asked)
        if (!round.begin(workers) && rounds > 0) break
        for (const worker of round.workers) asked.add(worker)
        const answer = await this.#claimFor(index, round, claimed)
        claimed.push(...answer.tasks)
        round.end(answer)
        hasMore = answer.hasQueued || round.isAgain
        isCutShort = answer.nextDueAt !== null && answer.nextDueAt <= options.clock.now()
        note({ ...answer, hasQueued: hasMore })
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
  async #workersToAsk(index: number, request: LeaseRequest, asked: ReadonlySet<string>): Promise<string[]> {
    const range = [0, WORKERS_PER_READ - 1]
    const queued = (await partitionAt(this.#parts, index).command('ZRANGE', 'workers', '', ...range)) as string[]
    const free = queued.filter((worker) => !asked.has(worker) && slotsOf(worker, request) > 0)
    return this.#turns[index]?.next(free, WORKERS_PER_ROUND) ?? []
  }

  async #claimFor(index: number, round: ClaimRounds, claimed: readonly ClaimedTask[]): Promise<PartitionClaim> {
    const { gates } = this.#parts
    const request = round.requestAfter(claimed)
    const granted = await this.#grants.take(index, { ...round, request })
    const partition = partitionAt(this.#parts, index)
    const asked = { ...request, slots: granted.slots, slotsPerWorker: 0 }
    const claim = await partition.claim(asked, granted).catch((error: unknown) => {
      this.#grants.keep(index, granted)
      throw error
    })
    if (claim.isGated) gates.noteGated()
    if (claim.wantedGates.includes(gateId(ALL))) this.#isAllBounded = true
    round.note(granted, request.limit)
    await this.#grants.settle(index, granted, claim.tasks, request.leaseMs)
    if (claim.untoldHolds > 0) void this.#holds.tellSoon(index)
    return claim
  }
}

/** What the next claim of a partition asks for: workers, then gates that turned out to bound what they could start. */
class ClaimRounds {
  workers: readonly string[] = []
  gates: readonly string[] = []
  /** Gates that need not be asked, or not again. */
  known: GrantedClaim['grants']
  /** The last claim wanted more, for the same workers. */
  isAgain = false
  readonly #request: LeaseRequest

  constructor(request: LeaseRequest, known: GrantedClaim['grants']) {
    this.#request = request
    this.known = known
  }

  /** Answers whether there is anything to ask for. */
  begin(workers: readonly string[]): boolean {
    if (!this.isAgain) this.workers = workers
    return this.workers.length > 0 || this.isAgain
  }

  /** What is left of it. */
  requestAfter(claimed: readonly ClaimedTask[]): LeaseRequest {
    const { limit, slots, slotsPerWorker } = this.#request
    const byWorker = Map.groupBy(claimed, ({ task }) => task.worker)
    const left = [...byWorker].map(([worker, tasks]): [string, number] => [
      worker,
      (slots.get(worker) ?? slotsPerWorker) - tasks.length,
    ])
    return { ...this.#request, limit: limit - claimed.length, slots: new Map([...slots, ...left]) }
  }

  /** A gate that gave less than it was asked for is not asked again. */
  note({ grants }: GrantedClaim, asked: number): void {
    const shut = this.gates.flatMap((gate) => {
      const [count, delayMs] = grants.get(gate) ?? [0, 0]
      return count < asked ? [[gate, [0, delayMs]] as const] : []
    })
    this.known = new Map([...this.known, ...shut])
  }

  end({ wantedGates, wantedWorkers }: PartitionClaim): void {
    const gates = wantedGates.filter((gate) => gateRefOf(gate).scope === 'workgroup' && !this.gates.includes(gate))
    const workers = wantedWorkers.filter(
      (worker) => slotsOf(worker, this.#request) > 0 && !this.workers.includes(worker),
    )
    this.isAgain = gates.length + workers.length > 0
    this.gates = [...this.gates.filter((gate) => !this.known.has(gate)), ...gates].slice(0, GATES_PER_ROUND)
    this.workers = [...this.workers, ...workers].slice(0, 2 * WORKERS_PER_ROUND)
  }
}
