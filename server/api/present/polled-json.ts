import { deliveryIdOf } from '../../core/task.ts'
import { formatTime } from '../../core/time.ts'
import type { AcquiredTask } from '../../services/outside-attempts.ts'
import type { TaskView } from '../../services/tasks.ts'
import type { ChannelCounts } from '../../services/worker-views.ts'
import { taskJson } from './task-json.ts'

/** A task with the names that Crew v1's workers read beside the others (WIRE section 2). */
export function polledTaskJson(view: TaskView): string {
  const { id, worker } = view.task
  return `${JSON.stringify({ _id: id, channel: worker }).slice(0, -1)},${taskJson(view).slice(1)}`
}

/** Channels with their counts, in the words of Crew v1. */
export const channelsJson = (channels: readonly ChannelCounts[]): string =>
  JSON.stringify(
    channels.map(({ name, total, completed, running }) => ({
      name,
      totalCount: total,
      completedCount: completed,
      assignedCount: running,
    })),
  )

export function acquiredJson(acquired: AcquiredTask | null): string {
  if (acquired === null) return '{"task":null}'
  const { view, parents, callback, leaseUntil } = acquired
  const { task } = view
  const attempt = { attempt: task.attempts, deliveryId: deliveryIdOf(task) }
  const around = JSON.stringify({ ...attempt, callback, leaseUntil: formatTime(leaseUntil) })
  return `{"task":${polledTaskJson(view)},"parents":[${parents.map(parentJson).join(',')}],${around.slice(1)}`
}

function parentJson({ taskId, worker, input, output }: AcquiredTask['parents'][number]): string {
  return `{"_id":${JSON.stringify(taskId)},"channel":${JSON.stringify(worker)},"input":${input},"output":${output}}`
}
