import { shownMetadata } from '../../core/delivery.ts'
import { isComplete, isPaused } from '../../core/task.ts'
import { formatTime } from '../../core/time.ts'
import type { TaskView } from '../../services/tasks.ts'

/**
 * A task as clients see it (WIRE section 1). Written by hand, because `input` and `output` are spliced in as the text
 * that came: decoding and encoding them would lose digits, key order and time.
 */
export function taskJson(view: TaskView): string {
  const { input, output } = view.task
  return `${JSON.stringify(fieldsBefore(view)).slice(0, -1)},"input":${input},"output":${output},${JSON.stringify(fieldsAfter(view)).slice(1)}`
}

/** A task as lists tell it that were not asked for payloads. */
export const presentTaskSummary = (view: TaskView) => ({ ...fieldsBefore(view), ...fieldsAfter(view) })

function fieldsBefore({ task, runAfter }: TaskView) {
  return {
    id: task.id,
    taskGroupId: task.groupId,
    name: task.name,
    worker: task.worker,
    workgroup: task.workgroup,
    key: task.key,
    remainingAttempts: task.remainingAttempts,
    priority: task.priority,
    progressWeight: task.progressWeight,
    isPaused: isPaused(task),
    isComplete: isComplete(task),
    runAfter: formatTime(runAfter),
    isSeed: task.isSeed,
    errorDelayInSeconds: task.errorDelayInSeconds,
    retry: task.retry,
    timeoutSeconds: task.timeoutSeconds,
  }
}

function fieldsAfter({ task, state }: TaskView) {
  return {
    errors: task.errors,
    metadata: shownMetadata(task),
    parentIds: task.parentIds,
    createdAt: formatTime(task.createdAt),
    busyExecuting: task.lease !== null,
    state,
  }
}

/** A page of tasks, with how many there are over all pages. */
export function taskListJson(views: readonly TaskView[], count: number): string {
  return `{"tasks":[${views.map(taskJson).join(',')}],"count":${count}}`
}

export function taskSummaryListJson(views: readonly TaskView[], count: number): string {
  return JSON.stringify({ tasks: views.map(presentTaskSummary), count })
}
