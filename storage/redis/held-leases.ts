import type { ClaimedTask } from '../task-storage.ts'

/** A lease that a claim of this server was given and that has not ended here yet. */
export interface HeldLease {
  readonly taskId: string
  readonly token: string
  readonly groupId: string
  readonly worker: string
  readonly partition: number
  /** What it counts as in the limit of its worker. */
  readonly permit: string
}

/**
 * What this server holds: in which partition, with which permit. So a lease finds its way whatever the directory says, and a
 * permit ends with its own lease only, never with the next one of the same task.
 */
export class HeldLeases {
  readonly #byTask = new Map<string, HeldLease>()

  /** Answers the lease of the same task that it takes the place of: that one is over. */
  add({ task, token }: ClaimedTask, { partition, permit }: Pick<HeldLease, 'partition' | 'permit'>): HeldLease[] {
    const before = this.of([task.id])
    const { id: taskId, groupId, worker } = task
    this.#byTask.set(taskId, { taskId, token, groupId, worker, partition, permit })
    return before
  }

  of(taskIds: readonly string[]): HeldLease[] {
    return taskIds.flatMap((id) => this.#byTask.get(id) ?? [])
  }

  ofGroups(groupIds: readonly string[]): HeldLease[] {
    return groupIds.length === 0 ? [] : this.all().filter(({ groupId }) => groupIds.includes(groupId))
  }

  all(): HeldLease[] {
    return [...this.#byTask.values()]
  }

  /** Answers those that it still knew. */
  end(leases: readonly HeldLease[]): HeldLease[] {
    const ended = leases.filter((lease) => this.#byTask.get(lease.taskId) === lease)
    for (const { taskId } of ended) this.#byTask.delete(taskId)
    return ended
  }
}
