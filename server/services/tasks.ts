import type { TaskQuery } from '../../storage/task-storage.ts'
import type { AttemptRecord } from '../core/attempt-record.ts'
import type { Change, ChangeSet, CrewEvent, Guard } from '../core/change-set.ts'
import { decideRetry, decideUpdate } from '../core/edits.ts'
import { explain, type Reason } from '../core/eligibility.ts'
import { CrewError } from '../core/errors.ts'
import { decideDelete, decideReset } from '../core/reset.ts'
import { isComplete, type Task, type TaskState } from '../core/task.ts'
import type { CountedGroup, TaskGroup } from '../core/task-group.ts'
import type { TaskInput } from '../core/task-input.ts'
import { createGraph, findGroup } from './groups.ts'
import { prepareTasks } from './new-tasks.ts'
import { decideAndCommit, type ServiceContext } from './service-context.ts'
import { deletionOf, resetScopeOf } from './task-closure.ts'
import { type TaskView, viewTask, viewTasks } from './task-views.ts'

export type { TaskView } from './task-views.ts'

/** A task, and the group it must be in when the address names one. */
export interface TaskRef {
  readonly taskId: string
  readonly groupId?: string
}

export async function createTask(context: ServiceContext, groupId: string, input: TaskInput): Promise<TaskView> {
  const [view] = await insertTasks(context, groupId, [input], () => '')
  return view as TaskView
}

/** All or nothing, in any order; answered in the order given. */
export async function createTasks(
  context: ServiceContext,
  groupId: string,
  inputs: readonly TaskInput[],
): Promise<TaskView[]> {
  return insertTasks(context, groupId, inputs, (index) => `/tasks/${index}`)
}

export async function getTask(context: ServiceContext, ref: TaskRef): Promise<TaskView> {
  return viewTask(context, await loadTask(context, ref))
}

export async function listTasks(
  context: ServiceContext,
  query: TaskQuery,
): Promise<{ tasks: TaskView[]; count: number }> {
  await findGroup(context, query.groupId)
  const { tasks, count } = await context.storage.listTasks(query)
  return { tasks: await viewTasks(context, tasks), count }
}

export async function updateTask(context: ServiceContext, ref: TaskRef, edit: TaskInput): Promise<TaskView> {
  await decideAndCommit(context, async () => {
    const task = await loadTask(context, ref)
    const { keyScope, epoch } = await findGroup(context, task.groupId)
    const decided = decideUpdate(task, edit, keyScope)
    // The merge key was made from the group's key scope, which must still be the same.
    const guards: Guard[] = [...decided.guards, { kind: 'group', groupId: task.groupId, epoch }]
    const isRekeyed = edit.key !== undefined || edit.worker !== undefined
    return { changeSet: isRekeyed ? { ...decided, guards } : decided, result: null }
  })
  return getTask(context, ref)
}

/** WIRE 4.6: a child whose last parent this is goes with it. */
export async function deleteTask(context: ServiceContext, ref: TaskRef): Promise<void> {
  await decideAndCommit(context, async () => {
    const task = await loadTask(context, ref)
    return { changeSet: decideDelete(await deletionOf(context.storage, [task])), result: null }
  })
}

export async function resetTask(
  context: ServiceContext,
  ref: TaskRef,
  options: { remainingAttempts: number; descendants: boolean },
): Promise<TaskView> {
  await decideAndCommit(context, async () => {
    const task = await loadTask(context, ref)
    const scope = await resetScopeOf(context.storage, task, options.descendants)
    return { changeSet: decideReset(scope, { ...options, now: context.clock.now() }), result: null }
  })
  return getTask(context, ref)
}

export async function retryTask(
  context: ServiceContext,
  ref: TaskRef,
  options: { remainingAttempts: number },
): Promise<TaskView> {
  await decideAndCommit(context, async () => {
    const task = await loadTask(context, ref)
    return { changeSet: decideRetry(task, options.remainingAttempts, context.clock.now()), result: null }
  })
  return getTask(context, ref)
}

/**
 * A copy of the task in a new paused group, with its parents as complete tasks that hold their results: it can be run alone
 * without touching the original (from Crew v1).
 */
export async function pluckTask(context: ServiceContext, ref: TaskRef): Promise<CountedGroup> {
  const task = await loadTask(context, ref)
  const parents = await context.storage.getTasks(task.parentIds)
  const ids = new Map(parents.map((parent) => [parent.id, context.newId()]))
  const copies = parents.map((parent) => ({
    ...copyOf(parent),
    id: ids.get(parent.id) as string,
    output: parent.output,
    isComplete: true,
  }))
  const parentIds = task.parentIds.map((id) => ids.get(id) as string)
  return createGraph(context, {
    name: `Copy of ${task.name || task.id}`,
    isPaused: true,
    metadata: { pluckedFrom: task.id },
    tasks: [...copies, { ...copyOf(task), parentIds }],
  })
}

