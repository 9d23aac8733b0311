import { layerAt } from '../../../lib/layout-order.ts'
import { type Frame, scaleOf, type Viewport } from '../../../lib/viewport.ts'
import { CARD, COLUMN, columnCount, ROW, type Scene } from './scene.ts'

/** From the measures of a scene to those of the screen. */
export interface Camera {
  readonly left: number
  readonly top: number
  readonly scale: { readonly x: number; readonly y: number }
  readonly width: number
  readonly height: number
}

export const cameraOf = ({ zoom, left, top }: Viewport, frame: Frame): Camera => ({
  left,
  top,
  scale: scaleOf(zoom, frame),
  width: frame.width,
  height: frame.height,
})

export const screenX = ({ left, scale }: Camera, x: number): number => left + x * scale.x
export const screenY = ({ top, scale }: Camera, y: number): number => top + y * scale.y

/** The columns that are seen: from the first up to, not including, the second. */
export function seenColumns(scene: Scene, { left, scale, width }: Camera): readonly [first: number, end: number] {
  const first = Math.floor((-left / scale.x - CARD.width) / COLUMN) + 1
  const end = Math.floor((width - left) / scale.x / COLUMN) + 1
  return [Math.max(0, first), Math.min(columnCount(scene), Math.max(0, end))]
}

/** The rows that are seen, as fractions. */
export function seenRows({ top, scale, height }: Camera): readonly [first: number, last: number] {
  return [(-top / scale.y - CARD.height) / ROW, (height - top) / scale.y / ROW]
}

/** The tasks of a column that are seen, from top to bottom: what a frame costs is what is seen. */
export function seenTasks({ layout }: Scene, camera: Camera, column: number): Uint32Array {
  const layer = layerAt(layout.layers, column)
  const [first, last] = seenRows(camera)
  return between(layer, layout.rows, first, last)
}

/** Of tasks sorted by their rows, those in this range. */
export function between(sorted: Uint32Array, rows: Float64Array, first: number, last: number): Uint32Array {
  return sorted.subarray(
    search(sorted, (v) => (rows[v] ?? 0) >= first),
    search(sorted, (v) => (rows[v] ?? 0) > last),
  )
}

/** The index of the first that is so, where all after it are. */
function search(sorted: Uint32Array, isSo: (v: number) => boolean): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isSo(sorted[middle] ?? 0)) high = middle
    else low = middle + 1
  }
  return low
}
