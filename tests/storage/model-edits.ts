import type { Change, ChangeSet, Guard } from '../../server/core/change-set.ts'
import {
  FINISHED,
  Hold,
  isComplete,
  isFinished,
  mergeKeyOf,
  type Task,
  type TaskPatch,
  taskStates,
} from '../../server/core/task.ts'
import {
  addAttempt,
  blockChildren,
  changeSet,
  completion,
  delayChildren,
  deleteGroup,
  deleteTask,
  ifDuplicates,
  ifUnchanged,
  insertTask,
  liftHold,
  patchTask,
} from '../support/changes.ts'
import { makeAttempt, makeTask } from '../support/make.ts'
import { childrenOf, duplicatesOf, type Model, stateInModel } from './model.ts'
import { type GateEdit, gateChangeOf, nameIn, narrowingBy, pick, workers, workgroups } from './model-gate-edits.ts'
import { byPolicy, finishing, finishOf, type GroupSeed, groupIds, putting, retiring } from './model-group-edits.ts'

/** A lease that a claim of this run gave, current or long over. */
export interface SeenLease {
  readonly taskId: string
  readonly token: string
  readonly version: number
}

/** The model with what only the commands need. */
export interface ModelRun extends Model {
  readonly leases: SeenLease[]
  made: number
  /** Groups are in partitions of their own: keys exclude in their group only, and a lease counts at the gates of its claim. */
  readonly isPartitioned: boolean
  /** Times a kind of edit met a task in a state: what the run covered. */
  readonly meets: (edit: string, task: Task) => void
}

/** A change of state before it meets a store: numbers that pick from whatever is there, so that shrinking keeps it valid. */
export type Edit =
  | { readonly kind: 'insert'; readonly group: number; readonly tasks: readonly TaskSeed[]; readonly flaw: Flaw }
  | ({ readonly kind: 'putGroup' } & GroupSeed)
  | { readonly kind: 'resume'; readonly group: number; readonly hold: number }
  | ({
      readonly kind: 'succeed'
      readonly lease: number
      readonly isOld: boolean
      readonly isStale: boolean
    } & Continuation)
  | {
      readonly kind: 'fail'
      readonly lease: number
      readonly isOld: boolean
      readonly delay: number
      readonly isLast: boolean
      readonly isNarrowing: boolean
    }
  | { readonly kind: 'reset' | 'finish' | 'delete'; readonly task: number; readonly isStale: boolean }
  | {
      readonly kind: 'edit'
      readonly task: number
      readonly isStale: boolean
      readonly seed: TaskSeed
      readonly field: number
    }
  | { readonly kind: 'finishGroup' | 'retireGroup' | 'retireFailed' | 'deleteGroup'; readonly group: number }
  | GateEdit

export type Flaw = 'none' | 'takenId' | 'unknownParent' | 'unknownGroup' | 'wrongDuplicates'

export interface Continuation {
  readonly children: readonly TaskSeed[]
  readonly areChildrenFirst: boolean
  readonly delay: number
}

export interface TaskSeed {
  readonly parents: readonly number[]
  readonly key: number
  readonly worker: number
  readonly workgroup: number
  readonly priority: number
  readonly delay: number
  readonly holds: number
  readonly weight: number
}

export const keys = ['', 'k1', 'k2']
const said = ['away', 'no row', `it says: ${'long '.repeat(30)}`]
const weights = [1, 0.1, 2.5]
const longText = JSON.stringify('x'.repeat(3_000))

/** What the edit means for the store as the model has it; null when there is nothing it could mean. */
export function changeSetOf(edit: Edit, run: ModelRun): ChangeSet | null {
  switch (edit.kind) {
    case 'insert':
      return insertion(edit, run)
    case 'putGroup':
      return putting(edit, run)
    case 'resume':
      return changeSet({ changes: [liftHold(nameIn(groupIds, edit.group), edit.hold)] })
    case 'succeed':
      return succeeding(edit, run)
    case 'fail':
      return failing(edit, run)
    case 'reset':
    case 'finish':
    case 'delete':
    case 'edit':
      return editing(edit, run)
    case 'finishGroup':
      return finishing(edit, run)
    case 'retireGroup':
      return retiring(edit, run, { isFinished: true })
    case 'retireFailed':
      return retiring(edit, run, { isEnded: true })
    case 'deleteGroup':
      return changeSet({ changes: [deleteGroup(nameIn(groupIds, edit.group))] })
    case 'hold':
    case 'release':
    case 'limit':
    case 'pace':
    case 'narrow':
      return changeSet({ changes: [gateChangeOf(edit, run)] })
  }
}

