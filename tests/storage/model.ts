import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { Change, ChangeSet, CommitResult, Guard, HoldScope, PastHold } from '../../server/core/change-set.ts'
import type { Clock } from '../../server/core/clock.ts'
import {
  bucketOf,
  buckets,
  isComplete,
  isFinished as isFinishedParent,
  OUTSIDE,
  type Surroundings,
  stateOf,
  type Task,
  type TaskPatch,
} from '../../server/core/task.ts'
import { type CountedGroup, type TaskGroup, weightUnits } from '../../server/core/task-group.ts'
import type { LeaseRef } from '../../storage/task-storage.ts'
import { changeGate, gatesOpenAt, heldInModel, type ModelGate } from './model-gates.ts'
import type { ModelRecord } from './model-records.ts'

/**
 * What the port promises, in plain Maps: the measure for every engine, and deliberately slow. Nothing is kept that can
 * be counted, so that it cannot be wrong in the way an engine with counters and indexes can.
 */
export interface Model {
  readonly clock: Clock
  readonly bootId: string
  books: Books
  /** By key; those whose time is over may be there still. */
  readonly records: Map<string, ModelRecord>
}

interface Books {
  readonly tasks: Map<string, Task>
  readonly groups: Map<string, TaskGroup>
  /** By `scope name`. */
  readonly gates: Map<string, ModelGate>
  /** By `scope name`, newest first. */
  readonly pastHolds: Map<string, readonly PastHold[]>
  /** The token that a task was last settled with, until it is leased again or fenced: with it a result is a duplicate. */
  readonly settledTokens: Map<string, string>
  /** Oldest first. */
  readonly attempts: Map<string, readonly AttemptRecord[]>
}

export function makeModel(clock: Clock, bootId: string): Model {
  const books = {
    tasks: new Map(),
    groups: new Map(),
    gates: new Map(),
    pastHolds: new Map(),
    settledTokens: new Map(),
    attempts: new Map(),
  }
  return { clock, bootId, books, records: new Map() }
}

/** Applies a change set all or nothing. */
export function commitToModel(model: Model, set: ChangeSet): CommitResult {
  for (const guard of set.guards) {
    const verdict = checkGuard(model, guard)
    if (verdict !== 'applied') return verdict
  }
  const before = model.books
  model.books = copyBooks(before)
  for (const change of set.changes) {
    if (applyChange(model, change)) continue
    model.books = before
    return 'conflict'
  }
  return 'applied'
}

const copyBooks = (books: Books): Books => ({
  tasks: new Map(books.tasks),
  groups: new Map(books.groups),
  gates: new Map(books.gates),
  pastHolds: new Map(books.pastHolds),
  settledTokens: new Map(books.settledTokens),
  attempts: new Map(books.attempts),
})

function checkGuard(model: Model, guard: Guard): CommitResult {
  const { books } = model
  switch (guard.kind) {
    case 'lease': {
      const task = books.tasks.get(guard.taskId)
      if (task?.lease?.token === guard.token) return task.version === guard.version ? 'applied' : 'conflict'
      return task && books.settledTokens.get(task.id) === guard.token ? 'duplicate' : 'leaseLost'
    }
    case 'version':
      return books.tasks.get(guard.taskId)?.version === guard.version ? 'applied' : 'conflict'
    case 'group':
      if ((books.groups.get(guard.groupId)?.epoch ?? null) !== guard.epoch) return 'conflict'
      if (guard.isFinished && !isFinished(model, guard.groupId)) return 'conflict'
      return !guard.isEnded || hasEnded(model, guard.groupId) ? 'applied' : 'conflict'
    case 'children':
      if (!books.tasks.has(guard.taskId)) return 'conflict'
      return childrenOf(books, guard.taskId).length === guard.count ? 'applied' : 'conflict'
    case 'duplicates':
      return duplicatesOf(books, guard.mergeKey).length === guard.incomplete ? 'applied' : 'conflict'
  }
}

