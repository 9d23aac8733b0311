import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { HoldScope, WorkHold } from '../../server/core/change-set.ts'
import { type Gate, openGate } from '../../server/core/gate.ts'
import type { Task } from '../../server/core/task.ts'
import { type GroupCensus, groupStates } from '../../server/core/task-group.ts'
import {
  type EndedAt,
  type EndedQuery,
  type FailingQuery,
  type GateRef,
  MAX_PAGE_SIZE,
  type NewestError,
  type StoreAudit,
  type TrafficRow,
} from '../task-storage.ts'
import { askAll, type ClusterParts, gateHomeOf, homeOf, onAll, partitionAt } from './cluster-parts.ts'
import { mergeLists } from './find-groups.ts'
import type { RelatedKind } from './partition.ts'
import { inOrder, type PlacedFailing } from './partition-failing.ts'
import type { ListedGroup, Places, RangeOfGroups } from './store.ts'

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

  async listGroups(range: RangeOfGroups): Promise<{ count: number; groups: ListedGroup[] }> {
    return mergeLists(await onAll(this.#parts, (partition) => partition.listGroups({ ...range, first: 0 })), range)
  }

  async countGroups(): Promise<GroupCensus> {
    const censuses = await onAll(this.#parts, (partition) => partition.countGroups())
    const words = [...groupStates, 'failing' as const]
    return Object.fromEntries(words.map((word) => [word, sum(censuses, (census) => census[word])])) as GroupCensus
  }

  async listTraffic(
    scope: HoldScope,
    { first, last }: Places,
    name?: string,
  ): Promise<{ count: number; rows: TrafficRow[] }> {
    const all = { first: 0, last: MAX_PAGE_SIZE - 1 }
    const lists = await onAll(this.#parts, (partition) => partition.listTraffic(scope, all, name))
    const merged = new Map<string, TrafficRow>()
    for (const row of lists.flatMap(({ rows }) => rows)) {
      const other = merged.get(row.name)
      merged.set(row.name, other ? mergeTraffic(other, row) : row)
    }
    const rows = [...merged.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    return { count: rows.length, rows: rows.slice(first, last + 1) }
  }

  /** One that reached some partitions and not others holds there already. */
  async listHolds(scope: HoldScope, names: readonly string[]): Promise<WorkHold[]> {
    const holds = (await onAll(this.#parts, (partition) => partition.listHolds(scope, names))).flat()
    const latest = new Map<string, WorkHold>()
    for (const hold of holds) if ((latest.get(hold.name)?.until ?? 0) < hold.until) latest.set(hold.name, hold)
    return names.length === 0 ? [...latest.values()] : names.flatMap((name) => latest.get(name) ?? [])
  }

  /** Its home knows it, but for the leases, which each partition counts. */
  async getGates(refs: readonly GateRef[]): Promise<Gate[]> {
    const lists = await onAll(this.#parts, (partition) => partition.getGates(refs))
    return refs.map((ref, at) => {
      const home = this.#parts.partitions.indexOf(gateHomeOf(this.#parts, ref))
      const gate = lists[home]?.[at] ?? openGate(ref.scope, ref.name)
      return { ...gate, leases: sum(lists, (gates) => gates[at]?.leases ?? 0) }
    })
  }

  async countTasks(): Promise<number> {
    return sum(await onAll(this.#parts, (partition) => partition.countTasks()), (count) => count)
  }

  async countAhead(taskId: string): Promise<number> {
    const place = (await this.placesOf([taskId])).get(taskId)
    if (place !== undefined) return partitionAt(this.#parts, place).countAhead(taskId)
    return sum(await onAll(this.#parts, (partition) => partition.countAhead(taskId)), (count) => count)
  }

  async listAttempts(taskId: string): Promise<AttemptRecord[]> {
    const place = (await this.placesOf([taskId])).get(taskId)
    if (place !== undefined) return partitionAt(this.#parts, place).listAttempts(taskId)
    const { answers, fault } = await askAll(this.#parts.partitions.map((partition) => partition.listAttempts(taskId)))
    const attempts = answers.flat()
    if (fault && attempts.length === 0) throw fault
    return attempts
  }

  async listFailing(query: FailingQuery): Promise<PlacedFailing[]> {
    if (query.groupId !== undefined) return homeOf(this.#parts, query.groupId).listFailing(query)
    return inOrder((await onAll(this.#parts, (partition) => partition.listFailing(query))).flat(), query.limit)
  }

  /** Those that the directory does not know are in any partition. */
  async listNewestErrors(taskIds: readonly string[]): Promise<NewestError[]> {
    const { known, unknown } = await this.#placed(taskIds)
    const asked = [...known].map(([index, some]) => partitionAt(this.#parts, index).listNewestErrors(some))
    if (unknown.length > 0)
      asked.push(...this.#parts.partitions.map((partition) => partition.listNewestErrors(unknown)))
    return (await Promise.all(asked)).flat()
  }

  async listEndedGroups(query: EndedQuery): Promise<EndedAt[]> {
    const groups = (await onAll(this.#parts, (partition) => partition.listEndedGroups(query))).flat()
    return groups.sort((a, b) => a.endedAt - b.endedAt).slice(0, query.limit)
  }

  async audit(): Promise<StoreAudit> {
    const audits = await onAll(this.#parts, (partition) => partition.audit())
    return {
      faults: audits.flatMap(({ faults }, index) =>
        faults.map((fault) => ({ ...fault, id: `${fault.id} (partition ${index})` })),
      ),
      count: {
        groups: sum(audits, ({ count }) => count.groups),
        tasks: sum(audits, ({ count }) => count.tasks),
        records: sum(audits, ({ count }) => count.records),
      },
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

function mergeTraffic(a: TrafficRow, b: TrafficRow): TrafficRow {
  const later = a.heldUntil >= b.heldUntil ? a : b
  const plus = (of: 'waiting' | 'running' | 'total' | 'completed') => a[of] + b[of]
  return {
    ...later,
    waiting: plus('waiting'),
    oldestDueAt: earlier(a.oldestDueAt, b.oldestDueAt),
    running: plus('running'),
    total: plus('total'),
    completed: plus('completed'),
  }
}

const earlier = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b)

const sum = <Value>(values: readonly Value[], of: (value: Value) => number): number =>
  values.reduce((total, value) => total + of(value), 0)
