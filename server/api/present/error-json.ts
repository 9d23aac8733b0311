import { formatTime } from '../../core/time.ts'
import type { ErrorList, ErrorView } from '../../services/errors.ts'
import type { TaskView } from '../../services/task-views.ts'
import { presentTaskSummary } from './task-json.ts'

/** Kinds of errors. */
export const errorListJson = ({ errors, scanned, isPartial }: ErrorList): string =>
  JSON.stringify({ errors: errors.map(presentError), scanned, isPartial })

/** One kind with a page of its tasks. */
export function errorJson(detail: { error: ErrorView; tasks: readonly TaskView[]; isPartial: boolean }): string {
  const { error, tasks, isPartial } = detail
  return JSON.stringify({ ...presentError(error), tasks: tasks.map(presentTaskSummary), isPartial })
}

function presentError(error: ErrorView) {
  const { fingerprint, message, workers, statusCode, count, failed, retrying, groups, sample } = error
  return {
    fingerprint,
    message,
    workers,
    statusCode,
    count,
    failed,
    retrying,
    firstSeenAt: error.firstSeenAt === null ? null : formatTime(error.firstSeenAt),
    lastSeenAt: error.lastSeenAt === null ? null : formatTime(error.lastSeenAt),
    groups,
    sample: { taskId: sample.id, taskGroupId: sample.groupId },
  }
}
