import type { Task } from '../../server/core/task.ts'
import type { LeaseRef } from '../task-storage.ts'
import { askAll, type ClusterParts, partitionAt } from './cluster-parts.ts'
import type { ClusterReads } from './cluster-reads.ts'
import { type HeldLease, heldLease } from './held-leases.ts'

/** `holder`: who has them from now on; undefined: who does now. */
interface Renewal {
  readonly leaseMs: number
  readonly holder: string | undefined
}

/** What becomes of leases between their claim and their end. */
export class ClusterLeases {
  readonly #parts: ClusterParts
  readonly #reads: ClusterReads

  constructor(parts: ClusterParts, reads: ClusterReads) {
    this.#parts = parts
    this.#reads = reads
  }

  /** Those of a partition that is away are neither lost nor renewed; it keeps nothing from the others. */
  async renew(refs: readonly LeaseRef[], { leaseMs, holder }: Renewal): Promise<string[]> {
    const { leases, gates } = this.#parts
    const { renewed, lost, fault } = await this.#renewAll(refs, { leaseMs, holder })
    if (fault && renewed.size + lost.size === 0) throw fault
    const held = leases.of(refs.map(({ taskId }) => taskId))
    await gates.release(leases.end(held.filter(({ token }) => lost.has(token))))
    const own = held.filter(({ token }) => renewed.has(token))
    await gates.renew([...own, ...(await this.#foreign(refs, renewed))], leaseMs)
    if (holder !== undefined) leases.end(own)
    return [...lost]
  }

  /** Of leases that this server did not claim, which are those held outside, the gates are those of their tasks. */
  async #foreign(refs: readonly LeaseRef[], renewed: ReadonlySet<string>): Promise<HeldLease[]> {
    const { leases } = this.#parts
    const unknown = refs.filter(({ taskId, token }) => renewed.has(token) && leases.of([taskId])[0]?.token !== token)
    if (unknown.length === 0) return []
    const ids = unknown.map(({ taskId }) => taskId)
    const places = await this.#reads.placesOf(ids)
    const tasks = await this.#reads.getTasks(ids)
    return tasks.flatMap((task) =>
      task.lease && renewed.has(task.lease.token)
        ? [heldLease({ task, token: task.lease.token }, places.get(task.id) ?? 0)]
        : [],
    )
  }

  async #renewAll(refs: readonly LeaseRef[], { leaseMs, holder }: Renewal) {
    const places = await this.#placesOf(refs.map(({ taskId }) => taskId))
    const byPlace = Map.groupBy(refs, ({ taskId }) => places.get(taskId))
    const renewed = new Set<string>()
    const lost = new Set<string>()
    // What nobody knows the place of is lost when no partition has it.
    const renew = async (some: readonly LeaseRef[], indexes: readonly number[]): Promise<void> => {
      const asked = indexes.map((index) => partitionAt(this.#parts, index).renewLeases(some, leaseMs, holder))
      const { answers, fault } = await askAll(asked)
      for (const { token } of some) {
        if (answers.some((gone) => !gone.includes(token))) renewed.add(token)
        else if (!fault) lost.add(token)
      }
      if (fault) throw fault
    }
    const all = [...this.#parts.partitions.keys()]
    const asked = [...byPlace].map(([place, some]) => renew(some, place === undefined ? all : [place]))
    return { renewed, lost, fault: (await askAll(asked)).fault }
  }

  /** What this server claimed is where it was claimed, whatever the directory says. */
  async #placesOf(taskIds: readonly string[]): Promise<Map<string, number>> {
    const held = new Map(this.#parts.leases.of(taskIds).map(({ taskId, partition }) => [taskId, partition]))
    const others = taskIds.filter((id) => !held.has(id))
    return new Map([...held, ...(await this.#reads.placesOf(others))])
  }

  /** Those of a partition that is away are found when it is back, and keep nobody waiting meanwhile. */
  async listExpired(limit: number): Promise<Task[]> {
    const { answers } = await askAll(this.#parts.partitions.map((partition) => partition.listExpiredLeases(limit)))
    const tasks = answers.flat()
    return tasks.sort((a, b) => (a.lease?.until ?? 0) - (b.lease?.until ?? 0)).slice(0, limit)
  }
}
