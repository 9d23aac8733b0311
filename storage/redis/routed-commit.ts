import type { Change, ChangeSet, Guard } from '../../server/core/change-set.ts'
import type { Directory, Named } from './directory.ts'

/** The group that a change set is about, when it says so itself; all of one set are in one group, apart from holds. */
export function groupNamedBy({ guards, changes, events }: ChangeSet): string | null {
  for (const change of changes) {
    if (change.kind === 'insertTask') return change.task.groupId
    if (change.kind === 'putGroup') return change.group.id
    if (change.kind === 'deleteGroup' || change.kind === 'liftHold') return change.groupId
  }
  for (const guard of guards) if (guard.kind === 'group') return guard.groupId
  for (const event of events) if ('groupId' in event) return event.groupId
  return null
}

/** A task that it is about; null when it is about none. */
export function taskNamedBy({ guards, changes }: ChangeSet): string | null {
  for (const guard of guards) if ('taskId' in guard) return guard.taskId
  for (const change of changes) {
    if ('taskId' in change) return change.taskId
    if ('parentId' in change) return change.parentId
  }
  return null
}

export const mergeKeyGuardedBy = ({ guards }: ChangeSet): string | null =>
  guards.find((guard): guard is Guard & { kind: 'duplicates' } => guard.kind === 'duplicates')?.mergeKey ?? null

const isHold = ({ kind }: Change): boolean => kind === 'holdWork' || kind === 'releaseWork'

/** What every partition is told, and acknowledged only when all have it (an operator's hold or resume). */
export const isOnlyHolds = ({ guards, changes }: ChangeSet): boolean =>
  guards.length === 0 && changes.length > 0 && changes.every(isHold)

export const insertedBy = ({ changes }: ChangeSet): Named[] =>
  changes.flatMap((change) =>
    change.kind === 'insertTask' ? [{ id: change.task.id, groupId: change.task.groupId }] : [],
  )

/** Tasks whose lease the change set ends, if they hold one. */
export const endedBy = ({ changes }: ChangeSet): string[] =>
  changes.flatMap((change) =>
    change.kind === 'deleteTask' || (change.kind === 'patchTask' && change.lease) ? [change.taskId] : [],
  )

/** Takes the ids of new tasks. Answers those that were free before, or null when one is another group's. */
export async function takeIds(
  directory: Directory,
  tasks: readonly Named[],
  exists: (task: Named) => Promise<boolean>,
): Promise<string[] | null> {
  const taken = await directory.take(tasks)
  const fresh = taken.filter(({ takenBy }) => takenBy === null).map(({ id }) => id)
  for (const task of taken) {
    const { id, groupId, takenBy, isKept } = task
    if (takenBy === null || takenBy === groupId) continue
    const isGone = isKept && !(await exists({ id, groupId: takenBy }))
    if (isGone && (await directory.takeOver(task, takenBy))) continue
    await directory.forget(fresh)
    return null
  }
  return fresh
}

export const isApplied = (result: unknown): boolean => result === 'applied'
