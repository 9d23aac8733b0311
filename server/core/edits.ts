import type { Change, ChangeSet } from './change-set.ts'
import { editOfDelivery } from './delivery.ts'
import { CrewError } from './errors.ts'
import {
  attemptsLeft,
  completed,
  Hold,
  isComplete,
  isExhausted,
  isFinished,
  isPaused,
  mergeKeyOf,
  type Task,
  type TaskPatch,
  withHold,
} from './task.ts'
import type { KeyScope } from './task-group.ts'
import type { TaskField, TaskInput } from './task-input.ts'

/** What an update may set (WIRE section 2); other fields of a task that a client sends back are ignored. */
export const editableFields = [
  'name',
  'worker',
  'workgroup',
  'key',
  'isPaused',
  'isComplete',
  'runAfter',
  'remainingAttempts',
  'priority',
  'progressWeight',
  'errorDelayInSeconds',
  'retry',
  'timeoutSeconds',
  'input',
  'output',
  'isSeed',
  'metadata',
] as const satisfies readonly TaskField[]

/** What may change while an attempt is in flight: neither touches what was sent nor what its answer means. */
const editableWhileRunning: ReadonlySet<string> = new Set(['name', 'isPaused'])

/** An edit of one task. Throws `task_running` when the edit would change what runs, `invalid_request` when it would what a delivery says. */
export function decideUpdate(task: Task, given: TaskInput, keyScope: KeyScope): ChangeSet {
  const edit = editOfDelivery(task, given)
  refuseWhileRunning(task, edit)
  const { isPaused: pauses, isComplete: completes, remainingAttempts, ...plain } = edit
  let holds = task.holds
  if (pauses !== undefined) holds = withHold(holds, Hold.paused, pauses)
  if (completes !== undefined) holds = completes ? completed(holds) : withHold(holds, Hold.complete, false)
  const left = attemptsLeft(holds, remainingAttempts ?? task.remainingAttempts)
  const patch: TaskPatch = { ...pickEditable(plain), ...left }
  if (edit.key !== undefined || edit.worker !== undefined) patch.mergeKey = mergeKeyOf({ ...task, ...patch }, keyScope)
  return changeOf(task, patch, finishChanges(task, left.holds))
}

/**
 * Sets the attempts of an incomplete task, and makes it due now, or in its slot, when it failed before (WIRE section 2, retry). A
 * complete task stays as it is. Null: nothing to change.
 */
export function decideRetry(
  task: Task,
  { remainingAttempts, now, slot }: { remainingAttempts: number; now: number; slot?: number | undefined },
): ChangeSet | null {
  if (isComplete(task)) return null
  const runAfter = dueAfterRetry(task, now, slot)
  const patch = { ...attemptsLeft(task.holds, remainingAttempts), ...(runAfter !== task.runAfter && { runAfter }) }
  return changeOf(task, patch, finishChanges(task, patch.holds))
}

function dueAfterRetry(task: Task, now: number, slot: number | undefined): number {
  if (!hasFailed(task)) return task.runAfter
  return slot !== undefined && task.lease === null ? slot : Math.min(task.runAfter, now)
}

const hasFailed = (task: Task): boolean => isExhausted(task) || task.failures > 0

/** Of these tasks, those that a retry makes due. */
export const dueByRetry = (tasks: readonly Task[]): Task[] =>
  tasks.filter((task) => hasFailed(task) && !isComplete(task) && task.lease === null)

/** Of the tasks of a group, those that a resume makes due. */
export function dueByResume(
  tasks: readonly Task[],
  { isGroupPaused, now }: { isGroupPaused: boolean; now: number },
): Task[] {
  const isDue = (task: Task) =>
    (task.holds & ~Hold.paused) === 0 && task.unfinishedParents === 0 && task.lease === null && task.runAfter <= now
  return tasks.filter((task) => isDue(task) && (isGroupPaused || isPaused(task)))
}

/**
 * When each of these tasks is due, so that they start evenly over that time and in the order in which they would have: higher
 * priority first, then earlier runAfter, then as given. By id, in that order; the first is due now.
 */
export function spreadSlots(
  tasks: readonly Task[],
  { now, spreadMs }: { now: number; spreadMs: number },
): Map<string, number> {
  const dueAt = (task: Task) => Math.min(task.runAfter, now)
  const inOrder = tasks.toSorted((a, b) => b.priority - a.priority || dueAt(a) - dueAt(b))
  return new Map(inOrder.map((task, index) => [task.id, now + Math.floor((index * spreadMs) / tasks.length)]))
}

/** Makes a task due in its slot; only ever later. */
export function decideSlot(task: Task, slot: number): ChangeSet {
  return changeOf(task, { runAfter: Math.max(task.runAfter, slot) }, [])
}

/** Makes a task due at that time, whatever it waited for: a later time, or its next try. */
export function decideRunNow(task: Task, at: number): ChangeSet {
  return changeOf(task, { runAfter: at }, [])
}

function refuseWhileRunning(task: Task, edit: TaskInput): void {
  if (task.lease === null) return
  const touched = Object.keys(edit).filter((field) => !editableWhileRunning.has(field))
  if (touched.length === 0) return
  throw new CrewError(
    'task_running',
    `Task ${task.id} is running; while it does only its name and isPaused can change, not ${touched.join(', ')}. Wait for it to end, or reset it.`,
  )
}

function pickEditable(edit: TaskInput): TaskPatch {
  const fields: ReadonlySet<string> = new Set(editableFields)
  return Object.fromEntries(Object.entries(edit).filter(([field]) => fields.has(field))) as TaskPatch
}

/** Completing by hand wakes the children; taking that back, or trying again what they were not to wait for, makes them wait again. */
function finishChanges(task: Task, holds: number): Change[] {
  const finishes = isFinished({ holds })
  if (finishes === isFinished(task)) return []
  return [{ kind: finishes ? 'releaseChildren' : 'blockChildren', parentId: task.id }]
}

function changeOf(task: Task, patch: TaskPatch, more: readonly Change[]): ChangeSet {
  return {
    guards: [{ kind: 'version', taskId: task.id, version: task.version }],
    changes: [{ kind: 'patchTask', taskId: task.id, patch }, ...more],
    events: [{ type: 'task.updated', groupId: task.groupId, taskId: task.id }],
  }
}
