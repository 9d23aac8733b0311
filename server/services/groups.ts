import { type GroupQuery, MAX_PAGE_SIZE } from '../../storage/task-storage.ts'
import type { Change, ChangeSet, CrewEvent, Guard } from '../core/change-set.ts'
import { decideRetry } from '../core/edits.ts'
import { CrewError } from '../core/errors.ts'
import { decideReset } from '../core/reset.ts'
import { Hold, mergeKeyOf, type Task } from '../core/task.ts'
import type { CountedGroup, KeyScope, TaskGroup } from '../core/task-group.ts'
import type { TaskInput } from '../core/task-input.ts'
import { prepareTasks } from './new-tasks.ts'
import { decideAndCommit, type ServiceContext } from './service-context.ts'
import { viewGroup } from './task-views.ts'

/** A group as a client asks for it. */
export interface GroupInput {
  readonly id?: string
  readonly name: string
  readonly metadata?: Record<string, string>
  readonly keyScope?: KeyScope
  readonly isPaused?: boolean
}

export async function createGroup(context: ServiceContext, input: GroupInput): Promise<CountedGroup> {
  return createGraph(context, { ...input, tasks: [] })
}

/** A group with all its tasks, all or nothing. */
export async function createGraph(
  context: ServiceContext,
  input: GroupInput & { readonly tasks: readonly TaskInput[] },
): Promise<CountedGroup> {
  const id = input.id || context.newId()
  refuseKeyScope(context, input.keyScope)
  await decideAndCommit(context, async () => {
    if (await context.storage.findGroup(id)) {
      const fault = { pointer: '/id', detail: `a task group with the id "${id}" exists` }
      throw new CrewError('duplicate_id', `There is a task group with the id "${id}"; nothing was created.`, [fault])
    }
    const group = newGroup(id, input, context.clock.now())
    const tasks = await prepareTasks(context, group, input.tasks, (index) => `/tasks/${index}`)
    return { changeSet: creation(group, tasks), result: null }
  })
  return getGroup(context, id)
}

export async function getGroup(context: ServiceContext, id: string): Promise<CountedGroup> {
  const group = await context.storage.getGroup(id)
  if (!group) throw new CrewError('group_not_found', `There is no task group "${id}".`)
  return viewGroup(context, group)
}

/** The group without its books. */
export async function findGroup(context: ServiceContext, id: string): Promise<TaskGroup> {
  const group = await context.storage.findGroup(id)
  if (!group) throw new CrewError('group_not_found', `There is no task group "${id}".`)
  return group
}

export async function listGroups(
  context: ServiceContext,
  query: GroupQuery,
): Promise<{ groups: CountedGroup[]; count: number }> {
  const { groups, count } = await context.storage.listGroups(query)
  return { groups: groups.map((group) => viewGroup(context, group)), count }
}

export async function updateGroup(
  context: ServiceContext,
  id: string,
  edit: { name?: string; metadata?: Record<string, string>; keyScope?: KeyScope },
): Promise<CountedGroup> {
  refuseKeyScope(context, edit.keyScope)
  await decideAndCommit(context, async () => {
    const group = await findGroup(context, id)
    const isRekeyed = edit.keyScope !== undefined && edit.keyScope !== group.keyScope
    const rekeyed = isRekeyed ? await rekey(context, id, edit.keyScope as KeyScope) : { guards: [], changes: [] }
    const changeSet = groupEdit(group, edit, rekeyed.changes)
    return { changeSet: { ...changeSet, guards: [...changeSet.guards, ...rekeyed.guards] }, result: null }
  })
  return getGroup(context, id)
}

export async function deleteGroup(context: ServiceContext, id: string): Promise<void> {
  await decideAndCommit(context, async () => {
    const { epoch } = await findGroup(context, id)
    const changeSet: ChangeSet = {
      guards: [{ kind: 'group', groupId: id, epoch }],
      changes: [{ kind: 'deleteGroup', groupId: id }],
      events: [{ type: 'group.deleted', groupId: id }],
    }
    return { changeSet, result: null }
  })
}

/** A flag of the group: one write, and tasks created later are held too (I6). */
export async function pauseGroup(context: ServiceContext, id: string): Promise<void> {
  await decideAndCommit(context, async () => {
    const group = await findGroup(context, id)
    return { changeSet: group.isPaused ? null : groupEdit(group, { isPaused: true }), result: null }
  })
}

/** Clears the flag and, as crew-go's clients expect, the own pause of every task in the group. */
export async function resumeGroup(context: ServiceContext, id: string): Promise<void> {
  await decideAndCommit(context, async () => {
    const group = await findGroup(context, id)
    const lift: Change = { kind: 'liftHold', groupId: id, hold: Hold.paused }
    return { changeSet: groupEdit(group, { isPaused: false }, [lift]), result: null }
  })
}

/** WIRE section 2: with any seed the others are deleted and the seeds reset; without, all are reset. */
export async function resetGroup(
  context: ServiceContext,
  id: string,
  options: { remainingAttempts: number },
): Promise<void> {
  await decideAndCommit(context, async () => {
    const group = await findGroup(context, id)
    const tasks = await allTasks(context, id)
    const { targets, deletions } = resetScope(tasks)
    const reset = decideReset(
      { targets, deletions, dependants: [], survivors: [] },
      { ...options, now: context.clock.now() },
    )
    const edit = groupEdit(group, {}, reset.changes)
    return {
      changeSet: { ...edit, guards: [...edit.guards, ...reset.guards], events: [...edit.events, ...reset.events] },
      result: null,
    }
  })
}

