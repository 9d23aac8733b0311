import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { Change, ChangeSet, Guard, HoldScope, WorkHold } from '../../server/core/change-set.ts'
import { type GateLimits, type GateScope, NO_LIMITS, type Pace } from '../../server/core/gate.ts'
import { Hold, type Task, type TaskPatch } from '../../server/core/task.ts'
import type { TaskGroup } from '../../server/core/task-group.ts'
import type { ClaimedTask } from '../../storage/task-storage.ts'
import { makeHold } from './make.ts'

/** A change set with what a test cares about; the rest is empty. */
export const changeSet = (parts: Partial<ChangeSet>): ChangeSet => ({ guards: [], changes: [], events: [], ...parts })

/** The guard of a result: this very attempt, and nobody edited the task since it was claimed. */
export const ifLeased = (claimed: Pick<ClaimedTask, 'task' | 'token'>): Guard => ({
  kind: 'lease',
  taskId: claimed.task.id,
  token: claimed.token,
  version: claimed.task.version,
})

export const ifUnchanged = (task: Pick<Task, 'id' | 'version'>): Guard => ({
  kind: 'version',
  taskId: task.id,
  version: task.version,
})

export const ifEpoch = (group: Pick<TaskGroup, 'id' | 'epoch'>): Guard & { kind: 'group' } => ({
  kind: 'group',
  groupId: group.id,
  epoch: group.epoch,
})

export const ifDuplicates = (mergeKey: string, incomplete: number): Guard => ({
  kind: 'duplicates',
  mergeKey,
  incomplete,
})

export const insertTask = (task: Task): Change => ({ kind: 'insertTask', task })
export const putGroup = (group: TaskGroup): Change => ({ kind: 'putGroup', group })
export const deleteTask = (taskId: string): Change => ({ kind: 'deleteTask', taskId })
export const deleteGroup = (groupId: string): Change => ({ kind: 'deleteGroup', groupId })
export const releaseChildren = (parentId: string): Change => ({ kind: 'releaseChildren', parentId })
export const blockChildren = (parentId: string): Change => ({ kind: 'blockChildren', parentId })
export const liftHold = (groupId: string, hold: number): Change => ({ kind: 'liftHold', groupId, hold })
export const releaseWork = (scope: HoldScope, name: string): Change => ({ kind: 'releaseWork', scope, name })

export function patchTask(taskId: string, patch: TaskPatch, lease?: 'settle' | 'fence'): Change {
  return lease ? { kind: 'patchTask', taskId, patch, lease } : { kind: 'patchTask', taskId, patch }
}

export const delayChildren = (parentId: string, notBefore: number): Change => ({
  kind: 'delayChildren',
  parentId,
  notBefore,
})

export const addAttempt = (taskId: string, attempt: AttemptRecord): Change => ({ kind: 'addAttempt', taskId, attempt })

/** A hold by hand. */
export const holdWork = (scope: HoldScope, name: string, until: number, reason = ''): Change =>
  holdAs({ scope, name, until, reason })

export const holdAs = (fields: Partial<WorkHold>): Change => ({ kind: 'holdWork', hold: makeHold(fields) })

export const closeBreaker = (scope: HoldScope, name: string): Change => ({
  kind: 'releaseWork',
  scope,
  name,
  onlyBreaker: true,
})

/** Limits of a gate's own, those not given as they are without settings; null takes them away. */
export const limitWork = (scope: GateScope, name: string, limits: Partial<GateLimits> | null): Change => ({
  kind: 'limitWork',
  scope,
  name,
  limits: limits && { ...NO_LIMITS, ...limits },
})

export const paceWork = (scope: HoldScope, name: string, pace: Pace): Change => ({
  kind: 'paceWork',
  scope,
  name,
  pace,
})

export const narrowWork = (scope: HoldScope, name: string, startedAt: number): Change => ({
  kind: 'narrowWork',
  scope,
  name,
  startedAt,
})

/** What a success writes: the task is complete, its lease settled, its children counted down. */
export const completion = (taskId: string, patch: TaskPatch = {}): Change[] => [
  patchTask(taskId, { holds: Hold.complete, ...patch }, 'settle'),
  releaseChildren(taskId),
]

export const success = (claimed: Pick<ClaimedTask, 'task' | 'token'>, patch: TaskPatch = {}): ChangeSet =>
  changeSet({ guards: [ifLeased(claimed)], changes: completion(claimed.task.id, patch) })

/** What a failed attempt writes: one attempt fewer, due again later. */
export const failure = (claimed: Pick<ClaimedTask, 'task' | 'token'>, patch: TaskPatch = {}): ChangeSet =>
  changeSet({
    guards: [ifLeased(claimed)],
    changes: [
      patchTask(
        claimed.task.id,
        { remainingAttempts: claimed.task.remainingAttempts - 1, failures: claimed.task.failures + 1, ...patch },
        'settle',
      ),
    ],
  })
