import { degreeOf, neighboursOf, sizeOf } from './adjacency.ts'
import type { Layout, LayoutInput } from './layout.ts'

/** Edges of a task to one column, drawn as a trunk with a stub to each: as lines of their own they would be a blot. */
export interface Bus {
  readonly hub: number
  /** Whether the hub is the parent of the others. */
  readonly isOut: boolean
  /** The column of the others. */
  readonly column: number
  /** The others, from top to bottom. */
  readonly members: Uint32Array
}

export interface Wires {
  readonly buses: readonly Bus[]
  /** What is drawn one by one: parent, child, parent, child, … */
  readonly edges: Uint32Array
}

/** A task with more edges to one column than these is a hub. */
export const HUB_EDGES = 40

export function wiresOf({ parents, children }: LayoutInput, layout: Layout): Wires {
  const count = sizeOf(parents)
  const buses: Bus[] = []
  /** Of hubs that are children, the columns whose tasks their buses lead to. */
  const joined = new Map<number, Set<number>>()
  for (let v = 0; v < count; v++) {
    if (degreeOf(parents, v) <= HUB_EDGES) continue
    const own = busesOf(v, false, neighboursOf(parents, v), layout)
    buses.push(...own)
    joined.set(v, new Set(own.map(({ column }) => column)))
  }
  const edges: number[] = []
  for (let v = 0; v < count; v++) {
    const column = layout.columns[v] ?? 0
    const left: number[] = []
    for (const child of neighboursOf(children, v)) if (!joined.get(child)?.has(column)) left.push(child)
    const own = left.length > HUB_EDGES ? busesOf(v, true, left, layout) : []
    buses.push(...own)
    for (const child of left) {
      const isBused = own.some((bus) => bus.column === layout.columns[child])
      if (!isBused) edges.push(v, child)
    }
  }
  return { buses, edges: Uint32Array.from(edges) }
}

function busesOf(hub: number, isOut: boolean, others: Iterable<number>, { columns, rows }: Layout): Bus[] {
  return [...Map.groupBy(others, (v) => columns[v] ?? 0)]
    .filter(([, members]) => members.length > HUB_EDGES)
    .map(([column, members]) => {
      const sorted = Uint32Array.from(members).sort((a, b) => (rows[a] ?? 0) - (rows[b] ?? 0))
      return { hub, isOut, column, members: sorted }
    })
}
