import { degreeOf, neighboursOf } from './adjacency.ts'
import { TASK_STATES } from './states.ts'
import type { TaskGraph } from './task-graph.ts'

/** When a task began first and ended last, epoch ms. */
export interface Run {
  readonly startedAt: number
  readonly endedAt: number
}

/** When these tasks ran; those that never did are left out. */
export type ReadRuns = (tasks: readonly number[]) => Promise<ReadonlyMap<number, Run>>

/** The tasks, first to last, of which each waited for the one before: no other chain made the group take as long. */
export interface CriticalPath {
  readonly tasks: readonly number[]
  /** From the start of the first to the end of the last; null where nothing is known of one of them. */
  readonly tookMs: number | null
}

/** The graph says nothing of times, so they are asked for, 100 tasks at once; more than these would be minutes of asking. */
export const MAX_ASKED = 2000

/**
 * Back from what ended last, each time to the parent that ended last, which is the one that was waited for. Where there is one parent
 * alone there is nothing to ask. Null: nothing has run.
 */
export async function criticalPathOf(graph: TaskGraph, readRuns: ReadRuns): Promise<CriticalPath | null> {
  let asked = 0
  const lastOf = async (tasks: readonly number[]): Promise<number | null> => {
    asked += tasks.length
    if (asked > MAX_ASKED) throw new Error(`More than ${MAX_ASKED} tasks would have to be asked about: too many.`)
    const runs = [...(await readRuns(tasks))]
    return runs.reduce<[number, Run] | null>((a, b) => (a && a[1].endedAt >= b[1].endedAt ? a : b), null)?.[0] ?? null
  }
  const last = await lastOf(endsOf(graph))
  if (last === null) return null
  const path = [last]
  for (let v: number | undefined = last; v !== undefined; ) {
    const parents: readonly number[] = [...neighboursOf(graph.topology.parents, v)]
    v = parents.length > 1 ? ((await lastOf(parents)) ?? parents[0]) : parents[0]
    if (v !== undefined) path.push(v)
  }
  const tasks = path.reverse()
  return { tasks, tookMs: tookOf(await readRuns(tasks.length > 1 ? [tasks[0] ?? last, last] : tasks), tasks) }
}

function tookOf(runs: ReadonlyMap<number, Run>, tasks: readonly number[]): number | null {
  const [first, last] = [runs.get(tasks[0] ?? -1), runs.get(tasks.at(-1) ?? -1)]
  return first && last ? last.endedAt - first.startedAt : null
}

/** What has ended, and has nothing below it that has. */
function endsOf({ topology, states }: TaskGraph): number[] {
  const { children } = topology
  const isOver = (v: number): boolean => HAS_ENDED[states[v] ?? 0] ?? false
  return Array.from(states.keys()).filter(
    (v) => isOver(v) && (degreeOf(children, v) === 0 || !neighboursOf(children, v).some(isOver)),
  )
}

const HAS_ENDED = TASK_STATES.map((state) => state === 'succeeded' || state === 'failed')

/** Of each task 1 where it is on the path, else 0. */
export function maskOfPath({ tasks }: CriticalPath, { states }: TaskGraph): Uint8Array {
  const mask = new Uint8Array(states.length)
  for (const v of tasks) mask[v] = 1
  return mask
}
