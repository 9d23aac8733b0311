import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { ChangeSet, CommitResult, CrewEvent, HoldScope, PastHold, WorkHold } from '../../server/core/change-set.ts'
import type { CrewError } from '../../server/core/errors.ts'
import type { Gate } from '../../server/core/gate.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup, GroupCensus, TaskGroup } from '../../server/core/task-group.ts'
import type {
  ClaimResult,
  EndedAt,
  EndedQuery,
  FailingQuery,
  GateRef,
  LeaseRef,
  NewestError,
  RecordScan,
  StoreAudit,
  TrafficRow,
} from '../task-storage.ts'
import { ClusterClaims } from './cluster-claims.ts'
import { ClusterCommits } from './cluster-commits.ts'
import { ClusterHolds } from './cluster-holds.ts'
import { ClusterLeases } from './cluster-leases.ts'
import {
  askAll,
  type ClusterParts,
  gateHomeOf,
  homeOf,
  onAll,
  outageOf,
  type PartitionsOptions,
  partitionAt,
} from './cluster-parts.ts'
import { ClusterReads } from './cluster-reads.ts'
import { Directory } from './directory.ts'
import { DuePartitions } from './due-partitions.ts'
import { HeldLeases } from './held-leases.ts'
import { partitionTag } from './keys.ts'
import { Partition, type RelatedKind, type TaskRange } from './partition.ts'
import type { PlacedFailing } from './partition-failing.ts'
import { kindOfRecord, type StoredRecord } from './partition-records.ts'
import { gateId, Permits } from './permits.ts'
import { type Poked, SharedGates } from './shared-gates.ts'
import type {
  GroupList,
  LeaseRequest,
  ListedGroup,
  Places,
  RangeOfGroups,
  RangeOfTasks,
  Store,
  WordedGroup,
} from './store.ts'

/**
 * Several partitions as one store: the groups of each are in one slot of a Cluster. What is about one group goes to its
 * partition; lists are merged; holds are told to all; ids and the limits of workers are kept in places of their own.
 */
export class Partitions implements Store {
  readonly #parts: ClusterParts
  readonly #reads: ClusterReads
  readonly #leases: ClusterLeases
  readonly #claims: ClusterClaims
  readonly #commits: ClusterCommits

