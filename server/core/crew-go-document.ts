import { cutError } from './attempt-record.ts'
import { KEPT_ERRORS } from './failure.ts'
import { DEFAULT_GROUP_SETTINGS } from './group-settings.ts'
import { isId } from './ids.ts'
import { newTask } from './new-task.ts'
import { JsonDepthError, JsonSyntaxError, parseJson, rawJsonOf } from './raw-json.ts'
import type { Task } from './task.ts'
import type { TaskGroup } from './task-group.ts'
import { isObject, MAX_NAME_LENGTH, MAX_PARENTS, parseTaskInput, type TaskField } from './task-input.ts'
import { parseTime, UNSET } from './time.ts'

/** What crew-go v1.0.5 stored under a key: the id that the key says, and the JSON text. */
export interface CrewGoDocument {
  readonly id: string
  readonly text: string
}

/** Why something is not imported: `malformed` is no JSON object, `refused` is one that Crew takes from nobody. */
export interface Unusable {
  readonly kind: 'malformed' | 'refused'
  readonly reason: string
}

export interface ImportedTask {
  readonly task: Task
  /** crew-go was waiting for its worker, or died while it was. */
  readonly wasExecuting: boolean
  /** What became different, a sentence each. */
  readonly changes: readonly string[]
}

/** What a document becomes, or why it becomes nothing. */
export type Reading<Value> = { readonly value: Value } | { readonly unusable: Unusable }

/** WIRE section 7: JSON at most 100 levels deep. */
const MAX_DEPTH = 100
const RAW_KEYS: ReadonlySet<string> = new Set(['input', 'output'])

/** What crew-go's tasks and Crew's have in common, under one name (WIRE section 1). */
const TASK_FIELDS: readonly TaskField[] = [
  ...(['name', 'worker', 'workgroup', 'key', 'remainingAttempts', 'isPaused', 'isComplete'] as const),
  ...(['runAfter', 'isSeed', 'errorDelayInSeconds', 'input', 'output'] as const),
]

/** The group that a task says it belongs to. */
export function readTaskGroupId(text: string): Reading<string> {
  const document = parseDocument(text)
  if ('unusable' in document) return document
  const { taskGroupId } = document.value
  return typeof taskGroupId === 'string' ? { value: taskGroupId } : refused('taskGroupId: expected a string')
}

/** v1.0.5 pauses each task of a group; versions before it wrote a flag into the group, which is read as well. */
export function readCrewGoGroup({ id, text }: CrewGoDocument, now: number): Reading<TaskGroup> {
  const document = parseDocument(text)
  if ('unusable' in document) return document
  const { name = '', isPaused = false } = document.value
  const createdAt = timeOf(document.value, 'createdAt', now)
  const fault = faultOfId(id, document.value)
  if (fault !== undefined) return refused(fault)
  if (createdAt === null) return refused('createdAt: expected an RFC 3339 time')
  if (typeof name !== 'string') return refused('name: expected a string')
  if (typeof isPaused !== 'boolean') return refused('isPaused: expected true or false')
  const settings = DEFAULT_GROUP_SETTINGS
  return {
    value: {
      id,
      name: cutName(name),
      createdAt,
      isPaused,
      stoppedBy: null,
      metadata: {},
      keyScope: 'group',
      settings,
      epoch: 0,
    },
  }
}

