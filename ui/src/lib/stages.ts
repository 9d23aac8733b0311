import { neighboursOf } from './adjacency.ts'
import { ranksOf } from './ranks.ts'
import { type Counts, TASK_STATES, type TaskState } from './states.ts'
import type { TaskGraph, Topology } from './task-graph.ts'

/** The tasks of one worker at one depth, folded; or at several depths, when each leads to the next. */
export interface Stage {
  readonly id: string
  readonly worker: string
  /** Of the first of them. */
  readonly depth: number
  /** How many depths in a row it stands for. */
  readonly length: number
  /** Its tasks, as indexes into the graph. */
  readonly members: readonly number[]
}

export interface StageEdge {
  readonly from: string
  readonly to: string
  /** How many parents it stands for. */
  readonly count: number
}

export interface Stages {
  readonly stages: readonly Stage[]
  readonly edges: readonly StageEdge[]
}

/**
 * Folds a graph by (longest path from a source, worker). An edge always goes to a greater depth, so what comes out has no cycle.
 * Then runs of one worker are folded into their first: page 1 → page 2 → … O(tasks + edges).
 */
export function foldStages(topology: Topology): Stages {
  const fine = quotientOf(topology)
  const heads = headsOf(fine)
  const runs = Map.groupBy(fine.cells, (_cell, i) => heads[i] ?? i)
  const nameOf = (cell: number): string =>
    `${fine.cells[cell]?.depth}:${topology.workers[fine.cells[cell]?.worker ?? 0]}`
  const stages = [...runs].map(([head, run]) => ({
    id: nameOf(head),
    worker: topology.workers[run[0]?.worker ?? 0] ?? '',
    depth: run[0]?.depth ?? 0,
    length: run.length,
    members: run.flatMap(({ members }) => members),
  }))
  const edges = new Map<number, StageEdge>()
  for (const { from, to, count } of fine.edges.values()) {
    const [head = from, other = to] = [heads[from], heads[to]]
    if (head === other) continue
    const key = head * heads.length + other
    const before = edges.get(key)?.count ?? 0
    edges.set(key, { from: nameOf(head), to: nameOf(other), count: before + count })
  }
  return { stages: stages.sort((a, b) => a.depth - b.depth), edges: [...edges.values()] }
}

/** How many of a stage's tasks are in each state. */
export function countsOf({ members }: Stage, { states }: TaskGraph): Counts {
  const counts = new Uint32Array(TASK_STATES.length)
  for (const v of members) {
    const state = states[v] ?? 0
    counts[state] = (counts[state] ?? 0) + 1
  }
  return Object.fromEntries(TASK_STATES.map((state, i) => [state, counts[i] ?? 0])) as Record<TaskState, number>
}

/** The tasks of one worker at one depth. */
interface Cell {
  readonly depth: number
  /** An index, as everything here. */
  readonly worker: number
  readonly members: number[]
}

interface Quotient {
  /** By depth. */
  readonly cells: readonly Cell[]
  readonly edges: ReadonlyMap<number, { readonly from: number; readonly to: number; count: number }>
}

function quotientOf({ worker, workers, parents, children }: Topology): Quotient {
  const ranks = ranksOf(parents, children)
  const byKey = new Map<number, Cell>()
  for (let v = 0; v < worker.length; v++) {
    const cell = { depth: ranks[v] ?? 0, worker: worker[v] ?? 0, members: [v] }
    const key = cell.depth * workers.length + cell.worker
    const known = byKey.get(key)
    if (known === undefined) byKey.set(key, cell)
    else known.members.push(v)
  }
  const cells = [...byKey.values()].sort((a, b) => a.depth - b.depth)
  const cellOf = new Uint32Array(worker.length)
  for (const [i, { members }] of cells.entries()) for (const v of members) cellOf[v] = i
  const edges = new Map<number, { from: number; to: number; count: number }>()
  for (const [to, { members }] of cells.entries())
    for (const v of members)
      for (const parent of neighboursOf(parents, v)) {
        const from = cellOf[parent] ?? 0
        const known = edges.get(from * cells.length + to)
        if (known === undefined) edges.set(from * cells.length + to, { from, to, count: 1 })
        else known.count++
      }
  return { cells, edges }
}

const NONE = -1
const SEVERAL = -2

/**
 * For each cell the first of its run. A cell goes on with the one before when all its parents are there, and are of its worker: what
 * leads into a run from elsewhere leads into its first, so no cycle comes of it.
 */
function headsOf({ cells, edges }: Quotient): Uint32Array {
  const parent = new Int32Array(cells.length).fill(NONE)
  for (const { from, to } of edges.values()) parent[to] = parent[to] === NONE ? from : SEVERAL
  const heads = new Uint32Array(cells.length)
  for (const [i, { depth, worker }] of cells.entries()) {
    const before = cells[parent[i] ?? NONE]
    const isNext = before?.worker === worker && before.depth === depth - 1
    heads[i] = isNext ? (heads[parent[i] ?? 0] ?? 0) : i
  }
  return heads
}
