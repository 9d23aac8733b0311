import { type GroupQuery, MAX_PAGE_SIZE } from '../../storage/task-storage.ts'
import type { Change, ChangeSet, Guard } from '../core/change-set.ts'
import { decideRetry, decideSlot, dueByResume, dueByRetry, spreadSlots } from '../core/edits.ts'
import { CrewError } from '../core/errors.ts'
import { isFinally } from '../core/finally-task.ts'
import { type GroupSettings, groupSettingsOf } from '../core/group-settings.ts'
import { isPausedByHand, isStopped, pausedFlags, unstoppedFlags } from '../core/group-stop.ts'
import { decideGroupCreation } from '../core/new-group.ts'
import { decideReset } from '../core/reset.ts'
import { Hold, mergeKeyOf, type Task } from '../core/task.ts'
import type { CountedGroup, KeyScope, TaskGroup } from '../core/task-group.ts'
import type { TaskInput } from '../core/task-input.ts'
import { afterReset, afterResume } from '../core/told.ts'
import { createOnce, creationTime } from './keyed-request.ts'
import { prepareTasks } from './new-tasks.ts'
import { type BeforeCommit, decideAndCommit, type ServiceContext } from './service-context.ts'
import { changeTasks } from './task-pages.ts'
import { viewGroup } from './task-views.ts'

/** A group as a client asks for it. */
export interface GroupInput extends Partial<GroupSettings> {
  readonly id?: string
  readonly name: string
  readonly metadata?: Record<string, string>
  readonly keyScope?: KeyScope
  readonly isPaused?: boolean
}

/** A change of a group; pausing is an action of its own. */
export type GroupEdit = Partial<Omit<GroupInput, 'id' | 'isPaused'>>

export async function createGroup(
  context: ServiceContext,
  input: GroupInput,
  beforeCommit?: BeforeCommit,
): Promise<CountedGroup> {
  return createGraph(context, { ...input, tasks: [] }, beforeCommit)
}

/** A group with all its tasks, all or nothing. */
export async function createGraph(
  context: ServiceContext,
  input: GroupInput & { readonly tasks: readonly TaskInput[] },
  beforeCommit: BeforeCommit = async () => {},
): Promise<CountedGroup> {
  const id = input.id || context.newId()
  refuseKeyScope(context, input.keyScope)
  const find = async (at: number) => ((await context.storage.findGroup(id))?.createdAt === at ? id : null)
  await createOnce(context, find, () => insertGraph(context, { ...input, id }, beforeCommit))
  return getGroup(context, id)
}

async function insertGraph(
  context: ServiceContext,
  input: GroupInput & { readonly id: string; readonly tasks: readonly TaskInput[] },
  beforeCommit: BeforeCommit,
): Promise<string> {
  const { id } = input
  return decideAndCommit(context, async () => {
    if (await context.storage.findGroup(id)) {
      const fault = { pointer: '/id', detail: `a task group with the id "${id}" exists` }
      throw new CrewError('duplicate_id', `There is a task group with the id "${id}"; nothing was created.`, [fault])
    }
    const group = newGroup(id, input, creationTime(context))
    const tasks = await prepareTasks(context, group, input.tasks, (index) => `/tasks/${index}`)
    const changeSet = decideGroupCreation(group, tasks)
    await beforeCommit()
    return { changeSet, result: id }
  })
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
  edit: GroupEdit,
  beforeCommit: BeforeCommit = async () => {},
): Promise<CountedGroup> {
  refuseKeyScope(context, edit.keyScope)
  await decideAndCommit(context, async () => {
    const group = await findGroup(context, id)
    const isRekeyed = edit.keyScope !== undefined && edit.keyScope !== group.keyScope
    const rekeyed = isRekeyed ? await rekey(context, id, edit.keyScope as KeyScope) : { guards: [], changes: [] }
    const { name = group.name, metadata = group.metadata, keyScope = group.keyScope } = edit
    const settings = groupSettingsOf(edit, group.settings)
    const changeSet = groupEdit(group, { name, metadata, keyScope, settings }, rekeyed.changes)
    await beforeCommit()
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
    return { changeSet: isPausedByHand(group) ? null : groupEdit(group, pausedFlags(group)), result: null }
  })
}

/**
 * Clears the flag and, as crew-go's clients expect, the own pause of every task in the group. What becomes due by that starts
 * evenly over the time it is spread over.
 */
