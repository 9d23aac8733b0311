import type { GroupSearch } from './list-search.ts'

/** What the list of groups is looked at for. Each is nothing but a filter, so an address tells it. */
export interface GroupView {
  readonly label: string
  readonly filter: Pick<GroupSearch, 'state' | 'failing'>
  /** How many there are of it, in the overview. */
  readonly counted: 'failing' | 'active' | 'paused' | 'succeeded' | null
}

export const GROUP_VIEWS: readonly GroupView[] = [
  { label: 'All', filter: {}, counted: null },
  { label: 'Needs attention', filter: { failing: true }, counted: 'failing' },
  { label: 'Running', filter: { state: 'active' }, counted: 'active' },
  { label: 'Paused', filter: { state: 'paused' }, counted: 'paused' },
  { label: 'Finished', filter: { state: 'succeeded' }, counted: 'succeeded' },
]

export const isView = ({ filter }: GroupView, { state, failing }: GroupSearch): boolean =>
  filter.state === state && (filter.failing ?? false) === (failing ?? false)

/** In which order, as people say it; the first is the usual one. */
export const GROUP_SORTS = [
  ['-createdAt', 'newest first'],
  ['createdAt', 'oldest first'],
  ['name', 'by name'],
  ['-name', 'by name, from z'],
] as const
export type GroupSort = (typeof GROUP_SORTS)[number][0]
