import { type CountedGroup, letterOf } from '../../server/core/task-group.ts'
import type { GroupQuery } from '../task-storage.ts'
import { slicesOf } from './slices.ts'
import type { GroupList, ListedGroup, Places, RangeOfGroups, Store, WordedGroup } from './store.ts'
import { contains, sortKey } from './texts.ts'

/** Groups described in one script: 30 µs each. */
const GROUPS_PER_READ = 200

/**
 * A page of groups. Lists are kept by state and of those with failed tasks, newest last: what they answer is read by place. What is
 * asked beyond that looks through the words of all groups of a list, in parts.
 */
export async function findGroups(
  store: Store,
  query: GroupQuery,
  places: Places,
): Promise<{ groups: CountedGroup[]; count: number }> {
  const { groups, count } = isListed(query) ? await readLists(store, query, places) : await search(store, query, places)
  const found = await readInOrder(store, groups)
  return { groups: found, count: count - (groups.length - found.length) }
}

/** Whether the lists that are kept say all that is asked for. */
function isListed({ search, states, isFailing, createdAfter, createdBefore, sort }: GroupQuery): boolean {
  const isOfLists = !(states && isFailing) && createdAfter === undefined && createdBefore === undefined
  return isOfLists && search === '' && sort !== 'name' && sort !== '-name'
}

function listsOf({ states, isFailing }: GroupQuery): GroupList[] {
  if (isFailing) return ['failing']
  return states ? [...new Set(states)] : ['all']
}

async function readLists(
  store: Store,
  query: GroupQuery,
  { first, last }: Places,
): Promise<{ groups: ListedGroup[]; count: number }> {
  const lists = listsOf(query)
  const isNewestFirst = query.sort !== 'createdAt'
  const [list] = lists
  if (list && lists.length === 1) return store.listGroups({ list, first, last, isNewestFirst })
  const read = await Promise.all(lists.map((each) => store.listGroups({ list: each, first: 0, last, isNewestFirst })))
  return mergeLists(read, { first, last, isNewestFirst })
}

/** Several lists, each from its beginning, as one. */
export function mergeLists(
  lists: readonly { readonly groups: readonly ListedGroup[]; readonly count: number }[],
  { first, last, isNewestFirst }: Omit<RangeOfGroups, 'list'>,
): { groups: ListedGroup[]; count: number } {
  const merged = lists.flatMap(({ groups }) => groups).sort(isNewestFirst ? newestFirst : oldestFirst)
  return {
    // A group that changed its list meanwhile may be in two.
    groups: merged.filter(({ id }, at) => merged[at - 1]?.id !== id).slice(first, last + 1),
    count: lists.reduce((sum, { count }) => sum + count, 0),
  }
}

async function search(
  store: Store,
  query: GroupQuery,
  { first, last }: Places,
): Promise<{ groups: ListedGroup[]; count: number }> {
  const fits = (group: WordedGroup): boolean => matches(group, query)
  const found = (await Promise.all(listsOf(query).map((list) => store.searchGroups(list, fits)))).flat()
  const groups = inOrder([...new Map(found.map((group) => [group.id, group])).values()], query)
  return { groups: groups.slice(first, last + 1), count: groups.length }
}

function matches(group: WordedGroup, { search, states, createdAfter, createdBefore }: GroupQuery): boolean {
  if (states && !states.map(letterOf).includes(group.stateLetter)) return false
  if (createdAfter !== undefined && group.createdAt < createdAfter) return false
  if (createdBefore !== undefined && group.createdAt >= createdBefore) return false
  return search === '' || contains(group.id, search) || contains(group.name, search)
}

function inOrder(groups: readonly WordedGroup[], { sort = '-createdAt' }: GroupQuery): ListedGroup[] {
  switch (sort) {
    case 'createdAt':
      return groups.toSorted(oldestFirst)
    case '-createdAt':
      return groups.toSorted(newestFirst)
    case 'name':
      return byName(groups)
    case '-name':
      return byName(groups).reverse()
  }
}

function byName(groups: readonly WordedGroup[]): ListedGroup[] {
  const named = groups.map((group) => ({ group, key: sortKey(group.name) }))
  named.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)) || oldestFirst(a.group, b.group))
  return named.map(({ group }) => group)
}

const oldestFirst = (a: ListedGroup, b: ListedGroup): number => a.place - b.place
const newestFirst = (a: ListedGroup, b: ListedGroup): number => b.place - a.place

/** One that is gone by then is left out. */
async function readInOrder(store: Store, listed: readonly ListedGroup[]): Promise<CountedGroup[]> {
  const groups = new Map<string, CountedGroup>()
  const ids = listed.map(({ id }) => id)
  for (const slice of slicesOf(ids, GROUPS_PER_READ))
    for (const group of await store.getGroups(slice)) groups.set(group.id, group)
  return ids.flatMap((id) => groups.get(id) ?? [])
}