export function readCrewGoTask(
  { id, text }: CrewGoDocument,
  { group, now }: { readonly group: Pick<TaskGroup, 'id' | 'keyScope'>; readonly now: number },
): Reading<ImportedTask> {
  const document = parseDocument(text)
  if ('unusable' in document) return document
  const createdAt = timeOf(document.value, 'createdAt', now)
  const errors = errorsOf(document.value)
  const parentIds = parentIdsOf(document.value)
  const { input, faults } = parseTaskInput(withinLimits(document.value), '', TASK_FIELDS)
  const [first] = faults
  const fault = faultOfId(id, document.value) ?? (first && `${first.pointer.slice(1)}: ${first.detail}`)
  if (fault !== undefined) return refused(fault)
  if (createdAt === null) return refused('createdAt: expected an RFC 3339 time')
  if (errors === null) return refused('errors: expected an array')
  if (parentIds === null) return refused(`parentIds: expected an array of at most ${MAX_PARENTS} strings`)
  const { worker = '' } = input
  const birth = { groupId: group.id, keyScope: group.keyScope, now, createdBy: '', runAfter: now }
  const task = {
    ...newTask({ ...input, id, worker, parentIds }, birth),
    ...historyOf(errors, input.isComplete),
    createdAt,
  }
  const changes = input.name === (document.value.name ?? '') ? [] : ['its name is cut to what Crew takes']
  return { value: { task, wasExecuting: document.value.busyExecuting === true, changes } }
}

/** Null members are left out: crew-go reads them as if they were not there. */
function parseDocument(text: string): Reading<Record<string, unknown>> {
  try {
    const value = parseJson(text, { maxDepth: MAX_DEPTH, rawKeys: RAW_KEYS })
    if (!isObject(value)) return malformed('it is no JSON object')
    return { value: Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null)) }
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof JsonDepthError) return malformed(error.message)
    throw error
  }
}

const malformed = (reason: string): { unusable: Unusable } => ({ unusable: { kind: 'malformed', reason } })
const refused = (reason: string): { unusable: Unusable } => ({ unusable: { kind: 'refused', reason } })

/** crew-go finds everything by its key, so an id that says otherwise would leave children without their parent. */
function faultOfId(id: string, document: Record<string, unknown>): string | undefined {
  if (!isId(id)) return 'id: expected 1 to 128 of A-Z a-z 0-9 . _ : -'
  const own = document.id ?? ''
  return own === '' || own === id ? undefined : 'id: expected the one in its key'
}

/** Epoch milliseconds; `absent` when it is not there or the zero time, null when it is no time. */
function timeOf(document: Record<string, unknown>, name: string, absent: number): number | null {
  const time = parseTime(document[name] ?? null)
  return time === UNSET ? absent : time
}

/** A year, the longest delay that Crew takes. */
const MAX_DELAY_SECONDS = 366 * 24 * 3600

/** crew-go checked nothing: numbers beyond what Crew takes mean the nearest that it takes, and a name is only for people. */
function withinLimits(document: Record<string, unknown>): Record<string, unknown> {
  const { worker = '', name = '', remainingAttempts, errorDelayInSeconds } = document
  return {
    ...document,
    worker,
    name: typeof name === 'string' ? cutName(name) : name,
    remainingAttempts: clamp(remainingAttempts, Number.MAX_SAFE_INTEGER),
    errorDelayInSeconds: clamp(errorDelayInSeconds, MAX_DELAY_SECONDS),
  }
}

const clamp = (value: unknown, max: number): unknown =>
  typeof value === 'number' ? Math.min(Math.max(value, 0), max) : value

const cutName = (name: string): string => name.slice(0, MAX_NAME_LENGTH).toWellFormed().replaceAll('\u0000', '\ufffd')

function errorsOf({ errors = [] }: Record<string, unknown>): string[] | null {
  if (!Array.isArray(errors)) return null
  return errors.map((error: unknown) => (typeof error === 'string' ? error : rawJsonOf(error).text))
}

/** Any strings: what names no task that is imported is left out later. */
function parentIdsOf({ parentIds = [] }: Record<string, unknown>): string[] | null {
  if (!Array.isArray(parentIds) || parentIds.length > MAX_PARENTS) return null
  return parentIds.every((id) => typeof id === 'string') ? [...new Set(parentIds)] : null
}

/** crew-go wrote one error for each attempt that failed, and nothing for one that did not. */
function historyOf(errors: readonly string[], isComplete = false): Pick<Task, 'errors' | 'failures' | 'attempts'> {
  const failures = errors.length
  return { errors: errors.slice(-KEPT_ERRORS).map(cutError), failures, attempts: failures + (isComplete ? 1 : 0) }
}
