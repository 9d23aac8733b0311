import type { Task, TaskGroup } from '../api/operations.ts'

export type TaskState = Task['state']
export type GroupState = TaskGroup['state']

/** In the order in which a bar shows them: what is done, what moves, what waits for a person, what waits by itself. */
export const TASK_STATES = [
  'succeeded',
  'running',
  'retrying',
  'throttled',
  'paused',
  'failed',
  'ready',
  'scheduled',
  'blocked',
] as const satisfies readonly TaskState[]

/** Never colour alone: each state has a sign and a word too. */
export const GLYPHS: Readonly<Record<TaskState, string>> = {
  succeeded: '✓',
  running: '▶',
  retrying: '↻',
  throttled: '❄',
  paused: '‖',
  failed: '✕',
  ready: '○',
  scheduled: '◔',
  blocked: '◌',
}

export const MEANINGS: Readonly<Record<TaskState, string>> = {
  succeeded: 'complete',
  running: 'an attempt is under way',
  retrying: 'failed, is tried again',
  throttled: 'held by its workgroup or worker',
  paused: 'waits to be resumed, itself or its group',
  failed: 'attempts spent: nothing happens until somebody acts',
  ready: 'waits for a slot',
  scheduled: 'waits for its time',
  blocked: 'waits for its parents',
}

/** The sign and the colour of a group are those of the task state that it resembles. */
export const GROUP_LOOKS: Readonly<Record<GroupState, TaskState>> = {
  empty: 'blocked',
  active: 'running',
  paused: 'paused',
  succeeded: 'succeeded',
  failed: 'failed',
}

export type Counts = Readonly<Record<TaskState, number>>

export const totalOf = (counts: Counts): number => TASK_STATES.reduce((sum, state) => sum + counts[state], 0)
export const incompleteOf = (counts: Counts): number => totalOf(counts) - counts.succeeded
