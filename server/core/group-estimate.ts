import { type StageSpeed, workMs } from './stage-speed.ts'
import type { Steps } from './steps.ts'
import { isExhausted, isFinished, isPaused, type Task } from './task.ts'

export type PlannedTask = Pick<Task, 'id' | 'worker' | 'parentIds' | 'holds' | 'runAfter' | 'lease'>

/**
 * The incomplete tasks that none of these stops, level by level: a level waits for the ones before it. Tasks behind one that failed for
 * good or is paused itself move when somebody acts, so nobody can say when they are done.
 */
export function* levelsOf(tasks: readonly PlannedTask[]): Steps<PlannedTask[][]> {
  const children = yield* childrenOf(tasks)
  const stuck = yield* below(
    tasks.filter((task) => !isFinished(task) && task.lease === null && (isExhausted(task) || isPaused(task))),
    children,
  )
  const moving = tasks.filter((task) => !stuck.has(task.id) && !isFinished(task))
  yield
  const isMoving = new Set(moving.map(({ id }) => id))
  const waitsFor = new Map<string, number>()
  for (const { id, parentIds } of moving) {
    waitsFor.set(id, parentIds.filter((one) => isMoving.has(one)).length)
    yield
  }
  const levels: PlannedTask[][] = []
  for (let level = moving.filter(({ id }) => waitsFor.get(id) === 0); level.length > 0; ) {
    levels.push(level)
    level = yield* nextLevel(level, children, waitsFor)
  }
  return levels
}

/** Those that waited for nothing but these. */
function* nextLevel(
  level: readonly PlannedTask[],
  children: ReadonlyMap<string, readonly PlannedTask[]>,
  waitsFor: Map<string, number>,
): Steps<PlannedTask[]> {
  const next: PlannedTask[] = []
  for (const { id } of level) {
    for (const child of children.get(id) ?? []) if (isLast(waitsFor, child.id)) next.push(child)
    yield
  }
  return next
}

/** Counts one parent down; answers whether it was the last. */
function isLast(waitsFor: Map<string, number>, id: string): boolean {
  const left = (waitsFor.get(id) ?? 0) - 1
  waitsFor.set(id, left)
  return left === 0
}

export function* childrenOf<One extends Pick<Task, 'id' | 'parentIds'>>(
  tasks: readonly One[],
): Steps<Map<string, One[]>> {
  const children = new Map<string, One[]>()
  for (const task of tasks) {
    for (const parent of task.parentIds) {
      const known = children.get(parent)
      if (known) known.push(task)
      else children.set(parent, [task])
    }
    yield
  }
  return children
}

/** These and all below them, each with the one of these that it is below. */
export function* below<One extends Pick<Task, 'id'>>(
  roots: readonly One[],
  children: ReadonlyMap<string, readonly One[]>,
): Steps<Map<string, string>> {
  const found = new Map(roots.map(({ id }) => [id, id]))
  const left = [...roots]
  for (let task = left.pop(); task; task = left.pop()) {
    for (const child of children.get(task.id) ?? []) {
      if (found.has(child.id)) continue
      found.set(child.id, found.get(task.id) ?? task.id)
      left.push(child)
    }
    yield
  }
  return found
}

/** How long each worker still has to do, were it alone (UI.md 3.5); `Infinity`: until somebody acts. */
export function workLeft(
  levels: readonly (readonly PlannedTask[])[],
  speeds: ReadonlyMap<string, StageSpeed>,
): Map<string, number> {
  const counts = countByWorker(levels.flat())
  return new Map(
    [...counts].map(([worker, count]) => {
      const speed = speeds.get(worker)
      return [worker, speed ? speed.heldMs + workMs(count, speed) : Number.POSITIVE_INFINITY]
    }),
  )
}

/**
 * How long all of it takes: the longest path through the stages, each a level of one worker; never less than what one worker has to do,
 * or than the last time that something waits for.
 */
export function* estimateMs(
  levels: readonly (readonly PlannedTask[])[],
  speeds: ReadonlyMap<string, StageSpeed>,
  now: number,
): Steps<number> {
  const ends = new Map<string, number>()
  let longest = 0
  for (const level of levels) {
    for (const [worker, tasks] of Map.groupBy(level, (task) => task.worker)) {
      const speed = speeds.get(worker)
      if (!speed) return Number.POSITIVE_INFINITY
      const begin = yield* lastOf(tasks, ends, speed.heldMs)
      const wait = tasks.reduce((latest, { runAfter }) => Math.max(latest, runAfter - now), 0)
      const end = Math.max(begin + workMs(tasks.length, speed), wait + speed.p50Ms)
      for (const { id } of tasks) ends.set(id, end)
      longest = Math.max(longest, end)
    }
  }
  return [...workLeft(levels, speeds).values()].reduce(max, longest)
}

/** When the last parent of these is done. */
function* lastOf(tasks: readonly PlannedTask[], ends: ReadonlyMap<string, number>, earliest: number): Steps<number> {
  let last = earliest
  for (const { parentIds } of tasks) {
    for (const id of parentIds) last = Math.max(last, ends.get(id) ?? 0)
    yield
  }
  return last
}

const max = (a: number, b: number): number => Math.max(a, b)

export function countByWorker(tasks: readonly Pick<Task, 'worker'>[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { worker } of tasks) counts.set(worker, (counts.get(worker) ?? 0) + 1)
  return counts
}
