import type { Change, ChangeSet } from './change-set.ts'
import { CrewError } from './errors.ts'
import { attemptsLeft, Hold, isComplete, isExhausted, mergeKeyOf, type Task, type TaskPatch, withHold } from './task.ts'
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

/** An edit of one task. Throws `task_running` when the edit would change what runs. */
export function decideUpdate(task: Task, edit: TaskInput, keyScope: KeyScope): ChangeSet {
  refuseWhileRunning(task, edit)
  const { isPaused, isComplete: completes, remainingAttempts, ...plain } = edit
  let holds = task.holds
  if (isPaused !== undefined) holds = withHold(holds, Hold.paused, isPaused)
  if (completes !== undefined) holds = withHold(holds, Hold.complete, completes)
  const left = attemptsLeft(holds, remainingAttempts ?? task.remainingAttempts)
  const patch: TaskPatch = { ...pickEditable(plain), ...left }
  if (edit.key !== undefined || edit.worker !== undefined) patch.mergeKey = mergeKeyOf({ ...task, ...patch }, keyScope)
  return changeOf(task, patch, completionChanges(task, completes))
}

/**
 * Sets the attempts of an incomplete task, and makes it due now when it failed before (WIRE section 2, retry). A complete task
 * stays as it is. Null: nothing to change.
 */
export function decideRetry(task: Task, remainingAttempts: number, dueAt: number): ChangeSet | null {
  if (isComplete(task)) return null
  const hasFailed = isExhausted(task) || task.failures > 0
  const isDueLater = hasFailed && task.runAfter > dueAt
  return changeOf(
    task,
    { ...attemptsLeft(task.holds, remainingAttempts), ...(isDueLater ? { runAfter: dueAt } : {}) },
    [],
  )
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

/** Completing by hand wakes the children, taking it back makes them wait again. */
function completionChanges(task: Task, completes: boolean | undefined): Change[] {
  if (completes === undefined || completes === isComplete(task)) return []
  return [{ kind: completes ? 'releaseChildren' : 'blockChildren', parentId: task.id }]
}

function changeOf(task: Task, patch: TaskPatch, more: readonly Change[]): ChangeSet {
  return {
    guards: [{ kind: 'version', taskId: task.id, version: task.version }],
    changes: [{ kind: 'patchTask', taskId: task.id, patch }, ...more],
    events: [{ type: 'task.updated', groupId: task.groupId, taskId: task.id }],
  }
}
