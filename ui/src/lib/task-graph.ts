import { type Adjacency, adjacencyOf, reversed } from './adjacency.ts'
import { TASK_STATES, type TaskState } from './states.ts'

/** The tasks of a group in columns, as the API sends them: without payloads, oldest first. */
export interface GraphFeed {
  readonly workers: readonly string[]
  readonly states: readonly string[]
  readonly ids: readonly string[]
  readonly names: readonly string[]
  readonly worker: readonly number[]
  readonly state: readonly number[]
  readonly parents: readonly (readonly number[])[]
  readonly isPartial: boolean
}

/** What stays while tasks only change their states. */
export interface Topology {
  readonly ids: readonly string[]
  readonly names: readonly string[]
  readonly workers: readonly string[]
  /** Of each task, the index into `workers`. */
  readonly worker: Uint32Array
  readonly parents: Adjacency
  readonly children: Adjacency
}

export interface TaskGraph {
  readonly topology: Topology
  /** Of each task, the index into `TASK_STATES`. */
  readonly states: Uint8Array
  /** There are more tasks than the server sends. */
  readonly isPartial: boolean
}

export function readTaskGraph(feed: GraphFeed): TaskGraph {
  const parents = adjacencyOf(feed.parents)
  const { ids, names, workers } = feed
  const codes = feed.states.map((word) => Math.max(0, TASK_STATES.indexOf(word as TaskState)))
  return {
    topology: { ids, names, workers, worker: Uint32Array.from(feed.worker), parents, children: reversed(parents) },
    states: Uint8Array.from(feed.state, (index) => codes[index] ?? 0),
    isPartial: feed.isPartial,
  }
}

/** The newer graph, with the topology of the older one where it is the same: whoever drew that has nothing to do but colour. */
export function withKnownTopology(older: TaskGraph | undefined, newer: TaskGraph): TaskGraph {
  if (older === undefined || !isSameTopology(older.topology, newer.topology)) return newer
  return { ...newer, topology: older.topology }
}

function isSameTopology(a: Topology, b: Topology): boolean {
  return (
    isSameList(a.ids, b.ids) &&
    isSameList(a.names, b.names) &&
    isSameList(a.workers, b.workers) &&
    isSameList(a.worker, b.worker) &&
    isSameList(a.parents.starts, b.parents.starts) &&
    isSameList(a.parents.ends, b.parents.ends)
  )
}

function isSameList(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

export const stateAt = (states: Uint8Array, v: number): TaskState => TASK_STATES[states[v] ?? 0] ?? 'blocked'