export async function listAttempts(context: ServiceContext, ref: TaskRef): Promise<AttemptRecord[]> {
  const task = await loadTask(context, ref)
  return context.storage.listAttempts(task.id)
}

/** Why it is not running, from the same facts as a claim. */
export async function explainTask(
  context: ServiceContext,
  ref: TaskRef,
): Promise<{ state: TaskState; reasons: Reason[] }> {
  const { task, state } = await getTask(context, ref)
  const { storage, workers } = context
  const parents = await storage.getTasks(task.parentIds)
  const [workgroupHold = null] = task.workgroup === '' ? [] : await storage.listHolds('workgroup', [task.workgroup])
  const [workerHold = null] = await storage.listHolds('worker', [task.worker])
  const reasons = explain(task, {
    now: context.clock.now(),
    isGroupPaused: (await findGroup(context, task.groupId)).isPaused,
    unfinishedParents: parents.filter((parent) => !isComplete(parent)),
    workgroupHold,
    workerHold,
    runningDuplicate: await runningDuplicateOf(context, task),
    hasAddress: workers.hasAddress(task.worker),
    slots: workers.slotsOf(task.worker),
  })
  return { state, reasons }
}

async function insertTasks(
  context: ServiceContext,
  groupId: string,
  inputs: readonly TaskInput[],
  pointer: (index: number) => string,
): Promise<TaskView[]> {
  // Ids are made once, so that the answer can name them in the order given whatever the order of insertion.
  const named = inputs.map((input) => ({ ...input, id: input.id || context.newId() }))
  const hasParents = named.some((input) => input.parentIds && input.parentIds.length > 0)
  const inserted = await decideAndCommit(context, async (tries) => {
    const guess = tries === 0 && !hasParents ? context.groupMemory?.recall(groupId) : undefined
    if (guess) {
      const tasks = await prepareTasks(context, guess, named, pointer, { isTrusting: true })
      return { changeSet: tasks.length === 0 ? null : insertion(guess, tasks), result: tasks }
    }
    context.groupMemory?.forget(groupId)
    const loading = findGroup(context, groupId)
    const [group, tasks] = await Promise.all([loading, prepareTasks(context, loading, named, pointer)])
    context.groupMemory?.remember(group)
    return { changeSet: tasks.length === 0 ? null : insertion(group, tasks), result: tasks }
  })
  const byId = new Map(inserted.map((task) => [task.id, task]))
  // How many parents were unfinished is known to the storage alone. What somebody deleted meanwhile is answered as it was created.
  const children = inserted.filter((task) => task.parentIds.length > 0).map((task) => task.id)
  for (const task of await context.storage.getTasks(children)) byId.set(task.id, task)
  return viewTasks(
    context,
    named.map(({ id }) => byId.get(id) as Task),
  )
}

function insertion(group: TaskGroup, tasks: readonly Task[]): ChangeSet {
  return {
    guards: [{ kind: 'group', groupId: group.id, epoch: group.epoch }],
    changes: tasks.map((task): Change => ({ kind: 'insertTask', task })),
    events: tasks.map((task): CrewEvent => ({ type: 'task.created', groupId: group.id, taskId: task.id })),
  }
}

/** Every address names its group; a task of another one is not there. */
async function loadTask(context: ServiceContext, { taskId, groupId }: TaskRef): Promise<Task> {
  const [task] = await context.storage.getTasks([taskId])
  if (task && (groupId === undefined || task.groupId === groupId)) return task
  const where = groupId === undefined ? '' : ` in task group "${groupId}"`
  throw new CrewError('task_not_found', `There is no task "${taskId}"${where}.`)
}

/** What a copy takes along: all that says what to do, nothing that says what happened. */
function copyOf(task: Task): TaskInput {
  const { name, worker, workgroup, priority, progressWeight, errorDelayInSeconds, retry, timeoutSeconds, input } = task
  const { metadata } = task
  return {
    name,
    worker,
    workgroup,
    priority,
    progressWeight,
    errorDelayInSeconds,
    retry,
    timeoutSeconds,
    input,
    metadata,
  }
}

async function runningDuplicateOf(context: ServiceContext, task: Task): Promise<string | null> {
  if (task.mergeKey === '') return null
  const duplicates = await context.storage.listDuplicates(task.mergeKey)
  return duplicates.find((other) => other.id !== task.id && other.lease !== null)?.id ?? null
}
