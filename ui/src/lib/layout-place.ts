import { type Adjacency, degreeOf } from './adjacency.ts'
import { type Layers, layerAt } from './layout-order.ts'

const PASSES = 8
/** Who has no neighbours on that side stays where it is, unless others need the room. */
const LOOSE_WEIGHT = 1e-3

/** Rows near those of the neighbours, in the order given, at least one row apart. */
export function placeLayers(layers: Layers, count: number, parents: Adjacency, children: Adjacency): Float64Array {
  const rows = new Float64Array(count)
  const width = layers.starts.length - 1
  for (let c = 0; c < width; c++) {
    const layer = layerAt(layers, c)
    for (const [i, v] of layer.entries()) rows[v] = i - (layer.length - 1) / 2
  }
  const blocks = new Blocks(layers)
  for (let pass = 0; pass < PASSES; pass++) {
    const isDown = pass % 2 === 0
    for (let i = 0; i < width; i++) {
      const layer = layerAt(layers, isDown ? i : width - 1 - i)
      placeLayer(layer, rows, isDown ? parents : children, isDown ? children : parents, blocks)
    }
  }
  return rows
}

/**
 * A neighbour counts by 1 / the larger of the two degrees: one that joins a thousand tells each of them little, and otherwise would
 * pull its whole column together.
 */
function placeLayer(
  layer: Uint32Array,
  rows: Float64Array,
  { starts, ends }: Adjacency,
  beyond: Adjacency,
  blocks: Blocks,
): void {
  blocks.clear()
  // By index: an iterator or a view for each task would take longer than the sums.
  for (let i = 0; i < layer.length; i++) {
    const v = layer[i] ?? 0
    const first = starts[v] ?? 0
    const end = starts[v + 1] ?? 0
    let weight = 0
    let sum = 0
    for (let at = first; at < end; at++) {
      const u = ends[at] ?? 0
      const each = 1 / Math.max(end - first, degreeOf(beyond, u))
      weight += each
      sum += each * (rows[u] ?? 0)
    }
    if (weight === 0) blocks.add(LOOSE_WEIGHT, (rows[v] ?? 0) - i)
    else blocks.add(weight, sum / weight - i)
  }
  blocks.spread((i, value) => {
    rows[layer[i] ?? 0] = value + i
  })
}

/**
 * Isotonic regression by pooling adjacent violators: the values nearest to what was wanted that never fall. Rows less their index must
 * not fall, which is the same as one row apart.
 */
class Blocks {
  private readonly weights: Float64Array
  private readonly values: Float64Array
  private readonly sizes: Uint32Array
  private count = 0

  constructor({ starts }: Layers) {
    let most = 0
    for (let c = 1; c < starts.length; c++) most = Math.max(most, (starts[c] ?? 0) - (starts[c - 1] ?? 0))
    this.weights = new Float64Array(most)
    this.values = new Float64Array(most)
    this.sizes = new Uint32Array(most)
  }

  clear(): void {
    this.count = 0
  }

  add(weight: number, value: number): void {
    let size = 1
    let pooled = weight
    let mean = value
    while (this.count > 0 && (this.values[this.count - 1] ?? 0) >= mean) {
      this.count--
      const before = this.weights[this.count] ?? 0
      mean = (mean * pooled + (this.values[this.count] ?? 0) * before) / (pooled + before)
      pooled += before
      size += this.sizes[this.count] ?? 0
    }
    this.weights[this.count] = pooled
    this.values[this.count] = mean
    this.sizes[this.count] = size
    this.count++
  }

  spread(set: (index: number, value: number) => void): void {
    let index = 0
    for (let block = 0; block < this.count; block++)
      for (let left = this.sizes[block] ?? 0; left > 0; left--) set(index++, this.values[block] ?? 0)
  }
}
