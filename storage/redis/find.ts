import type { Clock } from '../../server/core/clock.ts'
import { isComplete, stateOf, type Task } from '../../server/core/task.ts'
import { countInStates } from '../../server/core/task-group.ts'
import type { TaskQuery } from '../task-storage.ts'
import type { TaskRange } from './partition.ts'
import { slicesOf } from './slices.ts'
import type { Places, RangeOfTasks, Store } from './store.ts'
import { contains } from './texts.ts'

/** Tasks looked at in one script while searching: about 5 ms. */
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
  if (!isFiltered(query)) return readPage(store, query, places)
  const page: Task[] = []
  let count = 0
  const known = await knownCount(store, query)
  for (let first = 0; ; first += PER_LOOK) {
    const looked = await store.listTasks({ ...indexOf(query), first, last: first + PER_LOOK - 1, hasPayloads: false })
    for (const found of looked.tasks) {
      if (!matches(found, looked.isGroupPaused, query, clock.now())) continue
      if (count >= places.first && count <= places.last) page.push(told(found.task, query))
      count++
    }
    if (looked.tasks.length < PER_LOOK) break
    // The books know how many there are: once the page is full nothing more is looked at.
    if (known !== null && count > places.last) return { tasks: await readWhole(store, page, query), count: known }
  }
  const tasks = await readWhole(store, page, query)
  return { tasks, count: count - (page.length - tasks.length) }
}

/** The shortest list in which all that is asked for stands. */
function indexOf({ groupId, parent, states }: TaskQuery): Pick<RangeOfTasks, 'groupId' | 'index' | 'parent'> {
  if (parent !== undefined) return { groupId, index: 'children', parent }
  return { groupId, index: states?.every((state) => state === 'failed') ? 'failed' : 'all' }
}

async function readPage(
  store: Store,
  query: TaskQuery,
  { first, last }: Places,
): Promise<{ tasks: Task[]; count: number }> {
  const tasks: Task[] = []
  const { groupId, payloads: hasPayloads = true } = query
  const perRead = hasPayloads ? PAYLOADS_PER_READ : PER_LOOK
  for (let from = first; ; from += perRead) {
    const to = Math.min(last, from + perRead - 1)
    const range = await store.listTasks({ groupId, index: 'all', first: from, last: to, hasPayloads })
    tasks.push(...range.tasks.map(({ task }) => told(task, query)))
    if (to >= last || to + 1 >= range.count) return { tasks, count: range.count }
  }
}

/** As it is kept until the page is full. */
function told(task: Task, { payloads, errors }: TaskQuery): Task {
  return payloads === false && errors === 'last' ? { ...task, errors: task.errors.slice(-1) } : task
}

/** What was found without its payloads, with them when they are asked for. */
async function readWhole(store: Store, found: readonly Task[], { payloads = true }: TaskQuery): Promise<Task[]> {
  if (!payloads) return [...found]
  const tasks = new Map<string, Task>()
  const ids = found.map(({ id }) => id)
  for (const slice of slicesOf(ids, PAYLOADS_PER_READ))
    for (const task of await store.getTasks(slice)) tasks.set(task.id, task)
  return ids.flatMap((id) => tasks.get(id) ?? [])
}

function isFiltered(query: TaskQuery): boolean {
  return query.states !== undefined || query.skipCompleted || isNarrow(query)
}

/** Whether something is asked for that no books count. */
function isNarrow({ worker, workgroup, key, parent, metadata, search }: TaskQuery): boolean {
  return [worker, workgroup, key, parent, metadata].some((filter) => filter !== undefined) || search !== ''
}

function matches(
  { task, heldUntil }: TaskRange['tasks'][number],
  isGroupPaused: boolean,
  query: TaskQuery,
  now: number,
): boolean {
  const { groupId, states, worker, workgroup, key, metadata, search, skipCompleted } = query
  // A parent may be of another group than the one that is asked about.
  if (task.groupId !== groupId) return false
  if (skipCompleted && isComplete(task)) return false
  if (states && !states.includes(stateOf(task, { now, isGroupPaused, heldUntil }))) return false
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
  if (isNarrow(query)) return null
  const [group] = await store.getGroups([query.groupId])
  return group ? countInStates(group, query) : 0
}
