import { MAX_DELAY_SECONDS, type RetryPolicy } from './backoff.ts'
import type { Fault } from './errors.ts'
import { isId, isReceiver, isWorkerName, RECEIVER_PREFIX } from './ids.ts'
import { RawJson, rawJsonOf } from './raw-json.ts'
import { parseTime } from './time.ts'

/** A task as a client or a worker's answer asks for it; what is absent gets its default (WIRE section 1). */
export interface TaskInput {
  id?: string
  name?: string
  worker?: string
  workgroup?: string
  key?: string
  remainingAttempts?: number
  priority?: number
  progressWeight?: number
  isPaused?: boolean
  isComplete?: boolean
  /** Epoch ms; 0 is unset. */
  runAfter?: number
  isSeed?: boolean
  errorDelayInSeconds?: number
  retry?: RetryPolicy | null
  timeoutSeconds?: number | null
  /** Exact JSON text. */
  input?: string
  output?: string
  metadata?: Record<string, string>
  parentIds?: string[]
}

/** Names are shown in lists: longer ones are somebody's payload. */
export const MAX_NAME_LENGTH = 1000
/** Workgroups and keys are indexed. */
export const MAX_LABEL_LENGTH = 256
/** WIRE section 1: metadata is for search. */
export const MAX_METADATA = 32
const MAX_METADATA_VALUE = 1024
/** A join of a whole batch is allowed, an endless list is not. */
export const MAX_PARENTS = 10_000

/** What is wrong with a value; `at` is where in it. */
type Refusal = { fault: string; at?: `/${string}` }
type FieldParser<Value> = (value: unknown) => { value: Value } | Refusal

const text =
  (maxLength: number): FieldParser<string> =>
  (value) => {
    if (value === null) return { value: '' }
    if (typeof value !== 'string') return { fault: 'expected a string' }
    if (value.length > maxLength) return { fault: `expected at most ${maxLength} characters` }
    return isWellFormed(value) ? { value } : { fault: 'expected text without lone surrogates or NUL' }
  }

const flag: FieldParser<boolean> = (value) =>
  typeof value === 'boolean' ? { value } : { fault: 'expected true or false' }

const integer =
  (minimum: number): FieldParser<number> =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= minimum
      ? { value: value as number }
      : { fault: minimum === 0 ? 'expected an integer, 0 or more' : 'expected an integer' }

const number =
  (isAllowed: (n: number) => boolean, expected: string): FieldParser<number> =>
  (value) =>
    typeof value === 'number' && Number.isFinite(value) && isAllowed(value)
      ? { value }
      : { fault: `expected ${expected}` }

const orNull =
  <Value>(parse: FieldParser<Value>): FieldParser<Value | null> =>
  (value) =>
    value === null ? { value: null } : parse(value)

const fields = {
  id: (value) =>
    value === null || value === '' || isId(value)
      ? { value: (value ?? '') as string }
      : { fault: 'expected 1 to 128 of A-Z a-z 0-9 . _ : -' },
  name: text(MAX_NAME_LENGTH),
  worker: (value) =>
    isWorkerName(value)
      ? ownWorker(value)
      : { fault: 'expected a worker name: 1 to 256 of A-Z a-z 0-9 . _ ~ / -, no "..", no leading "/"' },
  workgroup: text(MAX_LABEL_LENGTH),
  key: text(MAX_LABEL_LENGTH),
  remainingAttempts: integer(0),
  priority: integer(Number.MIN_SAFE_INTEGER),
  progressWeight: number((n) => n > 0 && n <= 1e6, 'a number above 0, at most 1000000'),
  isPaused: flag,
  isComplete: flag,
  runAfter: (value) => {
    const time = parseTime(value)
    return time === null ? { fault: 'expected an RFC 3339 time, like 2026-11-22T10:00:00.000Z' } : { value: time }
  },
  isSeed: flag,
  errorDelayInSeconds: number((n) => n >= 0 && n <= MAX_DELAY_SECONDS, 'a number of seconds, 0 or more'),
  retry: orNull(parseRetry),
  timeoutSeconds: orNull(number((n) => n > 0 && n <= 24 * 3600, 'a number of seconds above 0, at most 86400')),
  input: rawText,
  output: rawText,
  metadata: (value) => (value === null ? { value: {} } : parseMetadata(value)),
  parentIds: (value) => (value === null ? { value: [] } : parseParentIds(value)),
} satisfies { [Field in keyof TaskInput]-?: FieldParser<Exclude<TaskInput[Field], undefined>> }

