import type { Change, ChangeSet } from './change-set.ts'
import { stoppedFlags, unstoppedFlags } from './group-stop.ts'
import { Hold, isGivenUp, type Task } from './task.ts'
import type { TaskGroup } from './task-group.ts'

/** What following a policy needs to know. */
export interface PolicyContext {
  readonly now: number
  readonly groups: { findGroup(id: string): Promise<TaskGroup | null> }
}

/**
 * The change set with what follows from it by the policies of the groups of these tasks. `tasks`: those that it changes, as they were
 * when it was decided. What lets a task fail for good makes no difference: its last attempt, a lost lease, a refused child, the failure
 * of a task with its key, or an edit that leaves it no attempts. A group is read only then, or when such a task comes back.
 */
export async function followPolicy(
  changeSet: ChangeSet,
  tasks: readonly Task[],
  { now, groups }: PolicyContext,
): Promise<ChangeSet> {
  const turns = turnsOf(changeSet, tasks)
  if (turns.length === 0) return changeSet
  let followed = changeSet
  for (const [groupId, ofGroup] of Map.groupBy(turns, ({ task }) => task.groupId)) {
    const group = await groups.findGroup(groupId)
    if (group) followed = withPolicy(followed, group, { turns: ofGroup, now })
  }
  return followed
}

/** A task that fails for good, or that failed for good and does so no more: it is tried again, completed, or gone. */
interface Turn {
  readonly task: Task
  readonly isFailure: boolean
}

function turnsOf({ changes }: ChangeSet, tasks: readonly Task[]): Turn[] {
  const after = standingsAfter(changes, tasks)
  return tasks.flatMap((task) => {
    const standing = after.get(task.id)
    const isFailure = standing !== null && standing !== undefined && isGivenUp(standing)
    return isFailure === isGivenUp(task) ? [] : [{ task, isFailure }]
  })
}

/** What holds each task after these changes, and whether it runs; null of one that is gone. */
function standingsAfter(
  changes: readonly Change[],
  tasks: readonly Task[],
): ReadonlyMap<string, Pick<Task, 'holds' | 'lease'> | null> {
  const standings = new Map<string, Pick<Task, 'holds' | 'lease'> | null>(tasks.map((task) => [task.id, task]))
  for (const change of changes) {
    if (change.kind === 'deleteTask') standings.set(change.taskId, null)
    const before = change.kind === 'patchTask' ? standings.get(change.taskId) : undefined
    if (!before || change.kind !== 'patchTask') continue
    const lease = change.lease ? null : before.lease
    standings.set(change.taskId, { holds: change.patch.holds ?? before.holds, lease })
  }
  return standings
}

function withPolicy(
  changeSet: ChangeSet,
  group: TaskGroup,
  { turns, now }: { turns: readonly Turn[]; now: number },
): ChangeSet {
  const failed = turns.filter(({ isFailure }) => isFailure).map(({ task }) => task)
  const [first] = failed
  const policy = group.settings.onTaskFailure
  if (first && policy === 'failFast') {
    return withFlags(changeSet, group, stoppedFlags(group, { taskId: first.id, at: now }))
  }
  const passed = policy === 'continue' ? failed.reduce(withPassing, changeSet) : changeSet
  const isOver = turns.some(({ task, isFailure }) => !isFailure && task.id === group.stoppedBy?.taskId)
  return isOver ? withFlags(passed, group, unstoppedFlags(group)) : passed
}

/** Its children go on as if it were complete. */
function withPassing(changeSet: ChangeSet, { id, holds: before }: Task): ChangeSet {
  const last = changeSet.changes.findLastIndex((change) => change.kind === 'patchTask' && change.taskId === id)
  const changes = changeSet.changes.map((change, index): Change => {
    if (index !== last || change.kind !== 'patchTask') return change
    return { ...change, patch: { ...change.patch, holds: (change.patch.holds ?? before) | Hold.passed } }
  })
  return { ...changeSet, changes: [...changes, { kind: 'releaseChildren', parentId: id }] }
}

/** Also when nothing changes: that the group is stopped must still be so. */
function withFlags(
  changeSet: ChangeSet,
  group: TaskGroup,
  flags: Pick<TaskGroup, 'isPaused' | 'stoppedBy'>,
): ChangeSet {
  const guarded: ChangeSet = {
    ...changeSet,
    guards: [...changeSet.guards, { kind: 'group', groupId: group.id, epoch: group.epoch }],
  }
  if (flags.stoppedBy === group.stoppedBy) return guarded
  const next: TaskGroup = { ...group, ...flags, epoch: group.epoch + 1 }
  return {
    ...guarded,
    changes: [...guarded.changes, { kind: 'putGroup', group: next }],
    events: [...guarded.events, { type: 'group.updated', groupId: group.id }],
  }
}
