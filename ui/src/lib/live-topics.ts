import type { QueryKey } from '@tanstack/react-query'

/** What changed under a topic, as the server tells it. */
export interface Delta {
  readonly topic: string
  readonly tasks?: readonly string[]
  readonly groups?: readonly string[]
  readonly workers?: readonly string[]
  readonly workgroups?: readonly string[]
  readonly schedules?: readonly string[]
  /** Something was created or deleted. */
  readonly isListChanged?: boolean
  /** More changed than is named. */
  readonly isPartial?: boolean
}

/**
 * What a query is about, by the first word of its key and the second. One that is not here is asked for again and again. Figures of
 * workers and workgroups move with tasks, which `groups` tells of.
 */
const topicsOfKind: Readonly<Record<string, (id: string) => readonly string[]>> = {
  groups: () => ['groups'],
  overview: () => ['groups', 'workgroups'],
  group: (id) => [`group:${id}`],
  errors: (groupId) => [groupId === '' ? 'groups' : `group:${groupId}`],
  error: () => ['groups'],
  timeline: (groupId) => [`group:${groupId}`],
  'group why': (groupId) => [`group:${groupId}`, 'workers', 'workgroups'],
  tasks: (groupId) => [`group:${groupId}`],
  graph: (groupId) => [`group:${groupId}`],
  'critical path': (groupId) => [`group:${groupId}`],
  task: (id) => [`task:${id}`],
  request: (id) => [`task:${id}`],
  attempts: (id) => [`task:${id}`],
  why: (id) => [`task:${id}`, 'workers', 'workgroups'],
  workers: () => ['workers', 'groups'],
  worker: () => ['workers', 'groups'],
  workgroups: () => ['workgroups', 'groups'],
  workgroup: () => ['workgroups', 'groups'],
  'workgroup holds': () => ['workgroups'],
  'waiting groups': () => ['workgroups', 'groups'],
  traffic: () => ['groups'],
  schedules: () => ['schedules'],
  schedule: () => ['schedules'],
}

export function topicsOf([kind, id]: QueryKey): readonly string[] {
  return topicsOfKind[String(kind)]?.(String(id)) ?? []
}

/** Whether what is shown may have changed: a list without a filter only by its own rows, and by what comes and goes. */
export function isTouched(key: QueryKey, data: unknown, delta: Delta): boolean {
  if (!topicsOf(key).includes(delta.topic)) return false
  if (delta.isListChanged || delta.isPartial) return true
  const [kind, id, search] = key
  if (kind === 'groups') return isFiltered(id) || isRow(data, 'taskGroups', delta.groups)
  if (kind === 'tasks') return isFiltered(search) || isRow(data, 'tasks', delta.tasks)
  if (kind === 'worker') return !delta.workers || delta.workers.includes(String(id))
  if (kind === 'workgroup') return !delta.workgroups || delta.workgroups.includes(String(id))
  if (kind === 'schedule') return delta.schedules?.includes(String(id)) ?? true
  return true
}

/** A change of state brings rows into a filtered list that were not in it. */
const isFiltered = (search: unknown): boolean =>
  Object.entries(search ?? {}).some(([name, value]) => !['page', 'pageSize'].includes(name) && value !== undefined)

function isRow(data: unknown, list: string, ids: readonly string[] = []): boolean {
  const rows = (data as Readonly<Record<string, readonly { readonly id: string }[]>> | undefined)?.[list]
  return rows?.some(({ id }) => ids.includes(id)) ?? true
}