/** What a receiver gets is signed in Crew's name: nobody else may say what it is. */
function ownWorker(value: string): { value: string } | Refusal {
  return isReceiver(value) ? { fault: `names that begin with "${RECEIVER_PREFIX}" are Crew's own` } : { value }
}

export type TaskField = keyof TaskInput

/**
 * Reads the task fields out of a parsed JSON object; fields it does not know are ignored, as the earlier clients send whole
 * tasks back. Faults carry pointers below `pointer`.
 */
export function parseTaskInput(
  body: unknown,
  pointer: string,
  names: readonly TaskField[] = taskFields,
): { input: TaskInput; faults: Fault[] } {
  if (!isObject(body)) return { input: {}, faults: [{ pointer, detail: 'expected a JSON object' }] }
  const input: Record<string, unknown> = {}
  const faults: Fault[] = []
  for (const name of names) {
    const value = Object.hasOwn(body, name) ? body[name] : undefined
    if (value === undefined) continue
    const parsed: { value: unknown } | Refusal = fields[name](value)
    if ('fault' in parsed) faults.push({ pointer: `${pointer}/${name}${parsed.at ?? ''}`, detail: parsed.fault })
    else input[name] = parsed.value
  }
  return { input: input as TaskInput, faults }
}

/** Every field a client may set when it creates a task. */
export const taskFields = Object.keys(fields) as readonly TaskField[]

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RawJson)
}

/** Lone surrogates would be stored as U+FFFD, NUL cuts strings in C libraries: neither survives a round trip. */
export function isWellFormed(value: string): boolean {
  return value.isWellFormed() && !value.includes('\u0000')
}

function rawText(value: unknown): { value: string } {
  return { value: (value instanceof RawJson ? value : rawJsonOf(value)).text }
}

/** What a retry policy says. */
export const retryFields = ['strategy', 'factor', 'maxSeconds', 'jitter'] as const satisfies (keyof RetryPolicy)[]

function parseRetry(value: unknown): { value: RetryPolicy } | Refusal {
  if (!isObject(value)) return { fault: `expected null or {${retryFields.join(', ')}}` }
  const { strategy = 'fixed', factor = 2, maxSeconds = null, jitter = 0 } = value
  if (strategy !== 'fixed' && strategy !== 'exponential')
    return { at: '/strategy', fault: 'expected "fixed" or "exponential"' }
  if (!isBetween(factor, 1, 1000)) return { at: '/factor', fault: 'expected a number from 1 to 1000' }
  if (maxSeconds !== null && !isBetween(maxSeconds, 0, MAX_DELAY_SECONDS))
    return { at: '/maxSeconds', fault: `expected null or a number of seconds from 0 to ${MAX_DELAY_SECONDS}` }
  if (!isBetween(jitter, 0, 1)) return { at: '/jitter', fault: 'expected a fraction from 0 to 1' }
  return { value: { strategy, factor, maxSeconds, jitter } }
}

function isBetween(value: unknown, low: number, high: number): value is number {
  return typeof value === 'number' && value >= low && value <= high
}

function parseMetadata(value: unknown): { value: Record<string, string> } | { fault: string } {
  if (!isObject(value)) return { fault: 'expected an object of strings' }
  const entries = Object.entries(value)
  if (entries.length > MAX_METADATA) return { fault: `expected at most ${MAX_METADATA} entries` }
  for (const [name, content] of entries) {
    if (typeof content !== 'string') return { fault: `${name}: expected a string` }
    if (name.length > MAX_LABEL_LENGTH || content.length > MAX_METADATA_VALUE) return { fault: `${name}: too long` }
    if (!isWellFormed(name) || !isWellFormed(content))
      return { fault: `${name}: expected text without lone surrogates` }
  }
  return { value: Object.fromEntries(entries) as Record<string, string> }
}

function parseParentIds(value: unknown): { value: string[] } | { fault: string } {
  if (!Array.isArray(value) || !value.every(isId)) return { fault: 'expected an array of task ids' }
  if (value.length > MAX_PARENTS) return { fault: `expected at most ${MAX_PARENTS} parents` }
  return { value: [...new Set(value as string[])] }
}
