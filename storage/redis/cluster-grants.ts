import type { ClaimedTask, GateRef } from '../task-storage.ts'
import { type ClusterParts, partitionAt } from './cluster-parts.ts'
import { type GrantedClaim, tokenAt } from './partition-claims.ts'
import { type Grant, gateId, gateRefOf } from './permits.ts'
import type { LeaseRequest } from './store.ts'

/** What a claim of one partition may start: by gate, what its home gave. */
export interface Granted extends GrantedClaim {
  readonly slots: ReadonlyMap<string, number>
  /** Permits to settle when the claim has answered. */
  readonly permits: ReadonlyMap<string, Grant>
}

/** What the claim of one partition asks permits for. */
export interface Wanted {
  readonly request: LeaseRequest
  readonly workers: readonly string[]
  /** Gates of workgroups. */
  readonly gates: readonly string[]
  /** What is known of other gates: that of all tasks, and those that gave nothing just now. */
  readonly known: GrantedClaim['grants']
}

/** Takes permits before a claim of a partition, and settles them after it. */
export class ClusterGrants {
  readonly #parts: ClusterParts
  /**
   * By partition: the permits of workers of claims whose answer did not arrive. The tasks of those come back with the next answer,
   * and count as these; until then nobody knows whether the permits are in use. Those of other gates end by themselves.
   */
  readonly #unanswered = new Map<number, ReadonlyMap<string, readonly string[]>>()

  constructor(parts: ClusterParts) {
    this.#parts = parts
  }

  /** For workers as many as their slots, as far as others leave some; first those of a claim that was not answered. */
  async take(index: number, { request, workers, gates, known }: Wanted): Promise<Granted> {
    const token = this.#parts.options.newToken()
    const before = this.#unanswered.get(index) ?? new Map<string, string[]>()
    this.#unanswered.delete(index)
    const grants = new Map(known)
    const permits = new Map<string, Grant>()
    const slots = new Map<string, number>()
    const take = async (gate: GateRef, count: number, kept: readonly string[]): Promise<Grant> => {
      const fresh = Array.from({ length: Math.max(0, count - kept.length) }, (_, n) => tokenAt(token, n + 1))
      const grant = await this.#take(index, gate, [...kept, ...fresh], request)
      permits.set(gateId(gate), grant)
      grants.set(gateId(gate), [grant.ids.length, grant.delayMs ?? -1])
      return grant
    }
    const ofWorkers = [...new Set([...before.keys(), ...workers])].map(async (worker) => {
      const wanted = workers.includes(worker) ? slotsOf(worker, request) : 0
      const { ids } = await take({ scope: 'worker', name: worker }, wanted, before.get(worker) ?? [])
      slots.set(worker, Math.min(ids.length, slotsOf(worker, request)))
    })
    await Promise.all([...ofWorkers, ...gates.map((gate) => take(gateRefOf(gate), request.limit, []))])
    this.#forgetLost(index, before, permits)
    return { token, grants, slots, permits }
  }

  /** The claim was not answered. */
  keep(index: number, { permits }: Granted): void {
    const ofWorkers = [...permits].filter(([gate]) => gateRefOf(gate).scope === 'worker')
    this.#unanswered.set(index, new Map(ofWorkers.map(([gate, { ids }]) => [gateRefOf(gate).name, ids])))
  }

  /** The claim used some; the others go back. */
  async settle(partition: number, { permits }: Granted, tasks: readonly ClaimedTask[], leaseMs: number): Promise<void> {
    const { leases, gates } = this.#parts
    await gates.release(tasks.flatMap((claimed) => leases.add(claimed, partition)))
    const met = new Set([...permits.keys(), ...tasks.map(({ task }) => gateId({ scope: 'worker', name: task.worker }))])
    await Promise.all(
      [...met].map((gate) => {
        const tokens = tasks.filter(({ task }) => isAt(gate, task)).map(({ token }) => token)
        const { ids, isBounded } = permits.get(gate) ?? { ids: [], isBounded: false }
        return gates.settle(gateRefOf(gate), { ids, isBounded, tokens, leaseMs })
      }),
    )
  }

  #take(partition: number, gate: GateRef, ids: readonly string[], request: LeaseRequest): Promise<Grant> {
    const { gates } = this.#parts
    const max = gate.scope === 'worker' ? request.maxLeasesPerWorker : -1
    return gates.permits.take(gate, ids, { max, leaseMs: request.leaseMs, partition })
  }

  /** What the tasks of a lost claim would count as has ended, and others have it: they must not start (I11). */
  #forgetLost(index: number, before: ReadonlyMap<string, readonly string[]>, permits: Granted['permits']): void {
    const isKept = [...before].every(([worker, ids]) =>
      ids.every((id) => permits.get(gateId({ scope: 'worker', name: worker }))?.ids.includes(id)),
    )
    if (!isKept) partitionAt(this.#parts, index).forgetUnanswered()
  }
}

export const slotsOf = (worker: string, { slots, slotsPerWorker, limit }: LeaseRequest): number =>
  Math.min(limit, slots.get(worker) ?? slotsPerWorker)

function isAt(gate: string, task: ClaimedTask['task']): boolean {
  const { scope, name } = gateRefOf(gate)
  return scope !== 'all' && task[scope] === name
}
