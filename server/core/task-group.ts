import type { Bucket, TaskState } from './task.ts'

/** Where equal keys exclude each other: in the group, or over all tasks of the worker in groups of this scope (WIRE 4.5). */
export type KeyScope = 'group' | 'worker'

/** A task group as the books have it. */
export interface TaskGroup {
  readonly id: string
  readonly name: string
  readonly createdAt: number
  readonly isPaused: boolean
  readonly metadata: Readonly<Record<string, string>>
  readonly keyScope: KeyScope
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

export type GroupState = 'empty' | 'active' | 'paused' | 'succeeded' | 'failed'

/** A progress weight in millionths. */
export const weightUnits = (progressWeight: number): number => Math.round(progressWeight * 1e6)

/** All tasks of the group. */
export function taskCount(group: Pick<CountedGroup, 'counts'>): number {
  const { succeeded, running, failed, paused, blocked, waiting } = group.counts
  return succeeded + running + failed + paused + blocked + waiting
}

/** The state of a group (WIRE section 1): failed when nothing can move until somebody acts. */
export function groupStateOf(group: CountedGroup): GroupState {
  const { counts } = group
  const total = taskCount(group)
  if (total === 0) return 'empty'
  if (counts.succeeded === total) return 'succeeded'
  if (counts.running > 0) return 'active'
  if (group.isPaused) return 'paused'
  if (counts.waiting > 0) return 'active'
  return counts.failed > 0 ? 'failed' : 'paused'
}

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

/** The weighted share that is complete, 0..1. An empty group has nothing done yet: 0. */
export function completedPercent(group: Pick<CountedGroup, 'weightTotal' | 'weightDone'>): number {
  return group.weightTotal === 0 ? 0 : group.weightDone / group.weightTotal
}
