import type { ClaimedTask } from '../task-storage.ts'
import { keyOf, workerTag } from './keys.ts'
import type { ScriptRunner } from './partition.ts'

/** Longer than the lease that goes with it: a permit must not end while its attempt may still run. */
const GRACE_MS = 5000

interface Permit {
  readonly id: string
  readonly worker: string
  readonly groupId: string
  readonly token: string
}

/**
 * What of a worker may run at once over all partitions: a permit for each lease, in one place for each worker. It is taken before
 * the claim and given back with the lease; that of a server that died ends by itself (I11).
 */
export class Permits {
  readonly #runner: ScriptRunner
  readonly #now: () => string | number
  readonly #newId: () => string
  /** By task: those behind the leases of this server. */
  readonly #held = new Map<string, Permit>()

  constructor(options: { runner: ScriptRunner; now: () => string | number; newId: () => string }) {
    this.#runner = options.runner
    this.#now = options.now
    this.#newId = options.newId
  }

  /** Up to so many, as `max` allows at once. */
  async take(worker: string, wanted: number, { max, leaseMs }: { max: number; leaseMs: number }): Promise<string[]> {
    if (wanted <= 0) return []
    const ids = Array.from({ length: wanted }, this.#newId)
    const given = await this.#runner.run('takePermits', workerTag(worker), [
      this.#now(),
      max,
      leaseMs + GRACE_MS,
      ...ids,
    ])
    return ids.slice(0, given as number)
  }

  /** The claim used these; the others go back. */
  async use(worker: string, ids: readonly string[], claimed: readonly ClaimedTask[]): Promise<void> {
    for (const [index, { task, token }] of claimed.entries()) {
      const id = ids[index]
      if (id !== undefined) this.#held.set(task.id, { id, worker, groupId: task.groupId, token })
    }
    await this.#giveBack(worker, ids.slice(claimed.length))
  }

  async release(taskIds: readonly string[]): Promise<void> {
    const permits = taskIds.flatMap((id) => this.#held.get(id) ?? [])
    for (const id of taskIds) this.#held.delete(id)
    await Promise.all(permits.map(({ worker, id }) => this.#giveBack(worker, [id])))
  }

  releaseGroup(groupId: string): Promise<void> {
    return this.release([...this.#held].filter(([, permit]) => permit.groupId === groupId).map(([taskId]) => taskId))
  }

  /** With leases that were renewed; those that are lost go. */
  async renew(taskIds: readonly string[], leaseMs: number): Promise<void> {
    const byWorker = new Map<string, string[]>()
    for (const taskId of taskIds) {
      const permit = this.#held.get(taskId)
      if (permit) byWorker.set(permit.worker, [...(byWorker.get(permit.worker) ?? []), permit.id])
    }
    await Promise.all(
      [...byWorker].map(([worker, ids]) =>
        this.#runner.run('renewPermits', workerTag(worker), [this.#now(), leaseMs + GRACE_MS, ...ids]),
      ),
    )
  }

  releaseAll(): Promise<void> {
    return this.release([...this.#held.keys()])
  }

  async #giveBack(worker: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#runner.command('ZREM', keyOf(workerTag(worker), 'permits'), ...ids)
  }
}
