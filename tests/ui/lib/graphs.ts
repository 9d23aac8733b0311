import { adjacencyOf, reversed } from '../../../ui/src/lib/adjacency.ts'
import type { TaskState } from '../../../ui/src/lib/states.ts'
import type { Links } from '../../../ui/src/lib/subgraph.ts'
import { readTaskGraph, type TaskGraph } from '../../../ui/src/lib/task-graph.ts'

/** A graph by the parents and the worker of each task, and its state unless it is ready. */
export interface Sketch {
  readonly parents: readonly (readonly number[])[]
  readonly workers: readonly string[]
  readonly states?: readonly TaskState[]
}

export function linksOf(lists: readonly (readonly number[])[]): Links {
  const parents = adjacencyOf(lists)
  return { parents, children: reversed(parents) }
}

export function graphOf({ parents, workers, states = [] }: Sketch): TaskGraph {
  const names = [...new Set(workers)]
  const words = [...new Set<TaskState>(['ready', ...states])]
  return readTaskGraph({
    workers: names,
    states: words,
    ids: parents.map((_, v) => `t${v}`),
    names: parents.map((_, v) => `task ${v}`),
    worker: workers.map((name) => names.indexOf(name)),
    state: parents.map((_, v) => words.indexOf(states[v] ?? 'ready')),
    parents,
    isPartial: false,
  })
}

export const chain = (count: number, workers = ['next']): Sketch => ({
  parents: Array.from({ length: count }, (_, v) => (v === 0 ? [] : [v - 1])),
  workers: Array.from({ length: count }, (_, v) => workers[v % workers.length] ?? ''),
})

export const fanOut = (count: number): Sketch => ({
  parents: Array.from({ length: count }, (_, v) => (v === 0 ? [] : [0])),
  workers: Array.from({ length: count }, (_, v) => (v === 0 ? 'list' : 'fetch')),
})

/** List accounts → sync each → seven pages each → merge. */
export function accounts(count: number): Sketch {
  const syncs = Math.floor((count - 1) / 9)
  const last = count - 1
  const parents = Array.from({ length: count }, (_, v): number[] => {
    if (v === 0) return []
    if (v <= syncs) return [0]
    if (v < last) return [1 + ((v - syncs - 1) % syncs)]
    return Array.from({ length: last - syncs - 1 }, (_, i) => i + syncs + 1)
  })
  const workers = parents.map((_, v) => (v === 0 ? 'list' : v <= syncs ? 'sync' : v < last ? 'fetch' : 'merge'))
  return { parents, workers }
}
