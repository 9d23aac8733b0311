import { isDelivery, urlOfDelivery } from '../core/delivery.ts'
import { maskedUrl } from '../core/receiver.ts'
import type { Task } from '../core/task.ts'
import { type ParentInput, requestBody } from '../core/worker-request.ts'
import { getTask, type TaskRef } from './tasks.ts'
import type { ShownRequest, WorkerContext } from './worker-context.ts'

/** What the worker of a task gets: of the attempt under way, else of the next one. */
export interface TaskRequest extends Omit<ShownRequest, 'url'> {
  /** Null: nothing is POSTed, for the worker fetches its tasks or nobody knows where it is. */
  readonly url: string | null
}

/** Made by the same rules as an attempt; the results of parents are those that are there by now. */
export async function previewRequest(context: WorkerContext, ref: TaskRef): Promise<TaskRequest> {
  const { task, state } = await getTask(context, ref)
  const attempt = state === 'running' ? task : { ...task, attempts: task.attempts + 1 }
  const parents = await parentInputs(context, task)
  const none = { url: null, headers: {}, body: requestBody(attempt, parents, null) }
  const request = context.directory.preview(attempt, parents) ?? none
  return isDelivery(task) ? { ...request, url: maskedUrl(urlOfDelivery(task)) } : request
}

async function parentInputs({ storage }: WorkerContext, { parentIds }: Task): Promise<ParentInput[]> {
  const byId = new Map((await storage.getTasks(parentIds)).map((parent) => [parent.id, parent]))
  return parentIds.flatMap((id) => {
    const parent = byId.get(id)
    return parent ? [{ taskId: id, worker: parent.worker, input: parent.input, output: parent.output }] : []
  })
}
