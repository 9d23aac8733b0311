import type { Clock } from '../../server/core/clock.ts'
import { isComplete, stateOf, type Task } from '../../server/core/task.ts'
import { type CountedGroup, countsByState, taskCount } from '../../server/core/task-group.ts'
import type { GroupQuery, TaskQuery } from '../task-storage.ts'
import { slicesOf, type TaskRange } from './partition.ts'
import type { Places, Store } from './store.ts'

/** Tasks or groups looked at in one script while searching: about 5 ms. */
const PER_LOOK = 500
/** Payloads are read for so few tasks at once: 50 of 1 KiB are one answer, 10,000 of them are many. */
const PAYLOADS_PER_READ = 100

/**
 * A page of a group's tasks. Without a filter it is one step by place; with one the group is looked through in parts, each a
 * script of a bounded length, and the rules of `core` say what fits. Parts are read one after the other, so tasks that come and
 * go meanwhile may be missed, never told twice.
 */
export async function findTasks(
  store: Store,
  query: TaskQuery,
  places: Places,
  clock: Clock,
): Promise<{ tasks: Task[]; count: number }> {
  if (!isFiltered(query)) return readPage(store, query.groupId, places)
  const ids: string[] = []
  let count = 0
  const index = query.state === 'failed' ? 'failed' : 'all'
  const known = await knownCount(store, query)
  for (let first = 0; ; first += PER_LOOK) {
    const range = { groupId: query.groupId, index, first, last: first + PER_LOOK - 1, hasPayloads: false } as const
    const looked = await store.listTasks(range)
    for (const found of looked.tasks) {
      if (!matches(found, looked.isGroupPaused, query, clock.now())) continue
      if (count >= places.first && count <= places.last) ids.push(found.task.id)
      count++
    }
    if (looked.tasks.length < PER_LOOK) break
    // The books know how many there are: once the page is full nothing more is looked at.
    if (known !== null && count > places.last) return { tasks: await readInOrder(store, ids), count: known }
  }
  const tasks = await readInOrder(store, ids)
  return { tasks, count: count - (ids.length - tasks.length) }
}

async function readPage(
  store: Store,
  groupId: string,
  { first, last }: Places,
): Promise<{ tasks: Task[]; count: number }> {
  const tasks: Task[] = []
  for (let from = first; ; from += PAYLOADS_PER_READ) {
    const to = Math.min(last, from + PAYLOADS_PER_READ - 1)
    const range = await store.listTasks({ groupId, index: 'all', first: from, last: to, hasPayloads: true })
    tasks.push(...range.tasks.map(({ task }) => task))
    if (to >= last || to + 1 >= range.count) return { tasks, count: range.count }
  }
}

async function readInOrder(store: Store, ids: readonly string[]): Promise<Task[]> {
  const tasks = new Map<string, Task>()
  for (const slice of slicesOf(ids, PAYLOADS_PER_READ))
    for (const task of await store.getTasks(slice)) tasks.set(task.id, task)
  return ids.flatMap((id) => tasks.get(id) ?? [])
}

function isFiltered(query: TaskQuery): boolean {
  const { state, worker, workgroup, key, metadata, search, skipCompleted } = query
  return (
    [state, worker, workgroup, key, metadata].some((filter) => filter !== undefined) || search !== '' || skipCompleted
  )
}

function matches(
  { task, heldUntil }: TaskRange['tasks'][number],
  isGroupPaused: boolean,
  query: TaskQuery,
  now: number,
): boolean {
  const { state, worker, workgroup, key, metadata, search, skipCompleted } = query
  if (skipCompleted && isComplete(task)) return false
  if (state !== undefined && stateOf(task, { now, isGroupPaused, heldUntil }) !== state) return false
  if (worker !== undefined && task.worker !== worker) return false
  if (workgroup !== undefined && task.workgroup !== workgroup) return false
  if (key !== undefined && task.key !== key) return false
  for (const [name, value] of Object.entries(metadata ?? {})) {
    if (!Object.hasOwn(task.metadata, name) || task.metadata[name] !== value) return false
  }
  return search === '' || [task.id, task.name, task.worker, task.key].some((text) => contains(text, search))
}

/** What the group's books say, when nothing but the state or completion is asked for; null otherwise. */
async function knownCount(store: Store, query: TaskQuery): Promise<number | null> {
  const { state, worker, workgroup, key, metadata, search, skipCompleted } = query
  const isByState = [worker, workgroup, key, metadata].every((filter) => filter === undefined) && search === ''
  if (!isByState) return null
  const [group] = await store.getGroups([query.groupId])
  if (!group) return 0
  if (state === 'succeeded' && skipCompleted) return 0
  return state ? countsByState(group)[state] : taskCount(group) - (skipCompleted ? group.counts.succeeded : 0)
}

/** Letter case is ignored for ASCII, as in SQLite. */
const contains = (text: string, part: string): boolean => lower(text).includes(lower(part))
const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

/** Groups newest first; a search looks through all of them in parts. */
export async function findGroups(
  store: Store,
  { search }: GroupQuery,
  { first, last }: Places,
): Promise<{ groups: CountedGroup[]; count: number }> {
  if (search === '') return listSlices(store, { first, last })
  const found: CountedGroup[] = []
  let count = 0
  for (let from = 0; ; from += PER_LOOK) {
    const { groups } = await store.listGroups(from, from + PER_LOOK - 1)
    for (const group of groups) {
      if (!contains(group.id, search) && !contains(group.name, search)) continue
      if (count >= first && count <= last) found.push(group)
      count++
    }
    if (groups.length < PER_LOOK) return { groups: found, count }
  }
}

/** Groups described in one script: 30 µs each. */
const GROUPS_PER_READ = 200

async function listSlices(store: Store, { first, last }: Places): Promise<{ groups: CountedGroup[]; count: number }> {
  const groups: CountedGroup[] = []
  for (let from = first; ; from += GROUPS_PER_READ) {
    const slice = await store.listGroups(from, Math.min(last, from + GROUPS_PER_READ - 1))
    groups.push(...slice.groups)
    if (from + GROUPS_PER_READ > last || slice.groups.length < GROUPS_PER_READ) return { groups, count: slice.count }
  }
}