/** Sets the attempts of every incomplete task and makes the failed ones due now. Page by page: each is a commit of its own. */
export async function retryGroup(
  context: ServiceContext,
  id: string,
  options: { remainingAttempts: number },
): Promise<void> {
  await findGroup(context, id)
  const incomplete = (await allTasks(context, id, true)).map((task) => task.id)
  for (let at = 0; at < incomplete.length; at += RETRIED_PER_COMMIT) {
    await retryTasks(context, incomplete.slice(at, at + RETRIED_PER_COMMIT), options.remainingAttempts)
  }
}

/** A commit of this size takes a few milliseconds; claims and results of others go in between. */
const RETRIED_PER_COMMIT = 200

/** Those that changed meanwhile are read and decided again; each task stands for itself. */
async function retryTasks(context: ServiceContext, ids: readonly string[], remainingAttempts: number): Promise<void> {
  let left = ids
  for (let tries = 0; left.length > 0; tries++) {
    if (tries > MAX_RETRY_ROUNDS)
      throw new CrewError('conflict', `${left.length} tasks changed all the time; try again.`)
    const tasks = await context.storage.getTasks(left)
    const decided = tasks.flatMap((task) => {
      const changeSet = decideRetry(task, remainingAttempts, context.clock.now())
      return changeSet ? [{ id: task.id, changeSet }] : []
    })
    const results = await context.storage.commit(decided.map(({ changeSet }) => changeSet))
    left = decided.filter((_, index) => results[index] !== 'applied').map(({ id }) => id)
  }
}

const MAX_RETRY_ROUNDS = 50

/** DESIGN section 5: on a Redis Cluster groups are in partitions of their own, and no script sees two of them. */
function refuseKeyScope({ storage }: ServiceContext, keyScope: KeyScope | undefined): void {
  if (keyScope !== 'worker' || !storage.isPartitioned) return
  const fault = { pointer: '/keyScope', detail: 'must be "group" on a Redis Cluster' }
  throw new CrewError(
    'key_scope_unavailable',
    'On a Redis Cluster equal keys exclude each other within a group only: leave keyScope at "group", or use one Redis server.',
    [fault],
  )
}

function newGroup(id: string, input: GroupInput, now: number): TaskGroup {
  const { name, metadata = {}, keyScope = 'group', isPaused = false } = input
  return { id, name, createdAt: now, isPaused, metadata, keyScope, epoch: 0 }
}

function creation(group: TaskGroup, tasks: readonly Task[]): ChangeSet {
  const created = tasks.map((task): CrewEvent => ({ type: 'task.created', groupId: group.id, taskId: task.id }))
  return {
    guards: [{ kind: 'group', groupId: group.id, epoch: null }],
    changes: [{ kind: 'putGroup', group }, ...tasks.map((task): Change => ({ kind: 'insertTask', task }))],
    events: [{ type: 'group.created', groupId: group.id }, ...created],
  }
}

/** Every edit raises the epoch, so that whatever was decided on the group as it was is decided again. */
function groupEdit(group: TaskGroup, edit: Partial<TaskGroup>, more: readonly Change[] = []): ChangeSet {
  const { id, name, createdAt, isPaused, metadata, keyScope, epoch } = group
  const next: TaskGroup = { id, name, createdAt, isPaused, metadata, keyScope, ...edit, epoch: epoch + 1 }
  return {
    guards: [{ kind: 'group', groupId: id, epoch }],
    changes: [{ kind: 'putGroup', group: next }, ...more],
    events: [{ type: 'group.updated', groupId: id }],
  }
}

function resetScope(tasks: readonly Task[]): { targets: Task[]; deletions: Task[] } {
  const ids = new Set(tasks.map((task) => task.id))
  const hasSeed = tasks.some((task) => task.isSeed)
  // A continuation goes with its creator's last run and comes again in the next (4.6); one whose creator is gone stays.
  const goes = (task: Task): boolean => (hasSeed ? !task.isSeed : task.createdBy !== '' && ids.has(task.createdBy))
  return { targets: tasks.filter((task) => !goes(task)), deletions: tasks.filter(goes) }
}

/** New merge keys for all keyed tasks: also the complete ones, which may be reset and run again. */
async function rekey(
  context: ServiceContext,
  groupId: string,
  keyScope: KeyScope,
): Promise<{ guards: Guard[]; changes: Change[] }> {
  const keyed = (await allTasks(context, groupId)).filter((task) => task.key !== '')
  return {
    guards: keyed.map((task) => ({ kind: 'version', taskId: task.id, version: task.version })),
    changes: keyed.map((task) => {
      return { kind: 'patchTask', taskId: task.id, patch: { mergeKey: mergeKeyOf(task, keyScope) } }
    }),
  }
}

/** All tasks of a group, read in pages. */
async function allTasks(context: ServiceContext, groupId: string, skipCompleted = false): Promise<Task[]> {
  const all: Task[] = []
  for (let page = 1; ; page++) {
    const query = { groupId, page, pageSize: MAX_PAGE_SIZE, search: '', skipCompleted }
    const { tasks } = await context.storage.listTasks(query)
    all.push(...tasks)
    if (tasks.length < MAX_PAGE_SIZE) return all
  }
}
