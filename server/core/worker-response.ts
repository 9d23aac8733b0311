import { cutError } from './attempt-record.ts'
import type { Fault } from './errors.ts'
import { type AnswerHeaders, MAX_DELAY_MS, rateLimitDelayMs } from './rate-limit-headers.ts'
import { JsonDepthError, JsonSyntaxError, parseJson, RawJson } from './raw-json.ts'
import { isObject, MAX_LABEL_LENGTH, parseTaskInput, type TaskInput } from './task-input.ts'

/** What a call to a worker gave: an answer, or why there is none. */
export type WorkerReply =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers: AnswerHeaders
      readonly body: string
      readonly bytes: number
    }
  | { readonly kind: 'timeout' | 'networkError' | 'responseTooLarge' | 'noAddress'; readonly message: string }

/** A child as an answer asks for it: parent ids are local names, ids or both. */
export interface ChildInput extends TaskInput {
  readonly worker: string
  readonly parentIds: string[]
}

/** What the answer says about time, whatever its status. */
export interface Delays {
  readonly workgroupDelayMs: number
  readonly childrenDelayMs: number
  /** Which workgroup the delay is for; null: the task's own. */
  readonly workgroup: string | null
}

/** The outcome of an attempt, read off the answer (the table of WIRE section 3). */
export type Outcome =
  | {
      readonly kind: 'success'
      readonly output: string
      readonly children: readonly ChildInput[]
      readonly delays: Delays
    }
  | {
      readonly kind: 'failure'
      readonly reason: 'failed' | 'timeout' | 'networkError' | 'badResponse'
      readonly error: string
      /** Kept although the attempt failed; null when the answer has none. */
      readonly output: string | null
      readonly delays: Delays
      readonly isRetryable: boolean
      /** Null: the retry delay of the task. */
      readonly retryAfterMs: number | null
    }
  | {
      readonly kind: 'rateLimited'
      readonly error: string
      readonly output: string | null
      readonly delays: Delays
      readonly isRetryable: boolean
      readonly retryAfterMs: number | null
      /** From the body or the headers; null: the retry delay of the task. */
      readonly holdMs: number | null
      /** Which field or header told, for the hold's reason. */
      readonly source: string
    }

/** WIRE 4.2. */
export const MAX_CHILDREN = 10_000
/** WIRE section 7. */
export const MAX_JSON_DEPTH = 100
/** How much of an answer that is no JSON object is shown (WIRE section 3). */
const SHOWN_BYTES = 200

const noDelays: Delays = { workgroupDelayMs: 0, childrenDelayMs: 0, workgroup: null }
const rawKeys: ReadonlySet<string> = new Set(['input', 'output'])

/** Reads the reply of a worker as WIRE section 3's table says. */
export function readReply(reply: WorkerReply, now: number): Outcome {
  if (reply.kind !== 'answer') {
    const reason = reply.kind === 'timeout' ? 'timeout' : reply.kind === 'networkError' ? 'networkError' : 'badResponse'
    return failure(reason, reply.message)
  }
  const body = readBody(reply.body)
  if (reply.status === 429 || (reply.status === 503 && reply.headers['retry-after'] !== undefined)) {
    return readRateLimit(reply, body, now)
  }
  if (reply.status < 200 || reply.status > 299) return readRefusal(reply, body)
  if (reply.status === 202)
    return failure('badResponse', 'HTTP 202: this request offered no callback, so nothing can finish it later')
  return readSuccess(body)
}

type Body = { readonly fields: Record<string, unknown> } | { readonly problem: string; readonly shown: string }

function readBody(text: string): Body {
  if (text.trim() === '') return { fields: {} }
  try {
    const value = parseJson(text, { maxDepth: MAX_JSON_DEPTH, rawKeys })
    return isObject(value)
      ? { fields: value }
      : { problem: 'the answer is not a JSON object', shown: text.slice(0, SHOWN_BYTES) }
  } catch (error) {
    if (!(error instanceof JsonSyntaxError || error instanceof JsonDepthError)) throw error
    return { problem: `the answer is not a JSON object (${error.message})`, shown: text.slice(0, SHOWN_BYTES) }
  }
}

function readSuccess(body: Body): Outcome {
  if ('problem' in body) return failure('badResponse', `${body.problem}: ${body.shown}`)
  const { fields } = body
  const common = readCommon(fields)
  if ('fault' in common) return failure('badResponse', `${common.fault.pointer}: ${common.fault.detail}`)
  if (hasError(fields)) return { kind: 'failure', reason: 'failed', error: errorText(fields.error), ...common }
  const children = readChildren(fields.children)
  if (!Array.isArray(children)) return failure('badResponse', `${children.pointer}: ${children.detail}`)
  return { kind: 'success', output: common.output ?? 'null', children, delays: common.delays }
}

