import { clockTime, seconds } from './durations.ts'
import type { HoldView, Snapshot, TaskView } from './snapshot.ts'

/** Notices what happened between one snapshot and the next, and counts the holds on the way. */
export interface Moments {
  /** One line for each notable moment since the last snapshot. */
  notice(snapshot: Snapshot, now: number): readonly string[]
  readonly holdsSeen: number
}

/** Starts with the tasks that were asked for: any other one must be a continuation. */
export function createMoments(knownIds: readonly string[]): Moments {
  let known: ReadonlySet<string> = new Set(knownIds)
  let tasks: ReadonlyMap<string, TaskView> = new Map()
  let groupState = 'active'
  const holds = new Map<string, number>()
  let holdsSeen = 0

  return {
    get holdsSeen() {
      return holdsSeen
    },
    notice(snapshot, now) {
      const newTasks = snapshot.tasks.filter((task) => !known.has(task.id))
      const newHolds = holdsOf(snapshot).filter((hold) => isNewHold(hold, holds.get(hold.name), now))
      const lines = [
        ...continuations(newTasks, snapshot.tasks),
        ...newHolds.map((hold) => holdLine(hold, now)),
        ...snapshot.tasks.flatMap((task) => taskMoments(task, tasks.get(task.id), now)),
        ...groupMoments(snapshot.state, groupState),
      ]
      for (const hold of newHolds) holds.set(hold.name, hold.heldUntil)
      holdsSeen += newHolds.length
      tasks = new Map(snapshot.tasks.map((task) => [task.id, task]))
      known = new Set(tasks.keys())
      groupState = snapshot.state
      return lines
    },
  }
}

/** The creator of a continuation stands last among its parents. */
function continuations(newTasks: readonly TaskView[], all: readonly TaskView[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const task of newTasks) {
    const creator = task.parentIds.at(-1)
    if (creator !== undefined) counts.set(creator, (counts.get(creator) ?? 0) + 1)
  }
  return [...counts].map(([creator, count]) => {
    const name = all.find((task) => task.id === creator)?.name ?? creator
    return `+ "${name}" created ${count} ${count === 1 ? 'task' : 'tasks'}`
  })
}

/** Other people's workgroups are held on the same server: only those of this group's tasks matter here. */
function holdsOf(snapshot: Snapshot): readonly HoldView[] {
  const ours = new Set(snapshot.tasks.map((task) => task.workgroup))
  return snapshot.holds.filter((hold) => hold.name !== '' && ours.has(hold.name))
}

/** Several 429 at the same moment raise one hold by milliseconds: only a raise that can be felt is a new one. */
const SAME_HOLD_MS = 1000

function isNewHold(hold: HoldView, knownUntil: number | undefined, now: number): boolean {
  if (hold.heldUntil <= now) return false
  return knownUntil === undefined || knownUntil <= now || hold.heldUntil > knownUntil + SAME_HOLD_MS
}

function holdLine(hold: HoldView, now: number): string {
  const reason = hold.reason === '' ? '' : ` (${hold.reason})`
  return `‖ workgroup ${hold.name} is held for ${seconds(hold.heldUntil - now)}${reason}`
}

function taskMoments(task: TaskView, before: TaskView | undefined, now: number): readonly string[] {
  const failed = task.errors.length > (before?.errors.length ?? 0) ? [failureLine(task, now)] : []
  const started = isJoin(task) && hasStarted(task) && !(before && hasStarted(before)) ? [joinLine(task)] : []
  return [...started, ...failed]
}

function failureLine(task: TaskView, now: number): string {
  return `✗ "${task.name}" attempt ${task.errors.length} failed: ${task.errors.at(-1)}; ${nextAttempt(task, now)}`
}

function nextAttempt(task: TaskView, now: number): string {
  if (task.remainingAttempts === 0 && !task.isComplete) return 'no attempts left'
  if (task.runAfter <= now) return 'retrying now'
  return `retry at ${clockTime(task.runAfter)}, in ${seconds(task.runAfter - now)}`
}

/** Two parents are the usual case for a continuation, whose creator is one of them: three make a join. */
function isJoin(task: TaskView): boolean {
  return task.parentIds.length > 2
}

function hasStarted(task: TaskView): boolean {
  return task.state === 'running' || task.isComplete || task.errors.length > 0
}

function joinLine(task: TaskView): string {
  return `▶ "${task.name}" started: its ${task.parentIds.length} parents are complete`
}

function groupMoments(state: string, before: string): readonly string[] {
  if (state === before) return []
  if (state === 'succeeded') return ['✓ done']
  if (state === 'failed') return ['✗ the task group has failed: nothing can move any more']
  if (state === 'paused') return ['‖ the task group is paused: resume it to go on']
  return before === 'paused' ? ['▶ the task group was resumed'] : []
}
