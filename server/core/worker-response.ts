import { cutError } from './attempt-record.ts'
import { type ChildInput, readChildren } from './child-input.ts'
import { cutText } from './cut-text.ts'
import type { Fault } from './errors.ts'
import { type AnswerHeaders, MAX_DELAY_MS, rateLimitDelayMs } from './rate-limit-headers.ts'
import { JSON_LIMITS, JsonDepthError, JsonSizeError, JsonSyntaxError, parseJson, RawJson } from './raw-json.ts'
import { isObject, isWellFormed, MAX_LABEL_LENGTH } from './task-input.ts'

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
  if (isRateLimit(reply, now)) return readRateLimit(reply, body, now)
  if (reply.status < 200 || reply.status > 299) return readRefusal(reply, body)
  if (reply.status === 202)
    return failure('badResponse', 'HTTP 202: a call by hand offers no callback, so nothing can finish it later')
  return readSuccess(body)
}

/** Whether the worker took the task and finishes it later, through its callback (WIRE 5.3). */
export const isAcceptance = (reply: WorkerReply): reply is WorkerReply & { kind: 'answer' } =>
  reply.kind === 'answer' && reply.status === 202

/** What a 202 says about time; whatever else is in it, or wrong with it, is of no account: the result is still to come. */
export function readAcceptance(reply: WorkerReply & { kind: 'answer' }): Delays {
  const body = readBody(reply.body)
  const common = 'fields' in body ? readCommon(body.fields) : { fault: null }
  return 'fault' in common ? noDelays : common.delays
}

/** What a worker tells later, or of a task that it fetched: the fields of an answer, with no status beside them (WIRE 2 and 5.3). */
export interface OutsideAnswer {
  /** `fail`: a failure also when it names no error. */
  readonly kind: 'complete' | 'fail'
  readonly body: string
}

/** `rateLimited` in it says what the status 429 says of an answer: the wait uses up no attempt. */
export function readOutsideAnswer({ kind, body: text }: OutsideAnswer): Outcome {
  const body = readBody(text)
  if (!('fields' in body)) return readSuccess(body)
  const isRateLimited = body.fields.rateLimited === true
  if (kind === 'complete' && !isRateLimited) return readSuccess(body)
  const failed = readFailure(body)
  return isRateLimited && failed.reason === 'failed' ? rateLimitedBy(failed) : failed
}

function readFailure(body: Body): Refused {
  const read = readFields(body)
  if (read.kind === 'failure') return read
  const { fields, common } = read
  const error = hasError(fields) ? errorText(fields.error) : 'the worker says that it failed'
  return { kind: 'failure', reason: 'failed', error, ...common }
}

function rateLimitedBy({ error, output, delays, isRetryable, retryAfterMs }: Refused): Outcome {
  const common = { kind: 'rateLimited' as const, error, output, delays, isRetryable, retryAfterMs }
  if (delays.workgroupDelayMs === 0) return { ...common, holdMs: null, source: 'rateLimited' }
  return { ...common, holdMs: delays.workgroupDelayMs, source: 'workgroupDelayInSeconds' }
}

/** A 503 counts only with a `Retry-After` that can be read: a malformed header is ignored, as if it were not there. */
function isRateLimit({ status, headers }: WorkerReply & { kind: 'answer' }, now: number): boolean {
  return status === 429 || (status === 503 && rateLimitDelayMs(headers, now)?.source === 'Retry-After')
}

type Body = { readonly fields: Record<string, unknown> } | { readonly problem: string; readonly shown: string }

function readBody(text: string): Body {
  if (text.trim() === '') return { fields: {} }
  try {
    const value = parseJson(text, { maxDepth: MAX_JSON_DEPTH, rawKeys, limits: JSON_LIMITS })
    return isObject(value)
      ? { fields: value }
      : { problem: 'the answer is not a JSON object', shown: cutText(text, SHOWN_BYTES) }
  } catch (error) {
    if (error instanceof JsonSizeError)
      return { problem: `the answer is too large (${error.message})`, shown: cutText(text, SHOWN_BYTES) }
    if (!(error instanceof JsonSyntaxError || error instanceof JsonDepthError)) throw error
    return { problem: `the answer is not a JSON object (${error.message})`, shown: cutText(text, SHOWN_BYTES) }
  }
}

function readFields(body: Body): { kind: 'fields'; fields: Record<string, unknown>; common: Common } | Refused {
  if ('problem' in body) return failure('badResponse', `${body.problem}: ${body.shown}`)
  const common = readCommon(body.fields)
  if ('fault' in common) return failure('badResponse', `${common.fault.pointer}: ${common.fault.detail}`)
  return { kind: 'fields', fields: body.fields, common }
}

type Refused = Outcome & { kind: 'failure' }

function readSuccess(body: Body): Outcome {
  const read = readFields(body)
  if (read.kind === 'failure') return read
  const { fields, common } = read
  if (hasError(fields)) return { kind: 'failure', reason: 'failed', error: errorText(fields.error), ...common }
  const children = readChildren(fields.children)
  if (!Array.isArray(children)) return { ...refusedAnswer(children), ...common }
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
  if (workgroup !== null && !isLabel(workgroup)) {
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

const isLabel = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_LABEL_LENGTH && isWellFormed(value)

/** WIRE section 3: values above 24 h are cut. */
const toDelayMs = (seconds: number): number => Math.min(MAX_DELAY_MS, Math.ceil(seconds * 1000))

const hasError = (fields: Record<string, unknown>): boolean => fields.error !== undefined && fields.error !== null

function errorText(error: unknown): string {
  return cutError(typeof error === 'string' ? error : JSON.stringify(error))
}

function statusText(reply: WorkerReply & { kind: 'answer' }): string {
  const redirect = reply.status >= 300 && reply.status <= 399 ? ' (redirects are not followed)' : ''
  const shown = cutText(reply.body, SHOWN_BYTES).trim()
  return `HTTP ${reply.status}${redirect}${shown === '' ? '' : `: ${shown}`}`
}

function failure(
  reason: 'failed' | 'timeout' | 'networkError' | 'badResponse',
  error: string,
): Outcome & { kind: 'failure' } {
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

/** The outcome when what an answer asks for cannot be done: a bad child fails the attempt, with the pointer to it. */
export function refusedAnswer(fault: Fault): Outcome & { kind: 'failure' } {
  return failure('badResponse', `${fault.pointer}: ${fault.detail}`)
}
