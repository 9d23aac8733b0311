import { deliveryIdOf, type Task } from './task.ts'

/** The result of a parent as a worker gets it. */
export interface ParentInput {
  readonly taskId: string
  readonly worker: string
  readonly input: string
  readonly output: string
}

/** What a request carries besides the task. */
export interface RequestOptions {
  readonly version: string
  readonly timeoutSeconds: number
  /** Sent as `Authorization`; null sends none. */
  readonly authorization: string | null
  /** W3C trace context, see https://www.w3.org/TR/trace-context/. */
  readonly traceparent: string
}

/** The headers of one attempt (WIRE section 3), names and values in turn as undici takes them fastest. */
export function requestHeaders(task: Task, options: RequestOptions): string[] {
  const deliveryId = deliveryIdOf(task)
  const headers = [
    'content-type',
    'application/json',
    'accept',
    'application/json',
    'user-agent',
    `crew/${options.version}`,
    'crew-attempt',
    String(task.attempts),
    'crew-task-id',
    task.id,
    'crew-task-group-id',
    task.groupId,
    'crew-timeout',
    String(options.timeoutSeconds),
    'idempotency-key',
    deliveryId,
    'webhook-id',
    deliveryId,
    'traceparent',
    options.traceparent,
  ]
  if (options.authorization !== null) headers.push('authorization', options.authorization)
  return headers
}

/** Where an attempt that was answered with 202 is finished (WIRE 5.3): the token is all that is needed, and good for that attempt alone. */
export interface Callback {
  readonly url: string
  readonly token: string
}

/**
 * The body of one attempt. Payloads are spliced in as they are stored, byte for byte (WIRE section 1). `callback` null: it cannot be
 * finished later.
 */
export function requestBody(task: Task, parents: readonly ParentInput[], callback: Callback | null): string {
  const worker = JSON.stringify(task.worker)
  const own = `"input":${task.input},"worker":${worker},"parents":[${parents.map(parentJson).join(',')}],"taskId":"${task.id}"`
  const additions = `"taskGroupId":"${task.groupId}","name":${JSON.stringify(task.name)},"attempt":${task.attempts},"remainingAttempts":${task.remainingAttempts},"workgroup":${JSON.stringify(task.workgroup)},"key":${JSON.stringify(task.key)},"metadata":${JSON.stringify(task.metadata)}`
  return `{${own},${additions}${callback === null ? '' : `,"callback":${JSON.stringify(callback)}`}}`
}

function parentJson(parent: ParentInput): string {
  return `{"taskId":"${parent.taskId}","worker":${JSON.stringify(parent.worker)},"input":${parent.input},"output":${parent.output}}`
}

/**
 * Where a worker is reached: the base URL with its name behind it. The name has no `..` and no leading `/`
 * (see ids.ts), so it cannot leave the base.
 */
export function workerUrl(baseUrl: string, worker: string): string {
  return `${baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`}${worker}`
}
