import type { Change, ChangeSet } from '../../server/core/change-set.ts'
import { type FailurePolicy, groupSettingsOf } from '../../server/core/group-settings.ts'
import { completed, Hold, isComplete, isFinished, type Task } from '../../server/core/task.ts'
import {
  changeSet,
  deleteGroup,
  ifEpoch,
  ifUnchanged,
  patchTask,
  putGroup,
  releaseChildren,
} from '../support/changes.ts'
import { makeGroup } from '../support/make.ts'
import { type Model, tasksOf } from './model.ts'
import { nameIn } from './model-gate-edits.ts'

export const groupIds = ['g0', 'g1', 'g2']

/** A group before it meets a store. */
export interface GroupSeed {
  readonly group: number
  readonly isPaused: boolean
  /** Only while it is paused. */
  readonly isStopped: boolean
  readonly policy: FailurePolicy
}

export function putting({ group, isPaused, isStopped, policy }: GroupSeed, run: Model): ChangeSet {
  const id = nameIn(groupIds, group)
  const old = run.books.groups.get(id)
  const guards = [{ kind: 'group', groupId: id, epoch: old?.epoch ?? null } as const]
  const next = old ?? makeGroup({ id, createdAt: run.clock.now(), name: `group ${id}` })
  const stoppedBy = isPaused && isStopped ? causeOf(run, 'somebody') : null
  const settings = groupSettingsOf({ onTaskFailure: policy }, next.settings)
  return changeSet({ guards, changes: [putGroup({ ...next, isPaused, stoppedBy, settings, epoch: next.epoch + 1 })] })
}

const causeOf = (run: Model, taskId: string) => ({ taskId, at: run.clock.now(), isPausedToo: false })

/** What follows from a failure for good. */
export function byPolicy(failed: ChangeSet, task: Task, run: Model): ChangeSet {
  const group = run.books.groups.get(task.groupId)
  switch (group?.settings.onTaskFailure) {
    case 'continue': {
      const passed = patchTask(task.id, { holds: task.holds | Hold.exhausted | Hold.passed })
      return { ...failed, changes: [...failed.changes, passed, releaseChildren(task.id)] }
    }
    case 'failFast': {
      const stopped = { ...group, isPaused: true, stoppedBy: causeOf(run, task.id), epoch: group.epoch + 1 }
      return { ...failed, guards: [...failed.guards, ifEpoch(group)], changes: [...failed.changes, putGroup(stopped)] }
    }
    default:
      return failed
  }
}

/** By hand, whatever became of it before. */
export const finishOf = (task: Task): Change[] => [
  patchTask(task.id, { holds: completed(task.holds) }, 'fence'),
  ...(isFinished(task) ? [] : [releaseChildren(task.id)]),
]

/** All that is left of a group is completed in one set, its families with it. */
export function finishing({ group }: { group: number }, run: Model): ChangeSet {
  const open = tasksOf(run, nameIn(groupIds, group)).filter((task) => !isComplete(task))
  return changeSet({
    guards: open.map(ifUnchanged),
    changes: open.flatMap(finishOf),
  })
}

/** What retention does: the group goes if it is still over. */
export function retiring(
  { group }: { group: number },
  run: Model,
  as: { readonly isFinished: true } | { readonly isEnded: true },
): ChangeSet {
  const groupId = nameIn(groupIds, group)
  const epoch = run.books.groups.get(groupId)?.epoch ?? null
  return changeSet({
    guards: [{ kind: 'group', groupId, epoch, ...as }],
    changes: [deleteGroup(groupId)],
  })
}
