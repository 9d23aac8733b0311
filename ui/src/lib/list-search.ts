import { GROUP_SORTS, type GroupSort } from './group-views.ts'
import { GROUP_LOOKS, type GroupState, TASK_STATES, type TaskState } from './states.ts'

/** What the address of a list holds. What stands for the usual is left out, so that addresses stay short. */
export interface PageSearch {
  readonly q?: string
  readonly page?: number
  readonly pageSize?: number
}

export interface TaskSearch extends PageSearch {
  readonly state?: TaskState
  readonly worker?: string
  readonly workgroup?: string
  readonly open?: boolean
  /** How the graph above the list is drawn. */
  readonly graph?: GraphLook
  /** The task that is shown beside the list. */
  readonly task?: string
}

export const GRAPH_LOOKS = ['stages', 'tasks'] as const
export type GraphLook = (typeof GRAPH_LOOKS)[number]
export interface GroupSearch extends PageSearch {
  readonly state?: GroupState
  /** Only those in which something failed. */
  readonly failing?: boolean
  readonly sort?: GroupSort
}

export interface ActivitySearch extends Omit<PageSearch, 'q'> {
  readonly actor?: string
  readonly action?: string
  readonly target?: string
}

export interface ErrorSearch extends PageSearch {
  readonly taskGroup?: string
  readonly worker?: string
}

export const PAGE_SIZES = [20, 50, 100]
export const DEFAULT_PAGE_SIZE = 20

/** Reads an address that anybody may have written: what is no filter is dropped. */
export function readPageSearch(given: Readonly<Record<string, unknown>>): PageSearch {
  const page = wholeNumber(given.page)
  const pageSize = wholeNumber(given.pageSize)
  return {
    ...textOf('q', given.q),
    ...(page !== null && page > 1 && { page }),
    ...(pageSize !== null && pageSize !== DEFAULT_PAGE_SIZE && PAGE_SIZES.includes(pageSize) && { pageSize }),
  }
}

export function readGroupSearch(given: Readonly<Record<string, unknown>>): GroupSearch {
  const state = (Object.keys(GROUP_LOOKS) as GroupState[]).find((each) => each === given.state)
  const sort = GROUP_SORTS.slice(1).find(([each]) => each === given.sort)?.[0]
  return {
    ...readPageSearch(given),
    ...(state && { state }),
    ...(isTrue(given.failing) && { failing: true }),
    ...(sort && { sort }),
  }
}

export function readErrorSearch(given: Readonly<Record<string, unknown>>): ErrorSearch {
  return { ...readPageSearch(given), ...textOf('taskGroup', given.taskGroup), ...textOf('worker', given.worker) }
}

export function readTaskSearch(given: Readonly<Record<string, unknown>>): TaskSearch {
  const state = TASK_STATES.find((each) => each === given.state)
  const graph = GRAPH_LOOKS.find((each) => each === given.graph)
  return {
    ...readPageSearch(given),
    ...(state && { state }),
    ...textOf('worker', given.worker),
    ...textOf('workgroup', given.workgroup),
    ...(graph && { graph }),
    ...textOf('task', given.task),
    ...(isTrue(given.open) && { open: true }),
  }
}

export function readActivitySearch(given: Readonly<Record<string, unknown>>): ActivitySearch {
  const { q: _q, ...page } = readPageSearch(given)
  return {
    ...page,
    ...textOf('actor', given.actor),
    ...textOf('action', given.action),
    ...textOf('target', given.target),
  }
}
const isTrue = (value: unknown): boolean => value === true || value === 'true'

/** Another filter begins at its first page. An empty one is no filter. */
export function withFilter<Search extends PageSearch>(
  search: Search,
  change: Partial<Record<keyof Search, unknown>>,
): Search {
  const { page: _page, ...rest } = { ...search, ...change }
  const kept = Object.entries(rest).filter(([, value]) => value !== undefined && value !== '' && value !== false)
  return Object.fromEntries(kept) as unknown as Search
}

/** The API takes 200 characters to search for. */
const MAX_TEXT = 200

function textOf<Name extends string>(name: Name, value: unknown): Partial<Record<Name, string>> {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, MAX_TEXT) : ''
  return (text === '' ? {} : { [name]: text }) as Partial<Record<Name, string>>
}

function wholeNumber(value: unknown): number | null {
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 1 && number <= 1_000_000_000
    ? number
    : null
}