function insertion(edit: Edit & { kind: 'insert' }, run: ModelRun): ChangeSet {
  const groupId = edit.flaw === 'unknownGroup' ? 'nowhere' : nameIn(groupIds, edit.group)
  const siblings = [...run.books.tasks.values()].filter((task) => task.groupId === groupId)
  const tasks: Task[] = []
  for (const seed of edit.tasks) tasks.push(seededTask(seed, groupId, [...siblings, ...tasks], run))
  const [first, last] = [tasks[0], tasks.at(-1)]
  if (edit.flaw === 'takenId' && first && last) tasks.push({ ...last, id: pick(siblings, edit.group)?.id ?? first.id })
  if (edit.flaw === 'unknownParent' && last) tasks.push({ ...last, id: nextId(run), parentIds: ['nobody'] })
  const mergeKey = first?.mergeKey ?? ''
  const incomplete = duplicatesOf(run.books, mergeKey).length + (edit.flaw === 'wrongDuplicates' ? 1 : 0)
  return changeSet({ guards: [ifDuplicates(mergeKey, incomplete)], changes: tasks.map(insertTask) })
}

const nextId = (run: ModelRun): string => `t${run.made++}`

function seededTask(seed: TaskSeed, groupId: string, siblings: readonly Task[], run: ModelRun): Task {
  const parents = siblings.length === 0 ? [] : seed.parents.map((index) => pick(siblings, index)?.id ?? '')
  const task = makeTask({
    id: nextId(run),
    groupId,
    createdAt: run.clock.now(),
    parentIds: [...new Set(parents)],
    key: nameIn(keys, seed.key),
    worker: nameIn(workers, seed.worker),
    workgroup: nameIn(workgroups, seed.workgroup),
    priority: seed.priority,
    runAfter: dueIn(seed.delay, run),
    holds: seed.holds,
    progressWeight: pick(weights, seed.weight) ?? 1,
    failures: seed.weight,
    errors: seed.weight === 1 ? ['it was so before'] : [],
    input: seed.weight === 2 ? longText : `{"n":${run.made}}`,
    metadata: seed.key === 0 ? { colour: nameIn(workgroups, seed.workgroup) } : {},
  })
  return { ...task, mergeKey: mergeKeyOf(task, !run.isPartitioned && task.key === 'k2' ? 'worker' : 'group') }
}

/** Unset, past, now or ahead. */
const dueIn = (delay: number, run: Model): number => (delay === 0 ? 0 : run.clock.now() + delay)

function seenLease(run: ModelRun, { lease, isOld }: { lease: number; isOld: boolean }): SeenLease | undefined {
  const isCurrent = ({ taskId, token }: SeenLease) => run.books.tasks.get(taskId)?.lease?.token === token
  if (!isOld) return pick(run.leases.filter(isCurrent), lease)
  return pickByState(run, run.leases, (seen) => run.books.tasks.get(seen.taskId), lease)
}

function succeeding(edit: Edit & { kind: 'succeed' }, run: ModelRun): ChangeSet | null {
  const lease = seenLease(run, edit)
  if (!lease) return null
  const task = run.books.tasks.get(lease.taskId)
  if (!task) return changeSet({ guards: [{ kind: 'lease', ...lease }], changes: completion(lease.taskId) })
  run.meets(edit.isOld ? 'succeed again' : 'succeed', task)
  const children = edit.children.map((seed) => ({
    ...seededTask({ ...seed, parents: [] }, task.groupId, [], run),
    parentIds: [task.id],
    createdBy: task.id,
  }))
  const inserts = children.map(insertTask)
  const done = completion(task.id, { output: `{"of":"${task.id}"}` })
  const delays = edit.delay > 0 ? [delayChildren(task.id, run.clock.now() + edit.delay)] : []
  return changeSet({
    guards: [{ kind: 'lease', ...lease, version: edit.isStale ? lease.version : task.version }],
    changes: [...(edit.areChildrenFirst ? [...inserts, ...done] : [...done, ...inserts]), ...delays, attemptOf(task)],
  })
}

