import { type Adjacency, degreeOf, neighboursOf } from './adjacency.ts'

/** Nodes by column, from top to bottom: those of column `c` are in `nodes` from `starts[c]` up to `starts[c + 1]`. */
export interface Layers {
  readonly starts: Uint32Array
  readonly nodes: Uint32Array
}

const layerCount = ({ starts }: Layers): number => starts.length - 1
/** Empty where there is no such column. */
export const layerAt = ({ starts, nodes }: Layers, column: number): Uint32Array =>
  nodes.subarray(starts[column] ?? nodes.length, starts[column + 1] ?? nodes.length)

/** Columns in the order in which one meets their tasks by going down first: what hangs together stands together. */
export function layersOf(
  columns: Uint32Array,
  parents: Adjacency,
  children: Adjacency,
  isWanted: (v: number) => boolean,
): Layers {
  const wanted = columns.map((_, v) => v).filter(isWanted)
  const width = wanted.reduce((most, v) => Math.max(most, (columns[v] ?? 0) + 1), 0)
  const starts = new Uint32Array(width + 1)
  for (const v of wanted) {
    const after = (columns[v] ?? 0) + 1
    starts[after] = (starts[after] ?? 0) + 1
  }
  for (let c = 0; c < width; c++) starts[c + 1] = (starts[c + 1] ?? 0) + (starts[c] ?? 0)
  const nodes = new Uint32Array(wanted.length)
  const next = starts.slice()
  for (const v of depthFirst(wanted, parents, children)) {
    const column = columns[v] ?? 0
    const at = next[column] ?? 0
    nodes[at] = v
    next[column] = at + 1
  }
  return { starts, nodes }
}

/** With a stack of its own: a chain of 50,000 is deeper than that of the program. */
function* depthFirst(wanted: Uint32Array, parents: Adjacency, children: Adjacency): Generator<number> {
  const seen = new Uint8Array(parents.starts.length)
  const stack: number[] = []
  const sources = wanted.filter((v) => degreeOf(parents, v) === 0)
  for (const start of [...sources, ...wanted]) {
    stack.push(start)
    for (let v = stack.pop(); v !== undefined; v = stack.pop()) {
      if (seen[v]) continue
      seen[v] = 1
      yield v
      const below = neighboursOf(children, v)
      for (let i = below.length - 1; i >= 0; i--) stack.push(below[i] ?? 0)
    }
  }
}

const SWEEPS = 6

/** Each task moves to the middle of its parents, then of its children, and so on: few edges cross after that. */
export function orderLayers(layers: Layers, parents: Adjacency, children: Adjacency): void {
  const places = new Float64Array(parents.starts.length)
  const count = layerCount(layers)
  for (let c = 0; c < count; c++) notePlaces(layerAt(layers, c), places)
  const keys = new Float64Array(places.length)
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0
    for (let i = 0; i < count; i++) {
      const layer = layerAt(layers, isDown ? i : count - 1 - i)
      if (layer.length < 2) continue
      for (const v of layer) keys[v] = meanOf(isDown ? parents : children, v, places) ?? places[v] ?? 0
      sortBy(layer, keys)
      notePlaces(layer, places)
    }
  }
}

/** Who was there keeps its order; who is new stands beside its parents, or at the end. */
export function orderLikeBefore(layers: Layers, parents: Adjacency, before: Float64Array): void {
  const keys = Float64Array.from(before)
  for (let c = 0; c < layerCount(layers); c++) {
    const layer = layerAt(layers, c)
    for (const v of layer) if (Number.isNaN(keys[v])) keys[v] = meanOf(parents, v, keys) ?? Number.MAX_VALUE
    sortBy(layer, keys)
  }
}

/** Between 0 and 1, so that columns of different heights can be compared. */
function notePlaces(layer: Uint32Array, places: Float64Array): void {
  for (let i = 0; i < layer.length; i++) places[layer[i] ?? 0] = (i + 0.5) / layer.length
}

/** Of the neighbours; null where there are none. */
function meanOf({ starts, ends }: Adjacency, v: number, values: Float64Array): number | null {
  const first = starts[v] ?? 0
  const end = starts[v + 1] ?? 0
  if (first === end) return null
  let sum = 0
  for (let at = first; at < end; at++) sum += values[ends[at] ?? 0] ?? 0
  return sum / (end - first)
}

/** Stable: equals keep their order. Most layers soon are in order, which is cheaper to see than to sort. */
function sortBy(layer: Uint32Array, keys: Float64Array): void {
  for (let i = 1; i < layer.length; i++)
    if ((keys[layer[i - 1] ?? 0] ?? 0) > (keys[layer[i] ?? 0] ?? 0)) {
      layer.sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0))
      return
    }
}
