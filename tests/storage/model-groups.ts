import { expect } from 'vitest'
import {
  type CountedGroup,
  type GroupCensus,
  groupSorts,
  groupStateOf,
  groupStates,
} from '../../server/core/task-group.ts'
import type { GroupQuery, TaskStorage } from '../../storage/task-storage.ts'
import { countGroup, type Model } from './model.ts'
import { everyGroup } from './storage-world.ts'

export const contains = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase())

/** All that fit, in the order asked for. */
export function listGroupsInModel(model: Model, query: GroupQuery): CountedGroup[] {
  const found = allGroups(model).filter((group) => matches(group, query))
  const { sort = '-createdAt' } = query
  const oldestFirst = sort.endsWith('name') ? found.toSorted((a, b) => compare(a.name, b.name)) : found
  return sort.startsWith('-') ? oldestFirst.reverse() : oldestFirst
}

export function censusOfModel(model: Model): GroupCensus {
  const groups = allGroups(model)
  const inState = groupStates.map((state) => [state, groups.filter((group) => groupStateOf(group) === state).length])
  return { ...Object.fromEntries(inState), failing: groups.filter(({ counts }) => counts.failed > 0).length }
}

/** In the order they were created. */
const allGroups = (model: Model): CountedGroup[] =>
  [...model.books.groups.values()].map((group) => countGroup(model, group))

/** Letter case is ignored for ASCII only. */
const compare = (a: string, b: string): number => Buffer.compare(folded(a), folded(b))
const folded = (name: string): Buffer => Buffer.from(name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()))

function matches(group: CountedGroup, query: GroupQuery): boolean {
  const { search, states, isFailing, createdAfter, createdBefore } = query
  return (
    [group.id, group.name].some((text) => contains(text, search)) &&
    (states?.includes(groupStateOf(group)) ?? true) &&
    !(isFailing && group.counts.failed === 0) &&
    group.createdAt >= (createdAfter ?? 0) &&
    group.createdAt < (createdBefore ?? Number.POSITIVE_INFINITY)
  )
}

/** Groups by state, of those that fail, in an order: another question each time. */
export async function compareGroupLists(model: Model, storage: TaskStorage, turn: number): Promise<void> {
  const states = groupStates.filter((_, at) => at === turn % groupStates.length || at === (turn >> 3) % 8)
  const sort = groupSorts[turn % groupSorts.length] ?? 'name'
  const query = { ...everyGroup, sort, ...(turn % 3 > 0 && { states }), ...(turn % 2 === 0 && { isFailing: true }) }
  const { groups, count } = await storage.listGroups(query)
  const expected = listGroupsInModel(model, query)
  expect(groups.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort())
  expect(count).toBe(expected.length)
  // Groups of one moment may stand in any order.
  const keyOf = (group: CountedGroup) => (sort.endsWith('name') ? group.name : group.createdAt)
  expect(groups.map(keyOf)).toEqual(expected.map(keyOf))
  expect(await storage.countGroups()).toEqual(censusOfModel(model))
}
