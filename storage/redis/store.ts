import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { ChangeSet, CommitResult, CrewEvent, HoldScope, PastHold, WorkHold } from '../../server/core/change-set.ts'
import type { CrewError } from '../../server/core/errors.ts'
import type { Gate } from '../../server/core/gate.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup, GroupCensus, GroupState, TaskGroup } from '../../server/core/task-group.ts'
import type {
  ClaimRequest,
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
import type { RelatedKind, TaskRange } from './partition.ts'
import type { PlacedFailing } from './partition-failing.ts'
import type { StoredRecord } from './partition-records.ts'

/**
 * A claim as it is asked of Redis: for how long, not until when. Redis counts from its own time, and the clock of this server may be put
 * right between two questions of one claim; by an end they would be leases that are over before they begin.
 */
export interface LeaseRequest extends Omit<ClaimRequest, 'until'> {
  readonly leaseMs: number
}

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
  claim(request: LeaseRequest): Promise<ClaimResult>
  renewLeases(leases: readonly LeaseRef[], leaseMs: number, holder?: string): Promise<string[]>
  listExpiredLeases(limit: number): Promise<Task[]>
  getTasks(ids: readonly string[]): Promise<Task[]>
  /** The tasks in an index of any of these ids or merge keys. */
  listRelated(kind: RelatedKind, of: readonly string[]): Promise<Task[]>
  listTasks(range: RangeOfTasks): Promise<TaskRange>
  /** Without its books. */
  findGroup(id: string): Promise<TaskGroup | null>
  getGroups(ids: readonly string[]): Promise<CountedGroup[]>
  listGroups(range: RangeOfGroups): Promise<{ count: number; groups: ListedGroup[] }>
  /** All groups of a list that fit, in no particular order. */
  searchGroups(list: GroupList, fits: (group: WordedGroup) => boolean): Promise<WordedGroup[]>
  countGroups(): Promise<GroupCensus>
  /** Workgroups or workers by name, or the one of that name. */
  listTraffic(scope: HoldScope, places: Places, name?: string): Promise<{ count: number; rows: TrafficRow[] }>
  /** All of a scope when no names are given. */
  listHolds(scope: HoldScope, names: readonly string[]): Promise<WorkHold[]>
  /** Newest first. */
  listPastHolds(scope: HoldScope, name: string): Promise<PastHold[]>
  getGates(refs: readonly GateRef[]): Promise<Gate[]>
  countTasks(): Promise<number>
  countAhead(taskId: string): Promise<number>
  listAttempts(taskId: string): Promise<AttemptRecord[]>
  /** In the order of the port, each with its place in it. */
  listFailing(query: FailingQuery): Promise<PlacedFailing[]>
  listNewestErrors(taskIds: readonly string[]): Promise<NewestError[]>
  listEndedGroups(query: EndedQuery): Promise<EndedAt[]>
  getRecord(key: string): Promise<string | null>
  putRecord(key: string, value: string | null, expiresAt: number): Promise<void>
  createRecord(key: string, value: string, expiresAt: number): Promise<string | null>
  listRecords(kind: string, places: Places): Promise<{ count: number; records: StoredRecord[] }>
  scanRecords(cursor: string | null): Promise<RecordScan>
  /** What other servers did. */
  noteEvents?(events: readonly CrewEvent[]): void
  audit(): Promise<StoreAudit>
}

/** All groups, those that hold failed tasks, those in a state. */
export type GroupList = 'all' | 'failing' | GroupState

/** Groups of a list from one place to another. */
export interface RangeOfGroups extends Places {
  readonly list: GroupList
  readonly isNewestFirst: boolean
}

/** A group as lists tell it. */
export interface ListedGroup {
  readonly id: string
  /** Its number: higher is newer, over all partitions. */
  readonly place: number
}

/** With what is searched and sorted by. */
export interface WordedGroup extends ListedGroup {
  readonly name: string
  readonly createdAt: number
  readonly stateLetter: string
}

/** Tasks of a group from one place to another (inclusive, -1 is the last). */
export interface RangeOfTasks extends Places {
  readonly groupId: string
  /** Of the children of a task the group is not looked at: theirs is that of the task. */
  readonly index: 'all' | 'failed' | 'children'
  /** Whose children. */
  readonly parent?: string
  readonly hasPayloads: boolean
}
