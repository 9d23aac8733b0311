import { neighboursOf } from '../../../lib/adjacency.ts'
import { layerAt } from '../../../lib/layout-order.ts'
import { columnCount, type Scene } from './scene.ts'

export type Step = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown' | 'Home' | 'End'
const STEPS: readonly string[] = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'] satisfies Step[]
export const isStep = (key: string): key is Step => STEPS.includes(key)

/** Where a key leads: to the nearest parent or child, to who stands above or below, to the first or the last. Null is nowhere. */
export function stepFrom(scene: Scene, from: number | null, step: Step): number | null {
  const { layers } = scene.layout
  const first = layers.nodes[0] ?? null
  if (from === null || step === 'Home') return first
  if (step === 'End') return layerAt(layers, columnCount(scene) - 1).at(-1) ?? first
  if (step === 'ArrowLeft') return nearest(scene, from, neighboursOf(scene.links.parents, from))
  if (step === 'ArrowRight') return nearest(scene, from, neighboursOf(scene.links.children, from))
  const layer = layerAt(layers, scene.layout.columns[from] ?? 0)
  return layer[layer.indexOf(from) + (step === 'ArrowUp' ? -1 : 1)] ?? null
}

function nearest({ layout }: Scene, from: number, tasks: Uint32Array): number | null {
  const distance = (v: number): number => Math.abs((layout.rows[v] ?? 0) - (layout.rows[from] ?? 0))
  let best: number | null = null
  for (const v of tasks) if (best === null || distance(v) < distance(best)) best = v
  return best
}
