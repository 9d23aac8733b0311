import type { AttemptRecord } from '../server/core/attempt-record.ts'
import type { ChangeSet, CommitResult, CrewEvent, HoldScope, PastHold, WorkHold } from '../server/core/change-set.ts'
import type { Clock } from '../server/core/clock.ts'
import type { FailingTask } from '../server/core/error-kinds.ts'
import type { Fault } from '../server/core/fault.ts'
import type { Gate, GateScope } from '../server/core/gate.ts'
import type { Task, TaskState } from '../server/core/task.ts'
import type { CountedGroup, GroupCensus, GroupSort, GroupState, TaskGroup } from '../server/core/task-group.ts'

/**
 * The port to whatever keeps the tasks. The whole of what an engine understands:
 *
 * > A task is claimable when it is **armed** (`holds` is 0), has **no unfinished parents**, holds **no lease**, its
 * > **runAfter** has passed, its **group is not paused**, its **gates have room** (`roomOf` in core/gate.ts: that of all tasks, of its
 * > worker and of its workgroup, if it has one), and **no task with its merge key holds a lease**. Among claimable tasks of a worker: groups take turns; within a group higher priority first,
 * > then earlier runAfter, then earlier created.
 *
 * A parent is finished when it is complete or passed over (`FINISHED` in core/task.ts).
 *
 * Engines know guards, patches, countdowns and indexes; they know no rule. Every method may be repeated (I14). A method
 * rejects with `CrewError` `storage_full` or `storage_unavailable` when nothing was written, or it cannot be known.
 */
export interface TaskStorage {
  /** What survives which fault (DESIGN section 5), for `/readyz` and people. */
  readonly durability: Durability

  /** Only of engines on which several servers may work. */
  readonly feed?: SharedFeed
  /** Groups are apart (Redis Cluster): no merge key excludes over several of them. */
  readonly isPartitioned?: boolean
  /** The time that it compares leases, holds and `runAfter` with, where that is not the clock it was opened with: write by this one. */
  readonly clock?: Clock

  /** Applies each change set all or nothing, in order, and answers one result each. Durable when it resolves. */
  commit(changeSets: readonly ChangeSet[]): Promise<CommitResult[]>
  /** Leases claimable tasks, at most as many as asked for. A claim of the same task is won once, and raises its version. */
  claim(request: ClaimRequest): Promise<ClaimResult>
  /**
   * Extends leases to `until`, and hands them over to `holder` (behind `OUTSIDE`) if one is named; answers the tokens that are no longer
   * current. Without a holder a lease never ends sooner than before: a server's renewal may come right after the lease was handed over to
   * somebody who was promised more. With one it ends at `until`.
   */
  renewLeases(tokens: readonly LeaseRef[], until: number, holder?: string): Promise<string[]>
  /** Tasks whose lease ended, or whose lease belongs to a dead boot (none that is held outside does), oldest first. */
  listExpiredLeases(limit: number): Promise<Task[]>

  /** The tasks that exist, in no particular order. */
  getTasks(ids: readonly string[]): Promise<Task[]>
  /** The group alone: its books cost a count of what waits. */
  findGroup(id: string): Promise<TaskGroup | null>
  getGroup(id: string): Promise<CountedGroup | null>
  /** Newest first, unless another order is asked for. */
  listGroups(query: GroupQuery): Promise<{ groups: CountedGroup[]; count: number }>
  countGroups(): Promise<GroupCensus>
  /** Oldest first. */
  listTasks(query: TaskQuery): Promise<{ tasks: Task[]; count: number }>
  /** Every task that has at least one of these as a parent. */
  listChildren(parentIds: readonly string[]): Promise<Task[]>
  /** The tasks that an answer of one of these created. */
  listCreatedBy(taskIds: readonly string[]): Promise<Task[]>
  /** The incomplete tasks with this merge key. */
  listDuplicates(mergeKey: string): Promise<Task[]>
  /** Newest first, at most 50 are kept. */
  listAttempts(taskId: string): Promise<AttemptRecord[]>
  /** Holds that have not ended yet; all of a scope, or those of the names given. */
  listHolds(scope: HoldScope, names?: readonly string[]): Promise<WorkHold[]>
  /** Holds that began, newest first, at most 20 are kept. One that raises a hold in force takes its place. */
  listPastHolds(scope: HoldScope, name: string): Promise<PastHold[]>
  /** The gates of these, in their order; one that nobody limited, held or paced is an open one. */
  getGates(refs: readonly GateRef[]): Promise<Gate[]>
  /** Workgroups that tasks, holds or limits name, by name, with how many tasks each has. */
  listWorkgroups(query: TrafficQuery): Promise<{ workgroups: TrafficRow[]; count: number }>
  /** Workers that tasks, holds or limits name (rules are none), by name, with how many tasks each has. */
  listWorkers(query: TrafficQuery): Promise<{ workers: TrafficRow[]; count: number }>
  /** All tasks, from the books of workers: nothing that waits is counted for it. */
  countTasks(): Promise<number>
  /** How many claimable tasks of its group and worker come before it (gates left aside); 0 when it is not claimable itself. */
  countAhead(taskId: string): Promise<number>
  /**
   * Tasks in one of `failingStates`, at most so many: those of the newest group first, in a group the oldest first. Of more that are tried
   * again than are asked for it may be others. The kind of its error is noted whenever the errors of a task are written.
   */
  listFailing(query: FailingQuery): Promise<FailingTask[]>
  /** The newest error of each of these tasks that has one, in no particular order. */
  listNewestErrors(taskIds: readonly string[]): Promise<NewestError[]>
  /** Groups that hold tasks, none of which is left to run, and when that came to be; those that ended first come first. */
  listEndedGroups(query: EndedQuery): Promise<EndedAt[]>

