import type { GateRef, TaskQuery } from '../../storage/task-storage.ts'
import type { AttemptRecord } from '../core/attempt-record.ts'
import type { Guard, WorkHold } from '../core/change-set.ts'
import { isDelivery } from '../core/delivery.ts'
import { decideRetry, decideUpdate } from '../core/edits.ts'
import { type EligibilityFacts, explain, type Reason } from '../core/eligibility.ts'
import { CrewError } from '../core/errors.ts'
import { decideDelete, decideReset } from '../core/reset.ts'
import { isFinished, type Task, type TaskState } from '../core/task.ts'
import type { CountedGroup } from '../core/task-group.ts'
import type { TaskInput } from '../core/task-input.ts'
import { createGraph, findGroup } from './groups.ts'
import { findHeartbeat, type Heartbeat } from './heartbeats.ts'
import { insertTasks } from './insert-tasks.ts'
import { decideAndCommit, type ServiceContext, withPolicies } from './service-context.ts'
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
    const changeSet = isRekeyed ? { ...decided, guards } : decided
    return { changeSet: await withPolicies(context, changeSet, [task]), result: null }
  })
  return getTask(context, ref)
}

/** WIRE 4.6: a child whose last parent this is goes with it. */
export async function deleteTask(context: ServiceContext, ref: TaskRef): Promise<void> {
  await decideAndCommit(context, async () => {
    const task = await loadTask(context, ref)
    const scope = await deletionOf(context.storage, [task])
    return { changeSet: await withPolicies(context, decideDelete(scope), scope.deletions), result: null }
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
    const reset = decideReset(scope, { ...options, now: context.clock.now() })
    const touched = [...scope.targets, ...scope.deletions]
    return { changeSet: await withPolicies(context, reset, touched), result: null }
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
    const retry = decideRetry(task, { ...options, now: context.clock.now() })
    return { changeSet: retry && (await withPolicies(context, retry, [task])), result: null }
  })
  return getTask(context, ref)
}

/**
 * A copy of the task in a new paused group, with its parents as complete tasks that hold their results: it can be run alone
 * without touching the original (from Crew v1). It may be given another input.
 */
export async function pluckTask(
  context: ServiceContext,
  ref: TaskRef,
  changes: Pick<TaskInput, 'input'> = {},
): Promise<CountedGroup> {
  // Before those of the parents: how many there are may change until it is asked for again.
  const id = context.newId()
  const task = await loadTask(context, ref)
  if (isDelivery(task))
    throw new CrewError('invalid_request', `Task ${task.id} is a delivery: it cannot be copied. Reset it.`)
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
    id,
    name: `Copy of ${task.name || task.id}`,
    isPaused: true,
    metadata: { pluckedFrom: task.id },
    tasks: [...copies, { ...copyOf(task), ...changes, parentIds }],
  })
}

export async function listAttempts(
  context: ServiceContext,
  ref: TaskRef,
): Promise<{ attempts: AttemptRecord[]; heartbeat: Heartbeat | null }> {
  const task = await loadTask(context, ref)
  const [attempts, heartbeat] = await Promise.all([
    context.storage.listAttempts(task.id),
    findHeartbeat(context.storage, task),
  ])
  return { attempts, heartbeat }
}

/** Of some tasks of a group, in the order given; one that is not there, or not any more, is left out. */
export async function listAttemptsOf(
  context: ServiceContext,
  groupId: string,
  ids: readonly string[],
): Promise<{ taskId: string; attempts: AttemptRecord[] }[]> {
  await findGroup(context, groupId)
  const tasks = await context.storage.getTasks(ids)
  const known = new Set(tasks.filter((task) => task.groupId === groupId).map(({ id }) => id))
  const wanted = [...new Set(ids)].filter((id) => known.has(id))
  return Promise.all(wanted.map(async (taskId) => ({ taskId, attempts: await context.storage.listAttempts(taskId) })))
}

/** Why a task is not running. */
export interface Explanation {
  readonly state: TaskState
  readonly reasons: readonly Reason[]
  /** How many of its group and worker start before it; 0 unless it only waits for its turn, or for its gates. */
  readonly ahead: number
}

/** Why it is not running, from the same facts as a claim. */
export async function explainTask(context: ServiceContext, ref: TaskRef): Promise<Explanation> {
  const { task, state } = await getTask(context, ref)
  const [facts, ahead] = await Promise.all([loadFacts(context, task), context.storage.countAhead(task.id)])
  return { state, reasons: explain(task, facts), ahead }
}

async function loadFacts(context: ServiceContext, task: Task): Promise<EligibilityFacts> {
  const { storage, workers, clock } = context
  const [parents, group, gates, holds, runningDuplicate, heartbeat] = await Promise.all([
    storage.getTasks(task.parentIds),
    findGroup(context, task.groupId),
    storage.getGates(gatesOf(task)),
    holdsOn(context, task),
    runningDuplicateOf(context, task),
    task.lease && findHeartbeat(storage, task),
  ])
  return {
    now: clock.now(),
    isGroupPaused: group.isPaused,
    stoppedBy: group.stoppedBy,
    unfinishedParents: parents.filter((parent) => !isFinished(parent)),
    gates,
    holds,
    runningDuplicate,
    hasAddress: workers.hasAddress(task.worker),
    slots: workers.slotsOf(task.worker),
    lastWordAt: heartbeat?.at ?? null,
  }
}

/** What stands before its start. */
function gatesOf({ workgroup, worker }: Task): GateRef[] {
  const common: GateRef[] = [
    { scope: 'worker', name: worker },
    { scope: 'all', name: '' },
  ]
  return workgroup === '' ? common : [{ scope: 'workgroup', name: workgroup }, ...common]
}

async function holdsOn({ storage }: ServiceContext, { workgroup, worker }: Task): Promise<WorkHold[]> {
  const [ofWorkgroup, ofWorker] = await Promise.all([
    workgroup === '' ? [] : storage.listHolds('workgroup', [workgroup]),
    storage.listHolds('worker', [worker]),
  ])
  return [...ofWorkgroup, ...ofWorker]
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