export async function resumeGroup(
  context: ServiceContext,
  id: string,
  { spreadSeconds = 0 }: { spreadSeconds?: number | undefined } = {},
): Promise<void> {
  if (spreadSeconds > 0) await spreadResume(context, id, spreadSeconds * 1000)
  await decideAndCommit(context, async () => {
    const lift: Change = { kind: 'liftHold', groupId: id, hold: Hold.paused }
    const group = await findGroup(context, id)
    const settings = { ...group.settings, told: afterResume(group.settings.told) }
    const running = { isPaused: false, stoppedBy: null, settings }
    return { changeSet: groupEdit(group, running, [lift]), result: null }
  })
}

/** Puts off what the resume will make due, while it still waits. The first slot is now: its tasks stay as they are. */
async function spreadResume(context: ServiceContext, id: string, spreadMs: number): Promise<void> {
  const { isPaused: isGroupPaused } = await findGroup(context, id)
  const now = context.clock.now()
  const due = dueByResume(await allTasks(context, id, true), { isGroupPaused, now })
  const slots = spreadSlots(due, { now, spreadMs })
  await changeTasks(context, [...slots.keys()], (task) => {
    const slot = slots.get(task.id) ?? now
    return slot > now && task.lease === null ? decideSlot(task, slot) : null
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
    const settings = { ...group.settings, told: afterReset(group.settings.told) }
    const parked: Change[] = group.settings.told?.stop ? [{ kind: 'liftHold', groupId: id, hold: Hold.paused }] : []
    const edit = groupEdit(group, { ...unstoppedFlags(group), settings }, [...reset.changes, ...parked])
    return {
      changeSet: { ...edit, guards: [...edit.guards, ...reset.guards], events: [...edit.events, ...reset.events] },
      result: null,
    }
  })
}

/**
 * Sets the attempts of every incomplete task and makes the failed ones due now, or evenly over the time they are spread over. Page by
 * page: each is a commit of its own.
 */
export async function retryGroup(
  context: ServiceContext,
  id: string,
  { remainingAttempts, spreadSeconds = 0 }: { remainingAttempts: number; spreadSeconds?: number | undefined },
): Promise<void> {
  await findGroup(context, id)
  const incomplete = await allTasks(context, id, true)
  const spread = { now: context.clock.now(), spreadMs: spreadSeconds * 1000 }
  const slots = spreadSeconds > 0 ? spreadSlots(dueByRetry(incomplete), spread) : new Map<string, number>()
  // Those whose slot comes first are written first.
  const ids = [...new Set([...slots.keys(), ...incomplete.map((task) => task.id)])]
  const retry = (task: Task) =>
    decideRetry(task, { remainingAttempts, now: context.clock.now(), slot: slots.get(task.id) })
  await changeTasks(context, ids, retry)
  await endStop(context, id)
}

/** Whatever failed has been seen to: the group goes on. */
async function endStop(context: ServiceContext, id: string): Promise<void> {
  await decideAndCommit(context, async () => {
    const group = await findGroup(context, id)
    return { changeSet: isStopped(group) ? groupEdit(group, unstoppedFlags(group)) : null, result: null }
  })
}

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
  const settings = groupSettingsOf(input)
  return { id, name, createdAt: now, isPaused, stoppedBy: null, metadata, keyScope, settings, epoch: 0 }
}

/** Every edit raises the epoch, so that whatever was decided on the group as it was is decided again. */
function groupEdit(group: TaskGroup, edit: Partial<TaskGroup>, more: readonly Change[] = []): ChangeSet {
  const { id, epoch } = group
  const next: TaskGroup = { ...group, ...edit, epoch: epoch + 1 }
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
  const goes = (task: Task): boolean =>
    isFinally(task) || (hasSeed ? !task.isSeed : task.createdBy !== '' && ids.has(task.createdBy))
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

/** All tasks of a group without their payloads, which no decision about a whole group asks for. Read in pages. */
async function allTasks(context: ServiceContext, groupId: string, skipCompleted = false): Promise<Task[]> {
  const all: Task[] = []
  for (let page = 1; ; page++) {
    const query = { groupId, page, pageSize: MAX_PAGE_SIZE, search: '', skipCompleted, payloads: false }
    const { tasks } = await context.storage.listTasks(query)
    all.push(...tasks)
    if (tasks.length < MAX_PAGE_SIZE) return all
  }
}