/** Answers whether it could be applied. */
function applyChange(model: Model, change: Change): boolean {
  const { books } = model
  switch (change.kind) {
    case 'insertTask':
      return insertTask(books, change.task)
    case 'patchTask':
      return patchTask(books, change.taskId, change.patch, change.lease)
    case 'releaseChildren':
      return editChildren(books, change.parentId, (child) => ({ unfinishedParents: child.unfinishedParents - 1 }))
    case 'blockChildren':
      return editChildren(books, change.parentId, (child) => ({ unfinishedParents: child.unfinishedParents + 1 }))
    case 'delayChildren':
      return editChildren(books, change.parentId, (child) =>
        isFinishedParent(child) ? {} : { runAfter: Math.max(child.runAfter, change.notBefore) },
      )
    case 'deleteTask':
      return deleteTask(books, change.taskId)
    case 'addAttempt':
      return addAttempt(books, change.taskId, change.attempt)
    case 'putGroup':
      books.groups.set(change.group.id, change.group)
      return true
    case 'deleteGroup':
      for (const task of tasksOf(model, change.groupId)) deleteTask(books, task.id)
      books.groups.delete(change.groupId)
      return true
    case 'liftHold':
      for (const task of tasksOf(model, change.groupId)) {
        if (task.holds & change.hold) patchTask(books, task.id, { holds: task.holds & ~change.hold })
      }
      return true
    case 'holdWork':
    case 'releaseWork':
    case 'limitWork':
    case 'paceWork':
    case 'narrowWork':
      changeGate(model, change)
      return true
  }
}

function insertTask(books: Books, task: Task): boolean {
  const parents = task.parentIds.map((id) => books.tasks.get(id))
  if (books.tasks.has(task.id) || !books.groups.has(task.groupId) || parents.includes(undefined)) return false
  const unfinishedParents = parents.filter((parent) => parent && !isFinishedParent(parent)).length
  books.tasks.set(task.id, { ...task, unfinishedParents, lease: null })
  return true
}

function patchTask(books: Books, id: string, patch: TaskPatch, leaseChange?: 'settle' | 'fence'): boolean {
  const task = books.tasks.get(id)
  if (!task) return true
  if (leaseChange === 'settle' && task.lease) books.settledTokens.set(id, task.lease.token)
  if (leaseChange === 'fence') books.settledTokens.delete(id)
  const lease = leaseChange ? null : task.lease
  books.tasks.set(id, { ...task, ...patch, version: task.version + 1, lease })
  return true
}

function editChildren(books: Books, parentId: string, edit: (child: Task) => Partial<Task>): boolean {
  for (const child of childrenOf(books, parentId)) books.tasks.set(child.id, { ...child, ...edit(child) })
  return true
}

function deleteTask(books: Books, id: string): boolean {
  const task = books.tasks.get(id)
  if (!task) return true
  if (!isFinishedParent(task)) {
    editChildren(books, id, (child) => ({ unfinishedParents: child.unfinishedParents - 1 }))
  }
  editChildren(books, id, (child) => ({
    parentIds: child.parentIds.filter((parentId) => parentId !== id),
    version: child.version + 1,
  }))
  books.tasks.delete(id)
  books.settledTokens.delete(id)
  books.attempts.delete(id)
  return true
}

function addAttempt(books: Books, taskId: string, attempt: AttemptRecord): boolean {
  if (!books.tasks.has(taskId)) return true
  books.attempts.set(taskId, [...(books.attempts.get(taskId) ?? []), attempt].slice(-50))
  return true
}

/** What a claim does to one task. */
export function leaseInModel(model: Model, taskId: string, lease: { token: string; until: number }): void {
  const task = model.books.tasks.get(taskId)
  if (!task) throw new Error(`there is no task ${taskId} to lease`)
  const { clock, bootId } = model
  const version = task.version + 1
  const leased = {
    ...task,
    version,
    attempts: task.attempts + 1,
    lease: { ...lease, holder: bootId, startedAt: clock.now() },
  }
  model.books.tasks.set(taskId, leased)
  model.books.settledTokens.delete(taskId)
}

/** Answers whether the token was current. */
export function renewInModel(
  { books }: Model,
  { taskId, token }: LeaseRef,
  { until, holder }: { until: number; holder: string | undefined },
): boolean {
  const task = books.tasks.get(taskId)
  if (!task?.lease || task.lease.token !== token) return false
  const ends = holder === undefined ? Math.max(task.lease.until, until) : until
  books.tasks.set(taskId, { ...task, lease: { ...task.lease, until: ends, holder: holder ?? task.lease.holder } })
  return true
}

const heldUntil = (model: Model, scope: HoldScope, name: string): number =>
  name === '' ? 0 : heldInModel(model, { scope, name })

