import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { HoldScope, WorkHold } from '../../server/core/change-set.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup } from '../../server/core/task-group.ts'
import { MAX_PAGE_SIZE, type WorkgroupRow } from '../task-storage.ts'
import { askAll, type ClusterParts, onAll, partitionAt } from './cluster-parts.ts'
import type { RelatedKind } from './partition.ts'

/** What is read from more than one partition. A list over all groups needs all partitions; what is about some tasks only theirs. */
export class ClusterReads {
  readonly #parts: ClusterParts

  constructor(parts: ClusterParts) {
    this.#parts = parts
  }

  /** The partitions of those tasks that the directory knows, or that this server holds. */
  async placesOf(taskIds: readonly string[]): Promise<Map<string, number>> {
    const { leases, directory } = this.#parts
    const groups = await directory.groupsOf(taskIds)
    const places = new Map(leases.of(taskIds).map(({ taskId, partition }) => [taskId, partition]))
    for (const [id, groupId] of groups) places.set(id, directory.partitionOf(groupId))
    return places
  }

  /**
   * What the directory does not know is asked for everywhere: its entry may have been lost with a server. Only what is found
   * nowhere needs all partitions, as it may be in one that is away.
   */
  async getTasks(ids: readonly string[]): Promise<Task[]> {
    const { known, unknown } = await this.#placed(ids)
    const asked = [...known].map(([index, some]) => partitionAt(this.#parts, index).getTasks(some))
    if (unknown.length > 0) asked.push(...this.#parts.partitions.map((partition) => partition.getTasks(unknown)))
    const { answers, fault } = await askAll(asked)
    const tasks = answers.flat()
    if (fault && tasks.length < ids.length) throw fault
    return tasks
  }

  /** Children are in the partition of their parent; what has a merge key, or a creator that is gone, may be in any. */
  async listRelated(kind: RelatedKind, of: readonly string[]): Promise<Task[]> {
    const { partitions } = this.#parts
    const { known, unknown } = kind === 'openByKey' ? { known: [], unknown: of } : await this.#placed(of)
    const asked = [...known].map(([index, some]) => partitionAt(this.#parts, index).listRelated(kind, some))
    if (unknown.length > 0) asked.push(...partitions.map((partition) => partition.listRelated(kind, unknown)))
    const { answers, fault } = await askAll(asked)
    const tasks = answers.flat()
    // A key is of one group (`isPartitioned`): who has some of its tasks has all of them.
    const isWhole = kind === 'openByKey' && of.length === 1 && tasks.length > 0
    if (fault && !isWhole) throw fault
    return tasks
  }

  async listGroups(first: number, last: number): Promise<{ count: number; groups: CountedGroup[] }> {
    const lists = await onAll(this.#parts, (partition) => partition.listPlacedGroups(0, last))
    const merged = lists.flatMap(({ groups }) => groups).sort((a, b) => b.place - a.place)
    return { count: sum(lists, ({ count }) => count), groups: merged.slice(first, last + 1).map(({ group }) => group) }
  }

  async listWorkgroups(
    first: number,
    last: number,
    name?: string,
  ): Promise<{ count: number; workgroups: WorkgroupRow[] }> {
    const lists = await onAll(this.#parts, (partition) => partition.listWorkgroups(0, MAX_PAGE_SIZE - 1, name))
    const merged = new Map<string, WorkgroupRow>()
    for (const row of lists.flatMap(({ workgroups }) => workgroups)) {
      const other = merged.get(row.name)
      merged.set(row.name, other ? mergeWorkgroups(other, row) : row)
    }
    const workgroups = [...merged.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    return { count: workgroups.length, workgroups: workgroups.slice(first, last + 1) }
  }

  /** One that reached some partitions and not others holds there already. */
  async listHolds(scope: HoldScope, names: readonly string[]): Promise<WorkHold[]> {
    const holds = (await onAll(this.#parts, (partition) => partition.listHolds(scope, names))).flat()
    const latest = new Map<string, WorkHold>()
    for (const hold of holds) if ((latest.get(hold.name)?.until ?? 0) < hold.until) latest.set(hold.name, hold)
    return names.length === 0 ? [...latest.values()] : names.flatMap((name) => latest.get(name) ?? [])
  }

  async listAttempts(taskId: string): Promise<AttemptRecord[]> {
    const place = (await this.placesOf([taskId])).get(taskId)
    if (place !== undefined) return partitionAt(this.#parts, place).listAttempts(taskId)
    const { answers, fault } = await askAll(this.#parts.partitions.map((partition) => partition.listAttempts(taskId)))
    const attempts = answers.flat()
    if (fault && attempts.length === 0) throw fault
    return attempts
  }

  async listFinishedGroups(before: number, limit: number): Promise<string[]> {
    const groups = (await onAll(this.#parts, (partition) => partition.listFinishedAt(before, limit))).flat()
    return groups
      .sort((a, b) => a.finishedAt - b.finishedAt)
      .slice(0, limit)
      .map(({ id }) => id)
  }

  async audit(): Promise<{ faults: string[]; fingerprint: string }> {
    const audits = await onAll(this.#parts, (partition) => partition.audit())
    return {
      faults: audits.flatMap(({ faults }, index) => faults.map((fault) => `partition ${index}: ${fault}`)),
      fingerprint: audits.map(({ fingerprint }) => fingerprint).join(''),
    }
  }

  async #placed(ids: readonly string[]): Promise<{ known: Map<number, string[]>; unknown: readonly string[] }> {
    const places = await this.placesOf(ids)
    const isKnown = (id: string) => places.has(id)
    return {
      known: Map.groupBy(ids.filter(isKnown), (id) => places.get(id) as number),
      unknown: ids.filter((id) => !isKnown(id)),
    }
  }
}

function mergeWorkgroups(a: WorkgroupRow, b: WorkgroupRow): WorkgroupRow {
  const later = a.heldUntil >= b.heldUntil ? a : b
  return { ...later, waiting: a.waiting + b.waiting, running: a.running + b.running }
}

const sum = <Value>(values: readonly Value[], of: (value: Value) => number): number =>
  values.reduce((total, value) => total + of(value), 0)
