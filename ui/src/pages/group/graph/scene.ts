import type { Layout } from '../../../lib/layout.ts'
import type { Wires } from '../../../lib/layout-wires.ts'
import type { Links } from '../../../lib/subgraph.ts'
import type { Topology } from '../../../lib/task-graph.ts'

/** At zoom 1, in pixels. A row keeps targets 24 px apart at the smallest zoom that has cards (WCAG 2.5.8). */
export const COLUMN = 264
export const ROW = 52
export const CARD = { width: 200, height: 40 } as const

/** What is drawn: all tasks of a group, or some of them. Its tasks are numbered anew, from 0. */
export interface Scene {
  readonly topology: Topology
  /** Of each task here, its index in the topology. */
  readonly nodes: Uint32Array
  readonly links: Links
  readonly layout: Layout
  readonly wires: Wires
  /** 1 for those that are only there because they lead to others. */
  readonly ghosts: Uint8Array | null
  /** The task here that has this id. */
  find(id: string): number | undefined
}

export type SceneParts = Omit<Scene, 'find'>

export function sceneOf(parts: SceneParts): Scene {
  let byId: Map<string, number> | undefined
  const { nodes, topology } = parts
  const index = () => new Map(Array.from(nodes, (whole, v) => [topology.ids[whole] ?? '', v]))
  return {
    ...parts,
    find: (id) => {
      byId ??= index()
      return byId.get(id)
    },
  }
}

export const idOf = ({ topology, nodes }: Scene, v: number): string => topology.ids[nodes[v] ?? 0] ?? ''
export const nameOf = (scene: Scene, v: number): string => scene.topology.names[scene.nodes[v] ?? 0] || idOf(scene, v)
export const workerOf = ({ topology, nodes }: Scene, v: number): string =>
  topology.workers[topology.worker[nodes[v] ?? 0] ?? 0] ?? ''

export const leftOf = ({ layout }: Scene, v: number): number => (layout.columns[v] ?? 0) * COLUMN
export const topOf = ({ layout }: Scene, v: number): number => (layout.rows[v] ?? 0) * ROW

export const columnCount = ({ layout }: Scene): number => layout.layers.starts.length - 1
export const widthOf = (scene: Scene): number => columnCount(scene) * COLUMN - (COLUMN - CARD.width)
export const heightOf = ({ layout }: Scene): number => layout.height * ROW - (ROW - CARD.height)