function readRefusal(reply: WorkerReply & { kind: 'answer' }, body: Body): Outcome {
  const common = 'fields' in body ? readCommon(body.fields) : { fault: null }
  const told = 'fields' in body && hasError(body.fields) ? errorText(body.fields.error) : statusText(reply)
  const error = 'fields' in body && hasError(body.fields) ? `HTTP ${reply.status}: ${told}` : told
  return 'fault' in common
    ? failure('failed', error)
    : { kind: 'failure', reason: 'failed', error: cutError(error), ...common }
}

function readRateLimit(reply: WorkerReply & { kind: 'answer' }, body: Body, now: number): Outcome {
  const refusal = readRefusal(reply, body) as Outcome & { kind: 'failure' }
  const { error, output, delays, isRetryable, retryAfterMs } = refusal
  const common = { kind: 'rateLimited' as const, error, output, delays, isRetryable, retryAfterMs }
  if (delays.workgroupDelayMs > 0)
    return { ...common, holdMs: delays.workgroupDelayMs, source: 'workgroupDelayInSeconds' }
  const told = rateLimitDelayMs(reply.headers, now)
  return { ...common, holdMs: told?.delayMs ?? null, source: told?.source ?? `HTTP ${reply.status}` }
}

/** The fields that count whatever the status. */
interface Common {
  readonly output: string | null
  readonly delays: Delays
  readonly isRetryable: boolean
  readonly retryAfterMs: number | null
}

function readCommon(fields: Record<string, unknown>): Common | { fault: Fault } {
  const seconds = { workgroupDelayInSeconds: 0, childrenDelayInSeconds: 0, retryAfterSeconds: -1 }
  for (const name of Object.keys(seconds) as (keyof typeof seconds)[]) {
    const value = fields[name] ?? null
    if (value === null) continue
    if (typeof value !== 'number') return { fault: { pointer: `/${name}`, detail: 'expected a number of seconds' } }
    seconds[name] = Math.max(0, value)
  }
  const workgroup = fields.workgroup ?? null
  if (workgroup !== null && (typeof workgroup !== 'string' || workgroup.length > MAX_LABEL_LENGTH)) {
    return { fault: { pointer: '/workgroup', detail: `expected a string of at most ${MAX_LABEL_LENGTH} characters` } }
  }
  return {
    output: fields.output instanceof RawJson ? fields.output.text : null,
    delays: {
      workgroupDelayMs: toDelayMs(seconds.workgroupDelayInSeconds),
      childrenDelayMs: toDelayMs(seconds.childrenDelayInSeconds),
      workgroup: workgroup === '' ? null : workgroup,
    },
    isRetryable: fields.retryable !== false,
    retryAfterMs: seconds.retryAfterSeconds < 0 ? null : toDelayMs(seconds.retryAfterSeconds),
  }
}

/** WIRE section 3: values above 24 h are cut. */
const toDelayMs = (seconds: number): number => Math.min(MAX_DELAY_MS, Math.ceil(seconds * 1000))

const hasError = (fields: Record<string, unknown>): boolean => fields.error !== undefined && fields.error !== null

function errorText(error: unknown): string {
  return cutError(typeof error === 'string' ? error : JSON.stringify(error))
}

function statusText(reply: WorkerReply & { kind: 'answer' }): string {
  const redirect = reply.status >= 300 && reply.status <= 399 ? ' (redirects are not followed)' : ''
  const shown = reply.body.slice(0, SHOWN_BYTES).trim()
  return `HTTP ${reply.status}${redirect}${shown === '' ? '' : `: ${shown}`}`
}

function failure(reason: 'failed' | 'timeout' | 'networkError' | 'badResponse', error: string): Outcome {
  return {
    kind: 'failure',
    reason,
    error: cutError(error),
    output: null,
    delays: noDelays,
    isRetryable: true,
    retryAfterMs: null,
  }
}

function readChildren(value: unknown): ChildInput[] | Fault {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return { pointer: '/children', detail: 'expected an array' }
  if (value.length > MAX_CHILDREN) return { pointer: '/children', detail: `expected at most ${MAX_CHILDREN} children` }
  const children: ChildInput[] = []
  for (const [index, item] of value.entries()) {
    const child = readChild(item, `/children/${index}`)
    if ('detail' in child) return child
    children.push(child)
  }
  return children
}

/** crew-go's names, or Crew v1's (`_child_id`, `_parent_ids`, `channel`): WIRE 4.2. */
function readChild(item: unknown, pointer: string): ChildInput | Fault {
  if (!isObject(item)) return { pointer, detail: 'expected an object' }
  const body = {
    ...item,
    id: item.id ?? item._child_id,
    worker: item.worker ?? item.channel,
    parentIds: item.parentIds ?? item._parent_ids,
  }
  const { input, faults } = parseTaskInput(body, pointer)
  const [fault] = faults
  if (fault) return fault
  if (input.worker === undefined) return { pointer: `${pointer}/worker`, detail: 'expected the name of a worker' }
  return { ...input, worker: input.worker, parentIds: input.parentIds ?? [] }
}

/** The outcome when what an answer asks for cannot be done: a bad child fails the attempt, with the pointer to it. */
export function refusedAnswer(fault: Fault): Outcome {
  return failure('badResponse', `${fault.pointer}: ${fault.detail}`)
}
