import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { ChangeSet, CommitResult, CrewEvent, HoldScope, WorkHold } from '../../server/core/change-set.ts'
import type { CrewError } from '../../server/core/errors.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup, TaskGroup } from '../../server/core/task-group.ts'
import type { ClaimRequest, ClaimResult, LeaseRef, WorkgroupRow } from '../task-storage.ts'
import type { RelatedKind, TaskRange } from './partition.ts'

/** Places in a list, both inclusive. */
export interface Places {
  readonly first: number
  readonly last: number
}

/** What `RedisStorage` makes the port of: one partition (`partition.ts`), or several as one (`partitions.ts`). */
export interface Store {
  open(): Promise<void>
  close(): Promise<void>
  /** A set that a full Redis refused is answered by the error; the others are written. */
  commit(changeSets: readonly ChangeSet[]): Promise<(CommitResult | CrewError)[]>
  claim(request: ClaimRequest): Promise<ClaimResult>
  renewLeases(leases: readonly LeaseRef[], until: number): Promise<string[]>
  listExpiredLeases(limit: number): Promise<Task[]>
  getTasks(ids: readonly string[]): Promise<Task[]>
  /** The tasks in an index of any of these ids or merge keys. */
  listRelated(kind: RelatedKind, of: readonly string[]): Promise<Task[]>
  listTasks(range: RangeOfTasks): Promise<TaskRange>
  /** Without its books. */
  findGroup(id: string): Promise<TaskGroup | null>
  getGroups(ids: readonly string[]): Promise<CountedGroup[]>
  /** Newest first. */
  listGroups(first: number, last: number): Promise<{ count: number; groups: CountedGroup[] }>
  listWorkgroups(first: number, last: number, name?: string): Promise<{ count: number; workgroups: WorkgroupRow[] }>
  /** All of a scope when no names are given. */
  listHolds(scope: HoldScope, names: readonly string[]): Promise<WorkHold[]>
  listAttempts(taskId: string): Promise<AttemptRecord[]>
  listFinishedGroups(before: number, limit: number): Promise<string[]>
  getRecord(key: string): Promise<string | null>
  putRecord(key: string, value: string | null, expiresAt: number): Promise<void>
  /** What other servers did. */
  noteEvents?(events: readonly CrewEvent[]): void
  audit(): Promise<{ faults: string[]; fingerprint: string }>
}

/** Tasks of a group from one place to another (inclusive, -1 is the last). */
export interface RangeOfTasks extends Places {
  readonly groupId: string
  readonly index: 'all' | 'failed'
  readonly hasPayloads: boolean
}