  /** Small documents beside the tasks: settings, sessions. Keys are paths like `session/ab12`. */
  getRecord(key: string): Promise<string | null>
  /** Null deletes. `expiresAt` 0 keeps it for ever. */
  putRecord(key: string, value: string | null, expiresAt?: number): Promise<void>
  /**
   * Puts it where there is none, or where the time of the one there is over. Null: it did; else the value that stays. Asked for again it
   * answers its own value. Of several at once one does.
   */
  createRecord(key: string, value: string, expiresAt: number): Promise<string | null>
  /** Records of a kind (the first part of the key: `worker` finds `worker/a`), by key. Those that expire are not listed. */
  listRecords(kind: string, page: PageQuery): Promise<{ records: { key: string; value: string }[]; count: number }>
  /** Every record, also those that expire, in parts and in no order; null is the start and the end. One that changes meanwhile may come twice. */
  scanRecords(cursor: string | null): Promise<RecordScan>

  /**
   * Calls back after each commit or claim that changed something; of other servers' too, where there are any. Answers how to
   * stop it. A listener must not throw.
   */
  subscribe(listener: EventListener): () => void
  /** What the store takes on disk, or in the memory of its server; null when it is in this process's memory, or is not told. */
  sizeInBytes(): Promise<number | null>
  /** How much is in the store, and how much more fits. */
  room(): Promise<StorageRoom>
  audit(): Promise<StoreAudit>
  close(): Promise<void>
}

/** A part of all records, and where to go on. */
export interface RecordScan {
  readonly records: readonly ScannedRecord[]
  readonly next: string | null
}

/** `expiresAt` 0: never. */
export interface ScannedRecord {
  readonly key: string
  readonly value: string
  readonly expiresAt: number
}

/** A full scan: what differs from it in counters, countdowns and indexes (I12), how much there is, and a fingerprint of all state. */
export interface StoreAudit {
  readonly faults: readonly Fault[]
  readonly count: StoreCount
  readonly fingerprint: string
}

/** How much there is of what people count. */
export interface StoreCount {
  readonly groups: number
  readonly tasks: number
  readonly records: number
}

/** What all servers on one store did, in one order. A gap in the sequence says that some of it was missed. */
export interface SharedFeed {
  subscribe(listener: FeedListener): () => void
}

/** `first` is the place of the first of these events, or of the next one when there are none; places are never given twice in the life of a store. */
export type FeedListener = (events: readonly CrewEvent[], first: number) => void

/** `origin` tells a commit, which may make tasks claimable, from a claim, which cannot. */
export type EventListener = (events: readonly CrewEvent[], origin: 'commit' | 'claim') => void

/** What is lost when the machine or the process dies. */
export interface Durability {
  readonly engine: 'sqlite' | 'redis'
  /** `none`: nothing survives; `process`: survives kill -9; `power`: survives power loss as well. */
  readonly survives: 'none' | 'process' | 'power'
  /** One sentence for people. */
  readonly detail: string
}

