import { isRecord, listField, textField } from './json.ts'
import type { ParentResult, WorkerCall } from './worker.ts'

/** Reads the POST that Crew sends; undefined when its body is not a JSON object. */
export async function parseCall(request: Request): Promise<WorkerCall | undefined> {
  const body: unknown = await request.json().catch(() => undefined)
  if (!isRecord(body)) return undefined
  const taskId = textField(body, 'taskId', '')
  return {
    taskId,
    worker: textField(body, 'worker', ''),
    workgroup: textField(body, 'workgroup', ''),
    input: body.input ?? null,
    parents: listField(body, 'parents').map(parseParent),
    // Whoever tries a worker by hand with curl sends no delivery id: the task id is the next best.
    deliveryId: request.headers.get('idempotency-key') ?? request.headers.get('webhook-id') ?? taskId,
    signal: request.signal,
  }
}

function parseParent(parent: unknown): ParentResult {
  return {
    taskId: textField(parent, 'taskId', ''),
    worker: textField(parent, 'worker', ''),
    input: isRecord(parent) ? (parent.input ?? null) : null,
    output: isRecord(parent) ? (parent.output ?? null) : null,
  }
}
