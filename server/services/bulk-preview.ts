import { setImmediate as othersTurn } from 'node:timers/promises'
import {
  type BulkAction,
  type BulkFilter,
  type BulkOrder,
  type BulkSnapshot,
  groupSkipReason,
  MAX_BULK,
  taskSkipReason,
} from '../core/bulk.ts'
import { type BulkCensus, type BulkItem, censusOf, frozenIds } from '../core/bulk-preview.ts'
import { failingStates, lastErrorOf } from '../core/error-kinds.ts'
import { CrewError } from '../core/errors.ts'
import { Fingerprints } from '../core/fingerprint.ts'
import type { Task, TaskState } from '../core/task.ts'
import { type CountedGroup, type GroupState, groupStateOf, taskCount } from '../core/task-group.ts'
import { putSnapshot } from './bulk-records.ts'
import type { ServiceContext } from './service-context.ts'
import { ERRORS_AT_ONCE, scanTasks } from './task-scan.ts'
import { viewGroup, viewTasks } from './task-views.ts'

/** Whom an order is for: these, or all that the filter fits. */
export type BulkSelection = { readonly ids: readonly string[] } | { readonly filter: BulkFilter }

/** What an order would do, with the frozen list by which it can be given. */
export interface BulkPreview extends Omit<BulkCensus, 'byGroup'> {
  readonly snapshot: BulkSnapshot
  readonly byGroup: readonly { readonly id: string; readonly name: string; readonly count: number }[]
}

/** Long enough to read a dialog twice, too short for the list to be of another day. */
const PREVIEW_MS = 600_000

/** Looks whom the order meets, and keeps their ids. */
export async function previewBulk(
  context: ServiceContext,
  order: BulkOrder,
  selection: BulkSelection,
): Promise<BulkPreview> {
  const items = order.target === 'tasks' ? await findTaskItems(context, order.action, selection) : []
  if (order.target === 'groups') items.push(...(await findGroupItems(context, order.action, selection)))
  const { byGroup, ...census } = censusOf(items)
  const expiresAt = context.clock.now() + PREVIEW_MS
  const ids = frozenIds(items)
  const snapshot: BulkSnapshot = { ...order, id: context.newId(), total: ids.length, expiresAt }
  await putSnapshot(context.storage, snapshot, ids)
  return { ...census, snapshot, byGroup: await nameGroups(context, byGroup) }
}

async function findTaskItems(
  context: ServiceContext,
  action: BulkAction,
  selection: BulkSelection,
): Promise<BulkItem[]> {
  const items = new Map<string, BulkItem>()
  const pages = 'ids' in selection ? pagesOf(context, selection.ids) : matchesOf(context, selection.filter)
  for await (const page of pages) {
    const now = context.clock.now()
    for (const { task, state } of await viewTasks(context, page)) {
      const { id, name, groupId, priority } = task
      items.set(id, { id, name, groupId, priority, state, size: 1, skipReason: taskSkipReason(action, task, now) })
    }
    if (items.size > MAX_BULK) throw tooMany()
  }
  return 'ids' in selection ? [...items.values(), ...goneOf(selection.ids, items)] : [...items.values()]
}

const IDS_PER_READ = 1000

async function* pagesOf({ storage }: ServiceContext, ids: readonly string[]): AsyncGenerator<Task[]> {
  for (let at = 0; at < ids.length; at += IDS_PER_READ) yield storage.getTasks(ids.slice(at, at + IDS_PER_READ))
}

/** An error is looked for among the tasks that fail now. */
async function* matchesOf(context: ServiceContext, { error, states, ...filter }: BulkFilter): AsyncGenerator<Task[]> {
  const wanted = states as readonly TaskState[] | undefined
  if (error === undefined) return yield* scanTasks(context, { ...filter, ...(wanted && { states: wanted }) })
  const failing = failingStates.filter((state) => wanted === undefined || wanted.includes(state))
  const fingerprints = new Fingerprints()
  const hasError = (task: Task): boolean => {
    const last = lastErrorOf(task)
    return last !== null && fingerprints.of(last) === error
  }
  for await (const tasks of scanTasks(context, { ...filter, states: failing })) {
    for (let at = 0; at < tasks.length; at += ERRORS_AT_ONCE) {
      yield tasks.slice(at, at + ERRORS_AT_ONCE).filter(hasError)
      await othersTurn()
    }
  }
}

async function findGroupItems(
  context: ServiceContext,
  action: BulkAction,
  selection: BulkSelection,
): Promise<BulkItem[]> {
  const items = new Map<string, BulkItem>()
  const pages = 'ids' in selection ? groupsOf(context, selection.ids) : groupsMatching(context, selection.filter)
  for await (const groups of pages) {
    for (const group of groups) items.set(group.id, groupItem(context, action, group))
    if (items.size > MAX_BULK) throw tooMany()
  }
  return 'ids' in selection ? [...items.values(), ...goneOf(selection.ids, items)] : [...items.values()]
}

const GROUPS_PER_READ = 500

async function* groupsOf({ storage }: ServiceContext, ids: readonly string[]): AsyncGenerator<CountedGroup[]> {
  for (let at = 0; at < ids.length; at += GROUPS_PER_READ) {
    const groups = await Promise.all(ids.slice(at, at + GROUPS_PER_READ).map((id) => storage.getGroup(id)))
    yield groups.filter((group) => group !== null)
  }
}

async function* groupsMatching({ storage }: ServiceContext, filter: BulkFilter): AsyncGenerator<CountedGroup[]> {
  const { taskGroup, search = taskGroup ?? '' } = filter
  const states = filter.states as readonly GroupState[] | undefined
  for (let page = 1; ; page++) {
    const query = { search, page, pageSize: GROUPS_PER_READ, ...(states && { states }) }
    const { groups } = await storage.listGroups(query)
    yield groups.filter(({ id }) => taskGroup === undefined || id === taskGroup)
    if (groups.length < GROUPS_PER_READ) return
  }
}

function groupItem(context: ServiceContext, action: BulkAction, counted: CountedGroup): BulkItem {
  const group = viewGroup(context, counted)
  const { id, name } = group
  const skipReason = groupSkipReason(action, group)
  return { id, name, groupId: id, priority: 0, size: taskCount(group), state: groupStateOf(group), skipReason }
}

/** Those of the ids that nothing was found for. */
function goneOf(ids: readonly string[], found: ReadonlyMap<string, BulkItem>): BulkItem[] {
  const gone = [...new Set(ids)].filter((id) => !found.has(id))
  return gone.map((id) => ({
    id,
    name: '',
    groupId: '',
    priority: 0,
    size: 0,
    state: 'failed',
    skipReason: 'does not exist',
  }))
}

function nameGroups(
  { storage }: ServiceContext,
  byGroup: BulkCensus['byGroup'],
): Promise<{ id: string; name: string; count: number }[]> {
  return Promise.all(
    byGroup.map(async ({ id, count }) => ({ id, name: (await storage.findGroup(id))?.name ?? '', count })),
  )
}

const tooMany = (): CrewError =>
  new CrewError('invalid_request', `/filter: more than ${MAX_BULK} fit it: narrow it, and do it in parts.`, [
    { pointer: '/filter', detail: `more than ${MAX_BULK} fit it` },
  ])
