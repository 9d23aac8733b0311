import { type Adjacency, neighboursOf, reversed, sizeOf } from './adjacency.ts'
import { TASK_STATES, type TaskState } from './states.ts'
import type { TaskGraph } from './task-graph.ts'

export interface Links {
  readonly parents: Adjacency
  readonly children: Adjacency
}

/** Some of the tasks, with the edges between them. */
export interface Subgraph extends Links {
  /** Of each task here, its index in the whole. */
  readonly nodes: Uint32Array
}

/** Those that `isKept` has a 1 for. */
export function subgraphOf({ parents }: Links, isKept: Uint8Array): Subgraph {
  const nodes = Uint32Array.from({ length: sizeOf(parents) }, (_, v) => v).filter((v) => isKept[v] === 1)
  const here = new Uint32Array(isKept.length)
  for (const [i, v] of nodes.entries()) here[v] = i
  const starts = new Uint32Array(nodes.length + 1)
  const ends: number[] = []
  for (const [i, v] of nodes.entries()) {
    for (const u of neighboursOf(parents, v)) if (isKept[u] === 1) ends.push(here[u] ?? 0)
    starts[i + 1] = ends.length
  }
  const kept = { starts, ends: Uint32Array.from(ends) }
  return { nodes, parents: kept, children: reversed(kept) }
}

/** The marked ones and all that can be reached from them. */
export function reachOf(links: Adjacency, marked: Uint8Array): Uint8Array {
  const reached = marked.slice()
  const queue: number[] = []
  for (let v = 0; v < marked.length; v++) if (marked[v] === 1) queue.push(v)
  for (let v = queue.pop(); v !== undefined; v = queue.pop())
    for (const u of neighboursOf(links, v)) {
      if (reached[u] === 1) continue
      reached[u] = 1
      queue.push(u)
    }
  return reached
}

/** A task with all its ancestors and descendants. */
export function relativesOf({ parents, children }: Links, v: number): Uint8Array {
  const self = new Uint8Array(sizeOf(parents))
  self[v] = 1
  const below = reachOf(children, self)
  return reachOf(parents, self).map((isAncestor, u) => isAncestor | (below[u] ?? 0))
}

/** Which tasks of a graph are drawn. */
export interface PartFilter {
  /** Those that go wrong, and what leads to them. */
  readonly isOnlyProblems: boolean
  /** Only the family of this task. */
  readonly familyOf: number | null
  /** Only those that it has a 1 for. */
  readonly path: Uint8Array | null
}

export interface Part {
  readonly nodes: Uint32Array
  readonly links: Links
  /** 1 for those that are only there because they lead to others, by their place in `nodes`. */
  readonly ghosts: Uint8Array | null
}

/** Of each task 0 where it is not drawn, 1 where it is, and 2 for ghosts; null where all are. */
export function maskOf(
  { topology, states }: TaskGraph,
  { isOnlyProblems, familyOf, path }: PartFilter,
): Uint8Array | null {
  const family = familyOf === null ? null : relativesOf(topology, familyOf)
  const among = family && path ? path.map((isOn, v) => isOn & (family[v] ?? 0)) : (family ?? path)
  if (!isOnlyProblems) return among
  const problems = states.map((state, v) => (isProblem[state] && among?.[v] !== 0 ? 1 : 0))
  return reachOf(topology.parents, problems).map((isKept, v) =>
    isKept === 0 || among?.[v] === 0 ? 0 : problems[v] === 1 ? 1 : GHOST,
  )
}

export function partOf({ parents, children }: Links, mask: Uint8Array | null): Part {
  if (mask === null) {
    const nodes = Uint32Array.from({ length: sizeOf(parents) }, (_, v) => v)
    return { nodes, links: { parents, children }, ghosts: null }
  }
  const { nodes, ...links } = subgraphOf(
    { parents, children },
    mask.map((kind) => Math.min(1, kind)),
  )
  return { nodes, links, ghosts: Uint8Array.from(nodes, (v) => (mask[v] === GHOST ? 1 : 0)) }
}

const GHOST = 2
/** What does not go on as it should; what waits for a person or for its turn does. */
export const PROBLEMS: readonly TaskState[] = ['failed', 'retrying', 'throttled']
export const isProblem = TASK_STATES.map((state) => PROBLEMS.includes(state))