function failing(edit: Edit & { kind: 'fail' }, run: ModelRun): ChangeSet | null {
  const lease = seenLease(run, edit)
  const task = lease && run.books.tasks.get(lease.taskId)
  if (!task) return null
  run.meets(edit.isOld ? 'fail again' : 'fail', task)
  const patch: TaskPatch = {
    failures: task.failures + 1,
    remainingAttempts: edit.isLast ? 0 : 1,
    holds: edit.isLast ? task.holds | Hold.exhausted : task.holds,
    runAfter: run.clock.now() + edit.delay,
    errors: [...task.errors, `${nameIn(said, edit.delay + edit.lease)} ${run.made}`].slice(-3),
  }
  const failed = changeSet({
    guards: [{ kind: 'lease', ...lease, version: task.version }],
    changes: [patchTask(task.id, patch, 'settle'), attemptOf(task), ...(edit.isNarrowing ? narrowingBy(task) : [])],
  })
  return edit.isLast ? byPolicy(failed, task, run) : failed
}

const attemptOf = (task: Task): Change => addAttempt(task.id, makeAttempt({ number: task.attempts }))

/** Picks a state first when something is in it, so that rare states are met as often as others. */
function pickByState<Thing>(
  run: ModelRun,
  things: readonly Thing[],
  taskOf: (thing: Thing) => Task | undefined,
  index: number,
): Thing | undefined {
  const state = pick(taskStates, index)
  const inState = things.filter((thing) => {
    const task = taskOf(thing)
    return task && stateInModel(run, task) === state
  })
  return pick(inState.length > 0 ? inState : things, index)
}

type TaskEdit = Edit & { kind: 'reset' | 'finish' | 'delete' | 'edit' }

function editing(edit: TaskEdit, run: ModelRun): ChangeSet | null {
  const task = pickByState(run, [...run.books.tasks.values()], (each) => each, edit.task)
  if (!task) return null
  run.meets(edit.kind, task)
  return changeSet({ guards: [editGuard(edit, task, run)], changes: changesOf(edit, task, run) })
}

/** Whoever deletes has looked at the children, and whoever edits at the task: neither may have changed unseen. */
function editGuard({ kind, isStale }: TaskEdit, task: Task, run: ModelRun): Guard {
  const off = isStale ? 1 : 0
  if (kind !== 'delete') return ifUnchanged({ id: task.id, version: task.version - off })
  return { kind: 'children', taskId: task.id, count: childrenOf(run.books, task.id).length + off }
}

function changesOf(edit: TaskEdit, task: Task, run: ModelRun): Change[] {
  switch (edit.kind) {
    case 'reset': {
      const patch: TaskPatch = {
        holds: 0,
        attempts: 0,
        failures: 0,
        errors: [],
        run: task.run + 1,
        output: 'null',
        runAfter: 0,
      }
      return [patchTask(task.id, patch, 'fence'), ...(isFinished(task) ? [blockChildren(task.id)] : [])]
    }
    case 'finish':
      if (isComplete(task)) return []
      return finishOf(task)
    case 'delete':
      return [deleteTask(task.id)]
    case 'edit':
      return [patchTask(task.id, patchOf(edit, task, run))]
  }
}

/** What is passed over has failed for good. */
const editedHolds = (before: number, holds: number): number =>
  (holds & ~FINISHED) | (before & FINISHED) | (before & Hold.passed ? Hold.exhausted : 0)

/**
 * One field, or all of them. Whether the task is finished is not edited: that goes with its children's countdown. Nor are the gates of
 * a task that runs, where these are shared by permits: nobody does so (`decideUpdate`), and its permits stay where it was claimed.
 */
function patchOf({ seed, field }: Edit & { kind: 'edit' }, task: Task, run: ModelRun): TaskPatch {
  const { worker, workgroup } = task
  const isFixed = run.isPartitioned && task.lease !== null
  const next = { ...seededTask(seed, task.groupId, [], { ...run, made: 0 }), ...(isFixed && { worker, workgroup }) }
  const patches: TaskPatch[] = [
    { holds: editedHolds(task.holds, next.holds) },
    { priority: next.priority },
    { runAfter: next.runAfter },
    { workgroup: next.workgroup },
    { worker: next.worker },
    { key: next.key, mergeKey: next.mergeKey },
    { progressWeight: next.progressWeight, metadata: next.metadata },
    { name: 'edited', failures: next.failures },
    { input: next.input, output: next.input },
  ]
  return pick([...patches, Object.assign({}, ...patches) as TaskPatch], field) ?? {}
}
