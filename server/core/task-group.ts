import type { GroupSettings } from './group-settings.ts'
import { type Bucket, buckets, type TaskState, taskStates } from './task.ts'

/** Where equal keys exclude each other: in the group, or over all tasks of the worker in groups of this scope (WIRE 4.5). */
export type KeyScope = 'group' | 'worker'

/** The failure that stopped a group (`failFast`). */
export interface StopCause {
  readonly taskId: string
  readonly at: number
  /** Somebody paused it as well: it stays paused when the stop is over. */
  readonly isPausedToo: boolean
}

/** A task group as the books have it. */
export interface TaskGroup {
  readonly id: string
  readonly name: string
  readonly createdAt: number
  /** Nothing of it starts: somebody paused it, or a failure stopped it. */
  readonly isPaused: boolean
  /** Counts only while it is paused. */
  readonly stoppedBy: StopCause | null
  readonly metadata: Readonly<Record<string, string>>
  readonly keyScope: KeyScope
  readonly settings: GroupSettings
  /** Raised by reset and edits of the whole group: a decision made on an older epoch conflicts. */
  readonly epoch: number
}

/** A group with its books: tasks counted by state, kept incrementally by the engine (I12). */
export interface CountedGroup extends TaskGroup {
  readonly counts: Readonly<Record<Bucket, number>>
  /** Of `counts.waiting`: those that turn with time, counted by index at the moment of reading. */
  readonly waiting: { readonly scheduled: number; readonly retrying: number; readonly throttled: number }
  /** Sum of progress weights, in millionths (integers, so that increments never drift). */
  readonly weightTotal: number
  readonly weightDone: number
}

export const groupStates = ['empty', 'active', 'paused', 'succeeded', 'failed'] as const
export type GroupState = (typeof groupStates)[number]

/** Orders of a list of groups; `-` is the other way round. Names: letter case of ASCII ignored, of equal ones the oldest first. */
export const groupSorts = ['-createdAt', 'createdAt', 'name', '-name'] as const
export type GroupSort = (typeof groupSorts)[number]

/** How many groups are in each state, and how many of all hold failed tasks. */
export type GroupCensus = Readonly<Record<GroupState | 'failing', number>>

/** A progress weight in millionths. */
export const weightUnits = (progressWeight: number): number => Math.round(progressWeight * 1e6)

/** All tasks of the group. */
export function taskCount(group: Pick<CountedGroup, 'counts'>): number {
  const { succeeded, running, failed, paused, blocked, waiting } = group.counts
  return succeeded + running + failed + paused + blocked + waiting
}

/** The state of a group (WIRE section 1): failed when nothing can move until somebody acts. */
export function groupStateOf(group: Pick<CountedGroup, 'counts' | 'isPaused' | 'stoppedBy'>): GroupState {
  const { counts } = group
  const total = taskCount(group)
  if (total === 0) return 'empty'
  if (counts.succeeded === total) return 'succeeded'
  if (counts.running > 0) return 'active'
  if (group.isPaused) return group.stoppedBy === null ? 'paused' : 'failed'
  if (counts.waiting > 0) return 'active'
  return counts.failed > 0 ? 'failed' : 'paused'
}

/** Whether some of its tasks will not move until somebody acts. */
export const isFailing = ({ counts }: Pick<CountedGroup, 'counts'>): boolean => counts.failed > 0

/**
 * All that decides a group's state: which of its counters are above 0 (a bit each, in the order of `buckets`), whether it is
 * paused (the next bit), and whether a failure stopped it (the last).
 */
export function shapeOf({
  counts,
  isPaused,
  stoppedBy,
}: Pick<CountedGroup, 'counts' | 'isPaused' | 'stoppedBy'>): number {
  const bits = [...buckets.map((bucket) => counts[bucket] > 0), isPaused, stoppedBy !== null]
  return bits.reduce((shape, isSet, bit) => shape + (isSet ? 2 ** bit : 0), 0)
}

/** A state as engines keep it. */
export const letterOf = (state: GroupState): string => state.charAt(0)

/** The letter of the state of a group of each shape. Engines that keep groups by state look it up here, and know no rule. */
export const lettersByShape: string = Array.from({ length: 2 ** (buckets.length + 2) }, (_, shape) => {
  const has = (bit: number): boolean => (shape & (2 ** bit)) !== 0
  const counts = Object.fromEntries(buckets.map((bucket, bit) => [bucket, has(bit) ? 1 : 0])) as Record<Bucket, number>
  const stoppedBy = has(buckets.length + 1) ? { taskId: '', at: 0, isPausedToo: false } : null
  return letterOf(groupStateOf({ counts, isPaused: has(buckets.length), stoppedBy }))
}).join('')

/** Tasks by the states clients see: a paused group shows all that wait as paused. */
export function countsByState(group: CountedGroup): Record<TaskState, number> {
  const { counts, waiting } = group
  const own = { running: counts.running, succeeded: counts.succeeded, failed: counts.failed }
  if (group.isPaused) {
    const paused = counts.paused + counts.blocked + counts.waiting
    return { ...own, blocked: 0, scheduled: 0, retrying: 0, throttled: 0, ready: 0, paused }
  }
  const ready = counts.waiting - waiting.scheduled - waiting.retrying - waiting.throttled
  return { ...own, ...waiting, blocked: counts.blocked, ready, paused: counts.paused }
}

/** How many of its tasks a list of these states (without: of all) tells. */
export function countInStates(
  group: CountedGroup,
  { states = taskStates, skipCompleted }: { states?: readonly TaskState[] | undefined; skipCompleted: boolean },
): number {
  const counts = countsByState(group)
  const wanted = [...new Set(states)].filter((state) => !(skipCompleted && state === 'succeeded'))
  return wanted.reduce((sum, state) => sum + counts[state], 0)
}

/** The weighted share that is complete, 0..1. An empty group has nothing done yet: 0. */
export function completedPercent(group: Pick<CountedGroup, 'weightTotal' | 'weightDone'>): number {
  return group.weightTotal === 0 ? 0 : group.weightDone / group.weightTotal
}
