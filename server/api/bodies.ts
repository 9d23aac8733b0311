import { isOfNotifications } from '../core/delivery.ts'
import { editableFields } from '../core/edits.ts'
import type { Fault } from '../core/errors.ts'
import { type LimitsEdit, limitFields, parseLimits, unknownFields } from '../core/gate-limits.ts'
import { type GivenSettings, parseGroupSettings } from '../core/group-settings.ts'
import { type OperatorEdit, parseOperatorEdit } from '../core/operator-edit.ts'
import { eventTypes, type GivenReceiver, parseReceivers, type ReceiverPolicy } from '../core/receiver.ts'
import type { KeyScope } from '../core/task-group.ts'
import { isObject, parseTaskInput, type TaskInput } from '../core/task-input.ts'
import { parseWorkerEdit, type SettingsPolicy, type WorkerEdit } from '../core/worker-edit.ts'
import type { GroupEdit, GroupInput } from '../services/groups.ts'
import { MAX_FAULTS } from './problem.ts'
import { invalidRequest, refuseFaults } from './validation.ts'

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

/** A group as it was sent: what a receiver's secrets are is not stored yet. */
export type Given<Group> = Omit<Group, keyof GivenSettings> & GivenSettings

/** A group to create. */
export function readGroup(body: unknown, policy: ReceiverPolicy): Given<GroupInput> {
  const { name = '', ...rest } = accepted(parseNewGroup(body ?? {}, policy))
  return { ...rest, name }
}

/** A group with all its tasks. */
export function readGraph(body: unknown, policy: ReceiverPolicy): Given<GroupInput> & { tasks: TaskInput[] } {
  const group = parseNewGroup(body ?? {}, policy)
  const tasks = parseTasks(body ?? {})
  const { name = '', ...rest } = accepted({ input: group.input, faults: [...group.faults, ...tasks.faults] })
  return { ...rest, name, tasks: tasks.input }
}

/** A change of a group; pausing has routes of its own. */
export function readGroupEdit(body: unknown, policy: ReceiverPolicy): Given<GroupEdit> {
  const { id: _id, isPaused: _isPaused, ...edit } = accepted(parseGroup(body ?? {}, policy))
  return edit
}

/** Who is told of all groups. */
export function readNotifications(body: unknown, policy: ReceiverPolicy): GivenReceiver[] {
  if (!isObject(body)) throw invalidRequest([{ pointer: '', detail: 'expected a JSON object' }])
  const list = Object.hasOwn(body, 'notify') ? body.notify : undefined
  const { given: input, faults } = parseReceivers(list, { pointer: '/notify', policy, events: eventTypes })
  return accepted({ input, faults: [...unknownFields(body, ['notify']), ...faults] })
}

/** A change of limits alone. */
export function readLimits(given: unknown): LimitsEdit {
  const body = given ?? {}
  if (!isObject(body)) throw invalidRequest([{ pointer: '', detail: 'expected a JSON object' }])
  const { edit, faults } = parseLimits(body)
  return accepted({ input: edit, faults: [...unknownFields(body, limitFields), ...faults] })
}

/** A new operator of Crew v1 (`channel` null), or a change of one. */
export const readOperator = (body: unknown, channel: string | null, policy: SettingsPolicy): OperatorEdit =>
  accepted(parseOperatorEdit(body ?? {}, channel, policy))

/** A change of a worker or a rule. */
export function readWorkerEdit(body: unknown, name: string, policy: SettingsPolicy): WorkerEdit {
  const { edit, faults } = parseWorkerEdit(body ?? {}, name, policy)
  return accepted({ input: edit, faults })
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

/** The groups of deliveries are Crew's own: whoever made that of tomorrow, paused, would hold back all that is told. */
function parseNewGroup(body: unknown, policy: ReceiverPolicy): ReturnType<typeof parseGroup> {
  const { input, faults } = parseGroup(body, policy)
  if (!isOfNotifications(input.id ?? '')) return { input, faults }
  const detail = 'ids that begin with "crew.notifications." are Crew\'s own'
  return { input, faults: [...faults, { pointer: '/id', detail }] }
}

function parseGroup(
  body: unknown,
  policy: ReceiverPolicy,
): Parsed<Given<GroupEdit> & { id?: string; isPaused?: boolean }> {
  const { input, faults } = parseTaskInput(body, '', groupFields)
  const scope = parseKeyScope(body)
  const settings = parseGroupSettings(body, policy)
  return {
    input: { ...input, ...scope.input, ...settings.input },
    faults: [...faults, ...scope.faults, ...settings.faults],
  }
}

function parseKeyScope(body: unknown): Parsed<{ keyScope?: KeyScope }> {
  const keyScope = isObject(body) && Object.hasOwn(body, 'keyScope') ? body.keyScope : undefined
  if (keyScope === undefined) return { input: {}, faults: [] }
  if (keyScope === 'group' || keyScope === 'worker') return { input: { keyScope }, faults: [] }
  return { input: {}, faults: [{ pointer: '/keyScope', detail: 'expected "group" or "worker"' }] }
}
