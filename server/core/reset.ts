import type { Change, ChangeSet, CrewEvent, Guard } from './change-set.ts'
import { attemptsLeft, Hold, isFinished, type Task, type TaskPatch, withHold } from './task.ts'

/** What a reset touches. The sets are disjoint. */
export interface ResetScope {
  /** Look as if they never ran. */
  readonly targets: readonly Task[]
  /** Their own continuations, with what goes with them. */
  readonly deletions: readonly Task[]
  /** Complete children of targets that are not targets themselves: they wait again. */
  readonly dependants: readonly Task[]
  /** Children of `deletions` that stay: they lose an edge, and still had another parent when this was decided. */
  readonly survivors: readonly Task[]
}

/** WIRE 4.6: attempts set, output and errors gone, continuations deleted, attempts in flight fenced off, complete children wait. */
export function decideReset(scope: ResetScope, options: { remainingAttempts: number; now: number }): ChangeSet {
  const { targets, deletions, dependants, survivors } = scope
  const read = new Set([...targets, ...deletions, ...dependants, ...survivors])
  return {
    guards: [
      ...[...read].map((task): Guard => ({ kind: 'version', taskId: task.id, version: task.version })),
      ...childGuards(deletions, [...read]),
    ],
    changes: [
      ...deletions.map((task): Change => ({ kind: 'deleteTask', taskId: task.id })),
      ...targets.flatMap((task) => resetChanges(task, options)),
      ...dependants.flatMap(waitAgainChanges),
    ],
    events: [
      ...deletions.map((task) => eventOf('task.deleted', task)),
      ...[...targets, ...dependants].map((task) => eventOf('task.updated', task)),
    ],
  }
}

/** Deletes tasks. An attempt in flight is fenced by it: its task is gone. */
export function decideDelete(scope: Pick<ResetScope, 'deletions' | 'survivors'>): ChangeSet {
  return decideReset({ targets: [], dependants: [], ...scope }, { remainingAttempts: 0, now: 0 })
}

/** Every child of a deleted task was read with it: one that was added since must be looked at before its parent goes. */
function childGuards(deletions: readonly Task[], read: readonly Task[]): Guard[] {
  const counts = new Map(deletions.map((task) => [task.id, 0]))
  for (const task of read) {
    for (const id of task.parentIds) if (counts.has(id)) counts.set(id, (counts.get(id) as number) + 1)
  }
  return [...counts].map(([taskId, count]): Guard => ({ kind: 'children', taskId, count }))
}

/** Of these children, those that lose their last parent when `deleted` go: they go as well (WIRE 4.6). */
export function orphansOf(children: readonly Task[], deleted: ReadonlySet<string>): Task[] {
  return children.filter((child) => !deleted.has(child.id) && child.parentIds.every((id) => deleted.has(id)))
}

function resetChanges(task: Task, options: { remainingAttempts: number; now: number }): Change[] {
  const left = attemptsLeft(withHold(task.holds, Hold.complete, false), options.remainingAttempts)
  const patch: TaskPatch = {
    ...left,
    output: 'null',
    errors: [],
    runAfter: options.now,
    run: task.run + 1,
    attempts: 0,
    failures: 0,
    givenBack: 0,
    rateLimitedSince: 0,
  }
  const changes: Change[] = [{ kind: 'patchTask', taskId: task.id, patch, lease: 'fence' }]
  if (isFinished(task) && !isFinished({ holds: left.holds })) changes.push({ kind: 'blockChildren', parentId: task.id })
  return changes
}

/** A new run, as its parent will give it another result. What it gave last time stays readable until then. */
function waitAgainChanges(task: Task): Change[] {
  const patch: TaskPatch = { holds: withHold(task.holds, Hold.complete, false), run: task.run + 1 }
  return [
    { kind: 'patchTask', taskId: task.id, patch },
    { kind: 'blockChildren', parentId: task.id },
  ]
}

const eventOf = (type: 'task.deleted' | 'task.updated', task: Task): CrewEvent => ({
  type,
  groupId: task.groupId,
  taskId: task.id,
})