const workHeldUntil = (model: Model, task: Task): number =>
  Math.max(heldUntil(model, 'workgroup', task.workgroup), heldUntil(model, 'worker', task.worker))

const isGroupPaused = ({ books }: Model, groupId: string): boolean => books.groups.get(groupId)?.isPaused ?? false

export const surroundingsOf = (model: Model, task: Task): Surroundings => ({
  now: model.clock.now(),
  isGroupPaused: isGroupPaused(model, task.groupId),
  heldUntil: workHeldUntil(model, task),
})

export const stateInModel = (model: Model, task: Task) => stateOf(task, surroundingsOf(model, task))

/** When nothing but time and gates keep a task from being claimed. */
function isArmed(model: Model, task: Task): boolean {
  if (task.holds !== 0 || task.unfinishedParents > 0 || task.lease || isGroupPaused(model, task.groupId)) return false
  return !leasedMergeKeys(model).has(task.mergeKey)
}

/** When nothing but time keeps a task from being claimed: the moment it may start, maybe past. Else null. */
export function startableAt(model: Model, task: Task): number | null {
  const openAt = isArmed(model, task) ? gatesOpenAt(model, task) : null
  return openAt === null ? null : Math.max(task.runAfter, openAt)
}

/** Claimable, but for its gates. */
export const isAtGates = (model: Model, task: Task): boolean =>
  task.runAfter <= model.clock.now() && isArmed(model, task)

export function isClaimable(model: Model, task: Task): boolean {
  const startAt = isAtGates(model, task) ? startableAt(model, task) : null
  return startAt !== null && startAt <= model.clock.now()
}

function leasedMergeKeys({ books }: Model): Set<string> {
  const keys = new Set<string>()
  for (const task of books.tasks.values()) if (task.lease && task.mergeKey !== '') keys.add(task.mergeKey)
  return keys
}

export const isLeaseExpired = (model: Model, task: Task): boolean =>
  task.lease !== null && (task.lease.until <= model.clock.now() || isOfDeadBoot(model, task.lease.holder))

const isOfDeadBoot = (model: Model, holder: string): boolean => holder !== model.bootId && !holder.startsWith(OUTSIDE)

export const tasksOf = ({ books }: Model, groupId: string): Task[] =>
  [...books.tasks.values()].filter((task) => task.groupId === groupId)

/** Whether the group holds tasks, all of them complete. */
export function isFinished(model: Model, groupId: string): boolean {
  const tasks = tasksOf(model, groupId)
  return tasks.length > 0 && tasks.every(isComplete)
}

/** Whether none of its tasks is left to run: each is complete, or failed for good. */
export function hasEnded(model: Model, groupId: string): boolean {
  const bucket = (task: Task) => bucketOf({ ...task, isLeased: task.lease !== null })
  const tasks = tasksOf(model, groupId)
  return tasks.length > 0 && tasks.every((task) => ['succeeded', 'failed'].includes(bucket(task)))
}

export const childrenOf = (books: Books, parentId: string): Task[] =>
  [...books.tasks.values()].filter((task) => task.parentIds.includes(parentId))

export const duplicatesOf = (books: Books, mergeKey: string): Task[] =>
  [...books.tasks.values()].filter((task) => mergeKey !== '' && task.mergeKey === mergeKey && !isComplete(task))

/** A group with its books, counted anew. */
export function countGroup(model: Model, group: TaskGroup): CountedGroup {
  const tasks = tasksOf(model, group.id)
  const bucket = (task: Task) => bucketOf({ ...task, isLeased: task.lease !== null })
  const counts = Object.fromEntries(buckets.map((name) => [name, tasks.filter((task) => bucket(task) === name).length]))
  // A paused group shows what waits as paused, but its books go on counting it by time.
  const waiting = tasks
    .filter((task) => bucket(task) === 'waiting')
    .map((task) => stateOf(task, { ...surroundingsOf(model, task), isGroupPaused: false }))
  const inState = (state: string) => waiting.filter((word) => word === state).length
  const weigh = (some: Task[]) => some.reduce((sum, task) => sum + weightUnits(task.progressWeight), 0)
  return {
    ...group,
    counts: counts as CountedGroup['counts'],
    waiting: { scheduled: inState('scheduled'), retrying: inState('retrying'), throttled: inState('throttled') },
    weightTotal: weigh(tasks),
    weightDone: weigh(tasks.filter(isComplete)),
  }
}