  constructor(options: PartitionsOptions) {
    this.#parts = partsOf(options)
    const holds = new ClusterHolds(this.#parts)
    this.#reads = new ClusterReads(this.#parts)
    this.#leases = new ClusterLeases(this.#parts, this.#reads)
    this.#claims = new ClusterClaims(this.#parts, holds)
    this.#commits = new ClusterCommits(this.#parts, { reads: this.#reads, holds })
  }

  async open(): Promise<void> {
    await onAll(this.#parts, (partition) => partition.open())
  }

  /** Best effort: what a partition that is away does not hear, it finds when leases end. Who ends those gives back their permits. */
  async close(): Promise<void> {
    await askAll(this.#parts.partitions.map((partition) => partition.close()))
  }

  commit(changeSets: readonly ChangeSet[]): Promise<(CommitResult | CrewError)[]> {
    return this.#commits.commit(changeSets)
  }

  claim(request: LeaseRequest): Promise<ClaimResult> {
    return this.#claims.claim(request)
  }

  renewLeases(leases: readonly LeaseRef[], leaseMs: number, holder?: string): Promise<string[]> {
    return this.#leases.renew(leases, { leaseMs, holder })
  }

  listExpiredLeases(limit: number): Promise<Task[]> {
    return this.#leases.listExpired(limit)
  }

  getTasks(ids: readonly string[]): Promise<Task[]> {
    return this.#reads.getTasks(ids)
  }

  listRelated(kind: RelatedKind, of: readonly string[]): Promise<Task[]> {
    return this.#reads.listRelated(kind, of)
  }

  listTasks(range: RangeOfTasks): Promise<TaskRange> {
    return homeOf(this.#parts, range.groupId).listTasks(range)
  }

  findGroup(id: string): Promise<TaskGroup | null> {
    return homeOf(this.#parts, id).findGroup(id)
  }

  async getGroups(ids: readonly string[]): Promise<CountedGroup[]> {
    const byPartition = Map.groupBy(ids, (id) => this.#parts.directory.partitionOf(id))
    const asked = [...byPartition].map(([index, some]) => partitionAt(this.#parts, index).getGroups(some))
    return (await Promise.all(asked)).flat()
  }

  listGroups(range: RangeOfGroups): Promise<{ count: number; groups: ListedGroup[] }> {
    return this.#reads.listGroups(range)
  }

  async searchGroups(list: GroupList, fits: (group: WordedGroup) => boolean): Promise<WordedGroup[]> {
    return (await onAll(this.#parts, (partition) => partition.searchGroups(list, fits))).flat()
  }

  countGroups(): Promise<GroupCensus> {
    return this.#reads.countGroups()
  }

  listTraffic(scope: HoldScope, places: Places, name?: string): Promise<{ count: number; rows: TrafficRow[] }> {
    return this.#reads.listTraffic(scope, places, name)
  }

  listHolds(scope: HoldScope, names: readonly string[]): Promise<WorkHold[]> {
    return this.#reads.listHolds(scope, names)
  }

  listPastHolds(scope: HoldScope, name: string): Promise<PastHold[]> {
    return gateHomeOf(this.#parts, { scope, name }).listPastHolds(scope, name)
  }

  getGates(refs: readonly GateRef[]): Promise<Gate[]> {
    return this.#reads.getGates(refs)
  }

  countTasks(): Promise<number> {
    return this.#reads.countTasks()
  }

  countAhead(taskId: string): Promise<number> {
    return this.#reads.countAhead(taskId)
  }

  listAttempts(taskId: string): Promise<AttemptRecord[]> {
    return this.#reads.listAttempts(taskId)
  }

  listFailing(query: FailingQuery): Promise<PlacedFailing[]> {
    return this.#reads.listFailing(query)
  }

  listNewestErrors(taskIds: readonly string[]): Promise<NewestError[]> {
    return this.#reads.listNewestErrors(taskIds)
  }

  listEndedGroups(query: EndedQuery): Promise<EndedAt[]> {
    return this.#reads.listEndedGroups(query)
  }

  getRecord(key: string): Promise<string | null> {
    return homeOf(this.#parts, kindOfRecord(key) || key).getRecord(key)
  }

  putRecord(key: string, value: string | null, expiresAt: number): Promise<void> {
    return homeOf(this.#parts, kindOfRecord(key) || key).putRecord(key, value, expiresAt)
  }

  createRecord(key: string, value: string, expiresAt: number): Promise<string | null> {
    return homeOf(this.#parts, kindOfRecord(key) || key).createRecord(key, value, expiresAt)
  }

  listRecords(kind: string, places: Places): Promise<{ count: number; records: StoredRecord[] }> {
    return homeOf(this.#parts, kind).listRecords(kind, places)
  }

  /** A cursor is the partition that is looked through, and where in it. */
  async scanRecords(cursor: string | null): Promise<RecordScan> {
    const [at = 0, within = ''] = cursor === null ? [] : [Number(cursor.split(' ')[0]), cursor.split(' ')[1] ?? '']
    const { records, next } = await partitionAt(this.#parts, at).scanRecords(within === '' ? null : within)
    if (next !== null) return { records, next: `${at} ${next}` }
    return { records, next: at + 1 < this.#parts.partitions.length ? `${at + 1} ` : null }
  }

  audit(): Promise<StoreAudit> {
    return this.#reads.audit()
  }

  noteEvents(events: readonly CrewEvent[]): void {
    const { due, directory } = this.#parts
    for (const event of events) {
      if ('groupId' in event) due.note(directory.partitionOf(event.groupId))
      else due.noteAll()
    }
  }
}

function partsOf(options: PartitionsOptions): ClusterParts {
  const { runner, clock, time, count } = options
  const now = () => (time === 'store' ? '' : clock.now())
  const partitions = Array.from({ length: count }, (_, n) => new Partition({ ...options, tag: partitionTag(n) }))
  const directory = new Directory({ runner, count, now })
  const due = new DuePartitions(count)
  const permits = new Permits({
    runner,
    now,
    homeOf: (gate) => directory.partitionOf(gateId(gate)),
    // Those of a partition that is away are counted when they are renewed.
    leasesOf: async (gate) => (await askAll(partitions.map((each) => each.listLeases(gate)))).answers.flat(),
  })
  const poke = async ({ partition, gate }: Poked) => {
    await partitions[partition]?.pokeGate(gate).catch(outageOf)
    due.note(partition)
  }
  // Of one that is away nobody knows: then what there may be is given back or renewed.
  const isGatedAt = async (at: number) => (await partitions[at]?.command('EXISTS', 'gates', '').catch(outageOf)) !== 0
  const gates = new SharedGates({ permits, clock, isGatedAt, poke })
  return { options, partitions, directory, gates, leases: new HeldLeases(), due, now }
}
