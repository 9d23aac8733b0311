import type { AttemptRecord } from '../server/core/attempt-record.ts'
import type { ChangeSet, CommitResult, CrewEvent, HoldScope, WorkHold } from '../server/core/change-set.ts'
import type { Task, TaskState } from '../server/core/task.ts'
import type { CountedGroup, TaskGroup } from '../server/core/task-group.ts'

/**
 * The port to whatever keeps the tasks. The whole of what an engine understands:
 *
 * > A task is claimable when it is **armed** (`holds` is 0), has **no unfinished parents**, holds **no lease**, its
 * > **runAfter** has passed, its **group is not paused**, its **workgroup and worker are not held**, and **no task with its
 * > merge key holds a lease**. Among claimable tasks of a worker: groups take turns; within a group higher priority first,
 * > then earlier runAfter, then earlier created.
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

  /** Applies each change set all or nothing, in order, and answers one result each. Durable when it resolves. */
  commit(changeSets: readonly ChangeSet[]): Promise<CommitResult[]>
  /** Leases claimable tasks, at most as many as asked for. A claim of the same task is won once, and raises its version. */
  claim(request: ClaimRequest): Promise<ClaimResult>
  /** Extends leases to `until`; answers the tokens that are no longer current. */
  renewLeases(tokens: readonly LeaseRef[], until: number): Promise<string[]>
  /** Tasks whose lease ended, or whose lease belongs to a dead boot, oldest first. */
  listExpiredLeases(limit: number): Promise<Task[]>

  /** The tasks that exist, in no particular order. */
  getTasks(ids: readonly string[]): Promise<Task[]>
  /** The group alone: its books cost a count of what waits. */
  findGroup(id: string): Promise<TaskGroup | null>
  getGroup(id: string): Promise<CountedGroup | null>
  /** Newest first. */
  listGroups(query: GroupQuery): Promise<{ groups: CountedGroup[]; count: number }>
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
  /** Workgroups that tasks or holds name, by name, with how many tasks wait in each. */
  listWorkgroups(query: WorkgroupQuery): Promise<{ workgroups: WorkgroupRow[]; count: number }>
  /** Groups that hold tasks, all complete, the last of them before that time. */
  listFinishedGroups(before: number, limit: number): Promise<string[]>

  /** Small documents beside the tasks: settings, sessions. Keys are paths like `session/ab12`. */
  getRecord(key: string): Promise<string | null>
  /** Null deletes. `expiresAt` 0 keeps it for ever. */
  putRecord(key: string, value: string | null, expiresAt?: number): Promise<void>

  /**
   * Calls back after each commit or claim that changed something; of other servers' too, where there are any. Answers how to
   * stop it. A listener must not throw.
   */
  subscribe(listener: EventListener): () => void
  /** Full scan: faults in counters, countdowns and indexes as sentences (I12), and a fingerprint of all state. */
  audit(): Promise<{ faults: string[]; fingerprint: string }>
  close(): Promise<void>
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
  /** Free slots of workers that have something in flight; a worker not named has `slotsPerWorker`. */
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
}

export interface ParentResult {
  readonly taskId: string
  readonly worker: string
  readonly input: string
  readonly output: string
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
}

/** `name`: only that workgroup, if it exists. */
export interface WorkgroupQuery extends PageQuery {
  readonly name?: string
}

export interface TaskQuery extends PageQuery {
  readonly groupId: string
  /** A part of the id, name, worker or key, letter case ignored; '' is no filter. */
  readonly search: string
  readonly skipCompleted: boolean
  readonly state?: TaskState
  readonly worker?: string
  readonly workgroup?: string
  readonly key?: string
  readonly metadata?: Readonly<Record<string, string>>
}

export interface WorkgroupRow {
  readonly name: string
  /** Epoch ms; 0 when it is not held. */
  readonly heldUntil: number
  readonly reason: string
  /** Tasks that could run but for the hold, or that wait for a slot. */
  readonly waiting: number
  readonly running: number
}
