import type { Fault } from './errors.ts'
import { orderGraph } from './graph.ts'
import type { GroupSettings } from './group-settings.ts'
import { newTask } from './new-task.ts'
import type { Task } from './task.ts'
import type { KeyScope, TaskGroup } from './task-group.ts'
import type { TaskInput } from './task-input.ts'

/** The group that each firing creates. The ids of its tasks are local: each firing has real ones of its own. */
export interface ScheduleTemplate extends Partial<GroupSettings> {
  readonly name: string
  readonly metadata: Readonly<Record<string, string>>
  readonly keyScope: KeyScope
  readonly isPaused: boolean
  readonly tasks: readonly TaskTemplate[]
}

export type TaskTemplate = TaskInput & { readonly worker: string }

/** What a firing adds to the metadata of its group. */
export const FIRING_METADATA = ['schedule', 'scheduledFor'] as const

/** What keeps the tasks from being created together, with pointers below the template. */
export function refusalOfTemplate(
  template: ScheduleTemplate,
): { readonly code: 'duplicate_id' | 'unknown_parent' | 'cycle'; readonly faults: readonly Fault[] } | null {
  const nodes = withIds(template.tasks, (task, index) => localId(task, index))
  const graph = orderGraph({ nodes, ...NOTHING_STORED, pointer: (index) => `/tasks/${index}` })
  return graph.kind === 'refused' ? graph : null
}

/** The tasks of one firing, parents first. Made from the group's id alone, so that a repeat makes the same. */
export function tasksOfFiring(template: ScheduleTemplate, group: TaskGroup): Task[] {
  const ids = new Map(
    template.tasks.map((task, index) => [localId(task, index), firedTaskId(group.id, task, index)] as const),
  )
  const nodes = withIds(template.tasks, (task, index) => ids.get(localId(task, index)) as string).map((task) => ({
    ...task,
    parentIds: task.parentIds.map((local) => ids.get(local) ?? local),
  }))
  const graph = orderGraph({ nodes, ...NOTHING_STORED, pointer: (index) => `/tasks/${index}` })
  if (graph.kind === 'refused') throw new Error(`a template was stored that is refused: ${graph.code}`)
  const { id: groupId, keyScope, createdAt: now } = group
  return graph.nodes.map((task) => newTask(task, { groupId, keyScope, now, createdBy: '', runAfter: now }))
}

const NOTHING_STORED = { takenIds: new Set<string>(), knownParents: new Set<string>() }

type NamedTask = TaskTemplate & { readonly id: string; readonly parentIds: string[] }

function withIds(
  tasks: readonly TaskTemplate[],
  idOf: (task: TaskTemplate, index: number) => string,
): readonly NamedTask[] {
  return tasks.map((task, index) => ({ ...task, id: idOf(task, index), parentIds: task.parentIds ?? [] }))
}

/** A task without an id is called by its place; a space stands in no id, so nothing else is called so. */
const localId = ({ id }: TaskTemplate, index: number): string => id || ` ${index}`

const MAX_ID_LENGTH = 128

/** `GROUP.LOCAL`, which people recognize, or `GROUP:PLACE` where there is no local id or it is too long. */
function firedTaskId(groupId: string, { id = '' }: TaskTemplate, index: number): string {
  const named = `${groupId}.${id}`
  return id === '' || named.length > MAX_ID_LENGTH ? `${groupId}:${index}` : named
}
