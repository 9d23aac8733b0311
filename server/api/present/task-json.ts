import { isComplete, isPaused } from '../../core/task.ts'
import { formatTime } from '../../core/time.ts'
import type { TaskView } from '../../services/tasks.ts'

/**
 * A task as clients see it (WIRE section 1). Written by hand, because `input` and `output` are spliced in as the text
 * that came: decoding and encoding them would lose digits, key order and time.
 */
export function taskJson({ task, state, runAfter }: TaskView): string {
  const before = JSON.stringify({
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
  })
  const after = JSON.stringify({
    errors: task.errors,
    metadata: task.metadata,
    parentIds: task.parentIds,
    createdAt: formatTime(task.createdAt),
    busyExecuting: task.lease !== null,
    state,
  })
  return `${before.slice(0, -1)},"input":${task.input},"output":${task.output},${after.slice(1)}`
}

/** A page of tasks, with how many there are over all pages. */
export function taskListJson(views: readonly TaskView[], count: number): string {
  return `{"tasks":[${views.map(taskJson).join(',')}],"count":${count}}`
}
