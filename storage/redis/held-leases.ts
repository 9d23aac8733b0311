import type { ClaimedTask, GateRef } from '../task-storage.ts'

/** A lease that a claim of this server was given and that has not ended here yet. Its token is its permit at each of its gates. */
export interface HeldLease {
  readonly taskId: string
  readonly token: string
  readonly worker: string
  readonly workgroup: string
  readonly partition: number
}

/**
 * What this server holds: in which partition, and at which gates. So a lease finds its way whatever the directory says, and a
 * permit ends with its own lease only, never with the next one of the same task.
 */
export class HeldLeases {
  readonly #byTask = new Map<string, HeldLease>()

  /** Answers the lease of the same task that it takes the place of: that one is over. */
  add(claimed: Pick<ClaimedTask, 'task' | 'token'>, partition: number): HeldLease[] {
    const lease = heldLease(claimed, partition)
    const before = this.of([lease.taskId]).filter(({ token }) => token !== lease.token)
    this.#byTask.set(lease.taskId, lease)
    return before
  }

  of(taskIds: readonly string[]): HeldLease[] {
    return taskIds.flatMap((id) => this.#byTask.get(id) ?? [])
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

export function heldLease({ task, token }: Pick<ClaimedTask, 'task' | 'token'>, partition: number): HeldLease {
  const { id: taskId, worker, workgroup } = task
  return { taskId, token, worker, workgroup, partition }
}

/** The leases at each gate of their tasks. */
export function byGate(leases: readonly HeldLease[]): [gate: GateRef, tokens: string[]][] {
  const gates = new Map<string, [GateRef, string[]]>()
  const add = (gate: GateRef, token: string) => {
    const id = `${gate.scope}:${gate.name}`
    const known = gates.get(id) ?? [gate, []]
    gates.set(id, known)
    known[1].push(token)
  }
  for (const { worker, workgroup, token } of leases) {
    add({ scope: 'worker', name: worker }, token)
    add({ scope: 'all', name: '' }, token)
    if (workgroup !== '') add({ scope: 'workgroup', name: workgroup }, token)
  }
  return [...gates.values()]
}
