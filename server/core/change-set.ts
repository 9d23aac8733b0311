import type { AttemptRecord } from './attempt-record.ts'
import type { GateLimits, GateScope, Pace } from './gate.ts'
import type { Task, TaskPatch } from './task.ts'
import type { TaskGroup } from './task-group.ts'

/**
 * What must still be true for a change set to be applied. A guard that fails writes nothing at all.
 * `lease`: the token is the task's current one (else `duplicate` when it was settled and the task was neither leased again nor
 * fenced since, else `leaseLost`) and nobody edited the task meanwhile (else `conflict`). `version`: nobody changed the task.
 * `group`: it exists in that epoch (null: it does not exist), and with `isFinished` it has tasks and all are complete, with `isEnded`
 * all are complete or failed for good.
 * `children`: the task has exactly these many children, so none was added below it unseen.
 * `duplicates`: exactly these many incomplete tasks carry the merge key, so none was added unseen.
 */
export type Guard =
  | { readonly kind: 'lease'; readonly taskId: string; readonly token: string; readonly version: number }
  | { readonly kind: 'version'; readonly taskId: string; readonly version: number }
  | {
      readonly kind: 'group'
      readonly groupId: string
      readonly epoch: number | null
      readonly isFinished?: true
      readonly isEnded?: true
    }
  | { readonly kind: 'children'; readonly taskId: string; readonly count: number }
  | { readonly kind: 'duplicates'; readonly mergeKey: string; readonly incomplete: number }

/** What a hold is on: everything in a workgroup, or everything of a worker. */
export type HoldScope = 'workgroup' | 'worker'

/** Who asked for a hold: a person, an answer that met a rate limit or asked for a delay, a breaker that opened. */
export type HoldKind = 'manual' | 'rateLimit' | 'delay' | 'breaker'

/** Until when a workgroup or worker starts nothing, and why. */
export interface WorkHold {
  readonly scope: HoldScope
  readonly name: string
  readonly until: number
  readonly reason: string
  readonly kind: HoldKind
  /** When it was asked for. */
  readonly since: number
  /** The task whose answer asked for it; '' when none did. */
  readonly taskId: string
  /** The header or field that told; '' when none did. */
  readonly source: string
  /** Of a breaker: once it is over one probe starts each so many milliseconds, until the breaker closes. 0 of all others. */
  readonly probeMs: number
}

/** A hold that began once. `endedAt`: when it was released before its time; null when nobody did. */
export interface PastHold extends WorkHold {
  readonly endedAt: number | null
}

/**
 * One step of a change. Engines apply them in order, all or none.
 * `patchTask` raises the version; with `settle` it also gives up the lease (remembering its token as settled), with `fence` it
 * takes the lease away so that its answer is refused. `releaseChildren` counts the parent down in its children, `blockChildren`
 * counts it up again, `delayChildren` lets none of them start before a time. `deleteTask` also drops its edges and raises the version of
 * the children that lose one. What names an absent task changes nothing.
 * `liftHold` clears a bit of `holds` in every task of a group. `holdWork` only ever raises; when it does, the gate's ramp begins at
 * its end, with 1, and so it does now with `releaseWork`. With `onlyBreaker` that closes the breaker, and ends the hold only if a
 * breaker made it. `limitWork` sets a gate's own limits (null: none). `paceWork` sets its pace. `narrowWork` sets its ramp to `narrowed`.
 */
export type Change =
  | { readonly kind: 'insertTask'; readonly task: Task }
  | {
      readonly kind: 'patchTask'
      readonly taskId: string
      readonly patch: TaskPatch
      readonly lease?: 'settle' | 'fence'
    }
  | { readonly kind: 'releaseChildren'; readonly parentId: string }
  | { readonly kind: 'blockChildren'; readonly parentId: string }
  | { readonly kind: 'delayChildren'; readonly parentId: string; readonly notBefore: number }
  | { readonly kind: 'deleteTask'; readonly taskId: string }
  | { readonly kind: 'addAttempt'; readonly taskId: string; readonly attempt: AttemptRecord }
  | { readonly kind: 'putGroup'; readonly group: TaskGroup }
  | { readonly kind: 'deleteGroup'; readonly groupId: string }
  | { readonly kind: 'liftHold'; readonly groupId: string; readonly hold: number }
  | { readonly kind: 'holdWork'; readonly hold: WorkHold }
  | {
      readonly kind: 'releaseWork'
      readonly scope: HoldScope
      readonly name: string
      readonly onlyBreaker?: true
    }
  | {
      readonly kind: 'limitWork'
      readonly scope: GateScope
      readonly name: string
      readonly limits: GateLimits | null
    }
  | { readonly kind: 'paceWork'; readonly scope: HoldScope; readonly name: string; readonly pace: Pace }
  | { readonly kind: 'narrowWork'; readonly scope: HoldScope; readonly name: string; readonly startedAt: number }

/** Hints about what changed; what they name can be read again (WIRE section 6). */
export type CrewEvent =
  | {
      readonly type: 'task.created' | 'task.updated' | 'task.deleted'
      readonly groupId: string
      readonly taskId: string
    }
  | { readonly type: 'group.created' | 'group.updated' | 'group.deleted'; readonly groupId: string }
  | { readonly type: 'workgroup.held' | 'workgroup.resumed' | 'workgroup.updated'; readonly workgroup: string }
  | {
      readonly type: 'worker.held' | 'worker.resumed' | 'worker.updated' | 'worker.deleted'
      readonly worker: string
    }
  | { readonly type: 'schedule.updated' | 'schedule.deleted'; readonly schedule: string }

/** A change of state as a value: what must hold, what changes, what is told (DESIGN section 3). */
export interface ChangeSet {
  readonly guards: readonly Guard[]
  readonly changes: readonly Change[]
  readonly events: readonly CrewEvent[]
}

/**
 * `applied`; `duplicate`: this lease was settled before, by this very commit (fine); `leaseLost`: somebody else owns the task
 * now; `conflict`: load again and decide again.
 */
export type CommitResult = 'applied' | 'duplicate' | 'leaseLost' | 'conflict'