export interface ClaimRequest {
  /** At most this many tasks over all. */
  readonly limit: number
  /** Free slots of workers that have something in flight; a worker not named has `slotsPerWorker`. When that is 0, only those named are looked at. */
  readonly slots: ReadonlyMap<string, number>
  readonly slotsPerWorker: number
  /** At most so many leases of one worker at once over all servers, counted from the leases there are (I11). */
  readonly maxLeasesPerWorker: number
  /** Leases end then unless renewed. */
  readonly until: number
}

export interface ClaimResult {
  readonly tasks: ClaimedTask[]
  /** When the next task that now waits for its time falls due (now: ask again at once); null when none does. A hint. */
  readonly nextDueAt: number | null
}

/** A task with its lease and everything its request needs. */
export interface ClaimedTask {
  readonly task: Task
  readonly token: string
  /** In the order of `parentIds`. */
  readonly parents: readonly ParentResult[]
  /** Its worker's breaker is open: this attempt is to find out whether it can close. */
  readonly isProbe: boolean
}

export interface ParentResult {
  readonly taskId: string
  readonly worker: string
  readonly input: string
  readonly output: string
}

export interface GateRef {
  readonly scope: GateScope
  /** '' of the gate of all tasks. */
  readonly name: string
}

export interface LeaseRef {
  readonly taskId: string
  readonly token: string
}

/** `page` from 1; `pageSize` 0 is all, up to `MAX_PAGE_SIZE`. */
export interface PageQuery {
  readonly page: number
  readonly pageSize: number
}

/** `pageSize` 0 means all, and all is bounded (WIRE section 2). */
export const MAX_PAGE_SIZE = 10_000

export interface GroupQuery extends PageQuery {
  /** A part of the id or the name, letter case ignored; '' is no filter. */
  readonly search: string
  /** In one of these; without, in any. */
  readonly states?: readonly GroupState[]
  /** Only those that hold failed tasks. */
  readonly isFailing?: boolean
  /** Epoch ms: created then or later; before then. */
  readonly createdAfter?: number
  readonly createdBefore?: number
  readonly sort?: GroupSort
}

/** Groups of an ending that ended before then. `succeeded`: all of their tasks are complete; `failed`: the others failed for good. */
export interface EndedQuery {
  readonly ending: 'succeeded' | 'failed'
  readonly before: number
  readonly limit: number
}

export interface FailingQuery {
  readonly groupId?: string
  readonly worker?: string
  readonly limit: number
}

export interface NewestError {
  readonly taskId: string
  readonly error: string
}

export interface EndedAt {
  readonly id: string
  readonly endedAt: number
}

export interface StorageRoom {
  /** Without what a file keeps for tasks to come; null as of `sizeInBytes`. */
  readonly usedBytes: number | null
  /** On the disk, or in the memory that a server may take; null when nobody knows. */
  readonly freeBytes: number | null
}

/** `name`: only that workgroup or worker, if it exists. */
export interface TrafficQuery extends PageQuery {
  readonly name?: string
}

export interface TaskQuery extends PageQuery {
  readonly groupId: string
  /** A part of the id, name, worker or key, letter case ignored; '' is no filter. */
  readonly search: string
  readonly skipCompleted: boolean
  /** In one of these; without, in any. */
  readonly states?: readonly TaskState[]
  readonly worker?: string
  readonly workgroup?: string
  readonly key?: string
  /** Only the children of this task. */
  readonly parent?: string
  readonly metadata?: Readonly<Record<string, string>>
  /** False: inputs and outputs are not read, and answered as `null` whatever they are. */
  readonly payloads?: boolean
  /** `last`, of lists without payloads: only the newest error of each task is told. All of them are up to 200 KB a task, 2 GB a page. */
  readonly errors?: 'all' | 'last'
}

/** A workgroup or a worker, with what waits and runs. */
export interface TrafficRow {
  readonly name: string
  /** Epoch ms; 0 when it is not held. */
  readonly heldUntil: number
  readonly reason: string
  /** Tasks that could run but for the hold, or that wait for a slot. */
  readonly waiting: number
  /**
   * Epoch ms: since when the first of those that wait has been due; null when none waits that has a time of its own (one that became
   * claimable with its last parent has none).
   */
  readonly oldestDueAt: number | null
  readonly running: number
  /** All of its tasks, and those of them that are complete: counted with every change, not when they are asked for. */
  readonly total: number
  readonly completed: number
}
