import { editableFields } from '../core/edits.ts'
import type { Fault } from '../core/errors.ts'
import type { KeyScope } from '../core/task-group.ts'
import { isObject, parseTaskInput, type TaskInput } from '../core/task-input.ts'
import type { GroupInput } from '../services/groups.ts'
import { MAX_FAULTS } from './problem.ts'
import { refuseFaults } from './validation.ts'

/** Tasks in one call (WIRE section 2). */
export const MAX_BATCH = 10_000

/** A group's fields that a task has as well, so that their rules are those of core/task-input. */
const groupFields = ['id', 'name', 'metadata', 'isPaused'] as const

type Parsed<Value> = { readonly input: Value; readonly faults: readonly Fault[] }

/** A task to create. Refuses with all faults at once. */
export const readTask = (body: unknown): TaskInput => accepted(parseNewTask(body ?? {}, ''))

/** A change of a task. */
export const readTaskEdit = (body: unknown): TaskInput => accepted(parseTaskInput(body ?? {}, '', editableFields))

/** The tasks of a batch. */
export const readBatch = (body: unknown): TaskInput[] => accepted(parseTasks(body ?? {}))

/** A group to create. */
export function readGroup(body: unknown): GroupInput {
  const { name = '', ...rest } = accepted(parseGroup(body ?? {}))
  return { ...rest, name }
}

/** A group with all its tasks. */
export function readGraph(body: unknown): GroupInput & { tasks: TaskInput[] } {
  const group = parseGroup(body ?? {})
  const tasks = parseTasks(body ?? {})
  const { name = '', ...rest } = accepted({ input: group.input, faults: [...group.faults, ...tasks.faults] })
  return { ...rest, name, tasks: tasks.input }
}

export type GroupEdit = { name?: string; metadata?: Record<string, string>; keyScope?: KeyScope }

/** A change of a group; pausing has routes of its own. */
export function readGroupEdit(body: unknown): GroupEdit {
  const { id: _id, isPaused: _isPaused, ...edit } = accepted(parseGroup(body ?? {}))
  return edit
}

function accepted<Value>({ input, faults }: Parsed<Value>): Value {
  refuseFaults(faults)
  return input
}

function parseNewTask(body: unknown, pointer: string): { input: TaskInput; faults: Fault[] } {
  const { input, faults } = parseTaskInput(body, pointer)
  const isMissing = isObject(body) && !Object.hasOwn(body, 'worker')
  if (isMissing) faults.push({ pointer: `${pointer}/worker`, detail: 'is required: the name of a worker' })
  return { input, faults }
}

function parseTasks(body: unknown): Parsed<TaskInput[]> {
  const list = isObject(body) && Object.hasOwn(body, 'tasks') ? body.tasks : undefined
  if (!Array.isArray(list)) return refusedTasks('expected an array of tasks')
  if (list.length > MAX_BATCH) return refusedTasks(`expected at most ${MAX_BATCH} tasks, got ${list.length}`)
  const faults: Fault[] = []
  const input: TaskInput[] = []
  for (const [index, item] of list.entries()) {
    const parsed = parseNewTask(item, `/tasks/${index}`)
    input.push(parsed.input)
    faults.push(...parsed.faults)
    if (faults.length >= MAX_FAULTS) break
  }
  return { input, faults }
}

function refusedTasks(detail: string): Parsed<TaskInput[]> {
  return { input: [], faults: [{ pointer: '/tasks', detail }] }
}

function parseGroup(body: unknown): Parsed<GroupEdit & { id?: string; isPaused?: boolean }> {
  const { input, faults } = parseTaskInput(body, '', groupFields)
  const scope = parseKeyScope(body)
  return { input: { ...input, ...scope.input }, faults: [...faults, ...scope.faults] }
}

function parseKeyScope(body: unknown): Parsed<{ keyScope?: KeyScope }> {
  const keyScope = isObject(body) && Object.hasOwn(body, 'keyScope') ? body.keyScope : undefined
  if (keyScope === undefined) return { input: {}, faults: [] }
  if (keyScope === 'group' || keyScope === 'worker') return { input: { keyScope }, faults: [] }
  return { input: {}, faults: [{ pointer: '/keyScope', detail: 'expected "group" or "worker"' }] }
}
