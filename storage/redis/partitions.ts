import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { ChangeSet, CommitResult, CrewEvent, HoldScope, WorkHold } from '../../server/core/change-set.ts'
import type { CrewError } from '../../server/core/errors.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup, TaskGroup } from '../../server/core/task-group.ts'
import type { ClaimRequest, ClaimResult, LeaseRef, WorkgroupRow } from '../task-storage.ts'
import { ClusterClaims } from './cluster-claims.ts'
import { ClusterCommits } from './cluster-commits.ts'
import { ClusterHolds } from './cluster-holds.ts'
import { ClusterLeases } from './cluster-leases.ts'
import { askAll, type ClusterParts, homeOf, onAll, type PartitionsOptions, partitionAt } from './cluster-parts.ts'
import { ClusterReads } from './cluster-reads.ts'
import { Directory } from './directory.ts'
import { DuePartitions } from './due-partitions.ts'
import { HeldLeases } from './held-leases.ts'
import { partitionTag } from './keys.ts'
import { Partition, type RelatedKind, type TaskRange } from './partition.ts'
import { Permits } from './permits.ts'
import type { RangeOfTasks, Store } from './store.ts'

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

  /** Best effort: what a partition that is away does not hear, it finds when leases end. */
  async close(): Promise<void> {
    const { leases, permits, partitions } = this.#parts
    await permits.release(leases.end(leases.all()))
    await askAll(partitions.map((partition) => partition.close()))
  }

  commit(changeSets: readonly ChangeSet[]): Promise<(CommitResult | CrewError)[]> {
    return this.#commits.commit(changeSets)
  }

  claim(request: ClaimRequest): Promise<ClaimResult> {
    return this.#claims.claim(request)
  }

  renewLeases(leases: readonly LeaseRef[], until: number): Promise<string[]> {
    return this.#leases.renew(leases, until)
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

  listGroups(first: number, last: number): Promise<{ count: number; groups: CountedGroup[] }> {
    return this.#reads.listGroups(first, last)
  }

  listWorkgroups(first: number, last: number, name?: string): Promise<{ count: number; workgroups: WorkgroupRow[] }> {
    return this.#reads.listWorkgroups(first, last, name)
  }

  listHolds(scope: HoldScope, names: readonly string[]): Promise<WorkHold[]> {
    return this.#reads.listHolds(scope, names)
  }

  listAttempts(taskId: string): Promise<AttemptRecord[]> {
    return this.#reads.listAttempts(taskId)
  }

  listFinishedGroups(before: number, limit: number): Promise<string[]> {
    return this.#reads.listFinishedGroups(before, limit)
  }

  getRecord(key: string): Promise<string | null> {
    return homeOf(this.#parts, key).getRecord(key)
  }

  putRecord(key: string, value: string | null, expiresAt: number): Promise<void> {
    return homeOf(this.#parts, key).putRecord(key, value, expiresAt)
  }

  audit(): Promise<{ faults: string[]; fingerprint: string }> {
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
  return {
    options,
    partitions: Array.from({ length: count }, (_, index) => new Partition({ ...options, tag: partitionTag(index) })),
    directory: new Directory({ runner, count, now }),
    permits: new Permits({ runner, now }),
    leases: new HeldLeases(),
    due: new DuePartitions(count),
    now,
  }
}
