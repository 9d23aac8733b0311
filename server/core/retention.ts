import type { ChangeSet } from './change-set.ts'
import { type CountedGroup, taskCount } from './task-group.ts'
import { isUntold } from './told.ts'

/** How a group ended: all of its tasks are complete, or the last of them failed for good and none is left to run. */
export const endings = ['succeeded', 'failed'] as const
export type Ending = (typeof endings)[number]

/** How long groups that have ended are kept (WIRE section 7). */
export interface Retention {
  readonly keepMs: number
  readonly keepFailedMs: number
  /** While the store holds more, the oldest go before their time; null: they never do. */
  readonly maxBytes: number | null
}

/** A group that has ended, with when. */
export interface EndedGroup {
  readonly group: CountedGroup
  readonly ending: Ending
  readonly endedAt: number
}

export interface CleaningContext {
  readonly retention: Retention
  readonly now: number
  /** What the store holds; null where nobody knows, and nothing goes for its size then. */
  readonly usedBytes: number | null
  readonly bytesPerTask: number
}

/** Groups of this ending may go that ended before then. */
export const endedBefore = ({ keepMs, keepFailedMs }: Retention, ending: Ending, now: number): number =>
  now - (ending === 'succeeded' ? keepMs : keepFailedMs)

/** By how much the store holds more than it may. */
export const excessOf = ({ retention, usedBytes }: Pick<CleaningContext, 'retention' | 'usedBytes'>): number =>
  retention.maxBytes === null || usedBytes === null ? 0 : Math.max(0, usedBytes - retention.maxBytes)

/**
 * Which groups go: those whose time is over, and, while the store holds too much, the oldest of the others, first what succeeded. Never
 * one with a task that may still run, that is still to be told of, or that somebody paused.
 */
export function planCleaning(ended: readonly EndedGroup[], context: CleaningContext): readonly EndedGroup[] {
  const { retention, now, bytesPerTask } = context
  const free = ended.filter(({ group, ending }) => mayGo(group, ending))
  const isOver = ({ ending, endedAt }: EndedGroup) => endedAt < endedBefore(retention, ending, now)
  const plan = free.filter(isOver)
  const bytesOf = ({ group }: EndedGroup): number => taskCount(group) * bytesPerTask
  let excess = excessOf(context) - plan.reduce((sum, each) => sum + bytesOf(each), 0)
  for (const each of free.filter((one) => !isOver(one)).toSorted(byWorth)) {
    if (excess <= 0) break
    plan.push(each)
    excess -= bytesOf(each)
  }
  return plan
}

/** What is missed least comes first. */
const byWorth = (a: EndedGroup, b: EndedGroup): number =>
  endings.indexOf(a.ending) - endings.indexOf(b.ending) || a.endedAt - b.endedAt

function mayGo(group: CountedGroup, ending: Ending): boolean {
  const { succeeded, failed, ...open } = group.counts
  if (Object.values(open).some((count) => count > 0) || succeeded + failed === 0) return false
  if (ending === 'succeeded' ? failed > 0 : failed === 0) return false
  // Whoever paused a group that failed is looking at it; one that a failure stopped was paused by nobody.
  if (ending === 'failed' && group.isPaused && (group.stoppedBy === null || group.stoppedBy.isPausedToo)) return false
  return !isUntold(group)
}

/** Deletes it if it is still what it was. */
export function deletionOf({ group, ending }: EndedGroup): ChangeSet {
  const state = ending === 'succeeded' ? ({ isFinished: true } as const) : ({ isEnded: true } as const)
  return {
    guards: [{ kind: 'group', groupId: group.id, epoch: group.epoch, ...state }],
    changes: [{ kind: 'deleteGroup', groupId: group.id }],
    events: [{ type: 'group.deleted', groupId: group.id }],
  }
}

/** What a cleaning did, or would do. */
export interface CleaningReport {
  readonly groups: number
  readonly failedGroups: number
  readonly tasks: number
  /** About so many are free for other tasks then; null where the size of the store is not known. */
  readonly bytes: number | null
  /** There is more to be deleted: ask again. */
  readonly hasMore: boolean
}
