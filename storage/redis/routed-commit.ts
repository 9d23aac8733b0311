import type { Change, ChangeSet, Guard } from '../../server/core/change-set.ts'
import { type Directory, groupIn, type Named } from './directory.ts'

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

export type GateChange = Change & {
  readonly kind: 'holdWork' | 'releaseWork' | 'limitWork' | 'paceWork' | 'narrowWork'
}

export function isOfGate(change: Change): change is GateChange {
  const { kind } = change
  return ['holdWork', 'releaseWork', 'limitWork', 'paceWork', 'narrowWork'].includes(kind)
}

/** What every partition is told, and acknowledged only when all have it (an operator's hold, resume or limits). */
export const isOnlyOfGates = ({ guards, changes }: ChangeSet): boolean =>
  guards.length === 0 && changes.length > 0 && changes.every(isOfGate)

/** What the answer of an attempt does to a gate: told to the other partitions after it is written. */
export const isToTell = ({ kind }: Change): boolean =>
  kind === 'holdWork' || kind === 'paceWork' || kind === 'narrowWork'

/** Of a set that does more than that: what every partition has to have before it is acknowledged. */
export const toldBefore = ({ changes }: ChangeSet): GateChange[] =>
  changes.filter(isOfGate).filter((change) => !isToTell(change))

export const insertedBy = ({ changes }: ChangeSet): Named[] =>
  changes.flatMap((change) =>
    change.kind === 'insertTask' ? [{ id: change.task.id, groupId: change.task.groupId }] : [],
  )

/** Tasks whose lease the change set ends, if they hold one. */
export const endedBy = ({ changes }: ChangeSet): string[] =>
  changes.flatMap((change) =>
    change.kind === 'deleteTask' || (change.kind === 'patchTask' && change.lease) ? [change.taskId] : [],
  )

/** The tokens of leases that the change set ends. */
export const tokensOf = ({ guards }: ChangeSet): string[] =>
  guards.flatMap((guard) => (guard.kind === 'lease' ? [guard.token] : []))

/** The tasks whose leases those are. */
export const guardedBy = ({ guards }: ChangeSet): string[] =>
  guards.flatMap((guard) => (guard.kind === 'lease' ? [guard.taskId] : []))

export const deletedGroupsOf = ({ changes }: ChangeSet): string[] =>
  changes.flatMap((change) => (change.kind === 'deleteGroup' ? [change.groupId] : []))

export const deletedTasksOf = ({ changes }: ChangeSet): string[] =>
  changes.flatMap((change) => (change.kind === 'deleteTask' ? [change.taskId] : []))

/** Entries of the directory by task id. */
export type Entries = ReadonlyMap<string, string>

/**
 * Takes the ids of new tasks. Answers the entries of those that were free before, or null when one is another group's. The result
 * of an attempt takes them in a full store too (DESIGN section 5).
 */
export async function takeIds(
  directory: Directory,
  changeSet: ChangeSet,
  exists: (task: Named) => Promise<boolean>,
): Promise<Entries | null> {
  const isWrittenWhenFull = tokensOf(changeSet).length > 0
  const taken = await directory.take(insertedBy(changeSet), { isWrittenWhenFull })
  const free = new Map(taken.flatMap(({ word, id, entry }) => (word === 'fresh' ? [[id, entry] as const] : [])))
  for (const task of taken) {
    const { word, id, entry } = task
    if (word === 'fresh' || word === 'own') continue
    const isGone = word === 'open' && !(await exists({ id, groupId: groupIn(entry) }))
    const takenOver = isGone ? await directory.takeOver(task) : ''
    if (takenOver === '') {
      await directory.forget(free)
      return null
    }
    free.set(id, takenOver)
  }
  return free
}

/** A group may be new unless a guard says that it is there. */
export const isToBePlaced = ({ guards, changes }: ChangeSet, groupId: string): boolean =>
  changes.some((change) => change.kind === 'deleteGroup' && change.groupId === groupId) ||
  !guards.some((guard) => guard.kind === 'group' && guard.groupId === groupId && guard.epoch !== null)
