import type { TaskInput } from '../../server/core/task-input.ts'

/** What clients know: which groups and tasks they asked for, and which of them must be there. */
export class ClientBook {
  /** Ids of tasks by group, of all that may be there. */
  readonly #groups = new Map<string, string[]>()
  readonly #acknowledged = new Set<string>()
  /** Those whose end somebody asked for, or may have. */
  readonly #touched = new Set<string>()
  /** Ends of tasks that were asked for, by group, and may still come. */
  readonly #ends = new Map<string, number>()
  #made = 0

  get groupIds(): string[] {
    return [...this.#groups.keys()]
  }

  get taskCount(): number {
    return [...this.#groups.values()].reduce((sum, ids) => sum + ids.length, 0)
  }

  /** Tasks whose creation was acknowledged and whose end nobody asked for. */
  get acknowledged(): ReadonlySet<string> {
    return this.#acknowledged
  }

  idsOf(groupId: string): readonly string[] {
    return this.#groups.get(groupId) ?? []
  }

  newGroup(): string {
    const id = `g${++this.#made}`
    this.#groups.set(id, [])
    return id
  }

  newTask(groupId: string): string {
    const ids = this.#groups.get(groupId) ?? []
    const id = `${groupId}.${ids.length + 1}`
    ids.push(id)
    if ((this.#ends.get(groupId) ?? 0) > 0) this.#touched.add(id)
    return id
  }

  acknowledge(inputs: readonly TaskInput[]): void {
    for (const { id } of inputs) if (id !== undefined && !this.#touched.has(id)) this.#acknowledged.add(id)
  }

  /** Something may end any task of this group: also one that is made while it is under way. Answers what to call when it is over. */
  ending(groupId: string): () => void {
    for (const id of this.idsOf(groupId)) {
      this.#acknowledged.delete(id)
      this.#touched.add(id)
    }
    const count = (step: number): void => void this.#ends.set(groupId, (this.#ends.get(groupId) ?? 0) + step)
    count(1)
    return () => count(-1)
  }
}
