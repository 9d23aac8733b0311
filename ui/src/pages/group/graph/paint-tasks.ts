import { formatNumber } from '../../../lib/format.ts'
import { layerAt } from '../../../lib/layout-order.ts'
import { TASK_STATES } from '../../../lib/states.ts'
import { isProblem } from '../../../lib/subgraph.ts'
import { type Camera, screenX, screenY, seenColumns, seenRows, seenTasks } from './camera.ts'
import type { GraphColors } from './graph-colors.ts'
import { CARD, COLUMN, ROW, type Scene, workerOf } from './scene.ts'

type Context = CanvasRenderingContext2D

/** Smaller tasks than this are drawn together. */
const MIN_WIDTH = 6
const MIN_HEIGHT = 3
/** What somebody looks for is at least this wide wherever it is, however many it is drawn together with. */
const MIN_LOUD = 3
const GHOST = TASK_STATES.length

interface Rect {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Tasks as rectangles in the colours of their states; where they are too small, several as one with its shares. */
export function paintTasks(
  context: Context,
  scene: Scene,
  camera: Camera,
  colors: GraphColors,
  states: Uint8Array,
): void {
  const byLook = colors.fills.map((): Rect[] => [])
  const isSmall = COLUMN * camera.scale.x < MIN_WIDTH || ROW * camera.scale.y < MIN_HEIGHT
  if (isSmall) collectShares(scene, camera, states, byLook)
  else collectEach(scene, camera, states, byLook)
  for (const [look, rects] of byLook.entries()) {
    context.fillStyle = colors.fills[look] ?? colors.wire
    for (const { x, y, width, height } of rects) context.fillRect(x, y, width, height)
  }
}

const lookOf = ({ nodes, ghosts }: Scene, states: Uint8Array, v: number): number =>
  ghosts?.[v] === 1 ? GHOST : (states[nodes[v] ?? 0] ?? 0)

function collectEach(scene: Scene, camera: Camera, states: Uint8Array, byLook: readonly Rect[][]): void {
  const [first, end] = seenColumns(scene, camera)
  const width = CARD.width * camera.scale.x
  const height = Math.max(2, CARD.height * camera.scale.y)
  for (let column = first; column < end; column++) {
    const x = screenX(camera, column * COLUMN)
    for (const v of seenTasks(scene, camera, column))
      byLook[lookOf(scene, states, v)]?.push({
        x,
        y: screenY(camera, (scene.layout.rows[v] ?? 0) * ROW),
        width,
        height,
      })
  }
}

/** Cells are fixed to the graph, not to the screen, so that nothing flickers while it is panned. */
function collectShares(scene: Scene, camera: Camera, states: Uint8Array, byLook: readonly Rect[][]): void {
  const columnsPerCell = Math.max(1, Math.ceil(MIN_WIDTH / (COLUMN * camera.scale.x)))
  const rowsPerCell = Math.max(1, MIN_HEIGHT / (ROW * camera.scale.y))
  const [firstColumn, end] = seenColumns(scene, camera)
  const [firstRow, lastRow] = seenRows(camera)
  const top = Math.floor(Math.max(0, firstRow) / rowsPerCell)
  const cells = Math.max(0, Math.floor(Math.min(scene.layout.height, lastRow) / rowsPerCell) - top + 1)
  const looks = byLook.length
  const counts = new Uint32Array(cells * looks)
  const isEven = columnsPerCell === 1
  const width = (isEven ? CARD.width : COLUMN * columnsPerCell) * camera.scale.x
  const height = Math.max(MIN_HEIGHT, rowsPerCell * ROW * camera.scale.y)
  for (let column = firstColumn - (firstColumn % columnsPerCell); column < end; column += columnsPerCell) {
    counts.fill(0)
    for (let c = column; c < Math.min(end, column + columnsPerCell); c++)
      for (const v of seenTasks(scene, camera, c)) {
        const cell = Math.floor((scene.layout.rows[v] ?? 0) / rowsPerCell) - top
        const at = cell * looks + lookOf(scene, states, v)
        counts[at] = (counts[at] ?? 0) + 1
      }
    const x = screenX(camera, column * COLUMN)
    for (let cell = 0; cell < cells; cell++) {
      const y = screenY(camera, (top + cell) * rowsPerCell * ROW)
      splitCell({ x, y, width, height }, counts.subarray(cell * looks, (cell + 1) * looks), byLook)
    }
  }
}

/** One bar with a part for each state, along its longer side. Failures are never dropped. */
function splitCell(cell: Rect, counts: Uint32Array, byLook: readonly Rect[][]): void {
  let total = 0
  for (const count of counts) total += count
  if (total === 0) return
  const length = Math.max(cell.width, cell.height)
  let from = 0
  for (let look = 0; look < counts.length; look++) {
    const count = counts[look] ?? 0
    if (count === 0) continue
    const share = (count / total) * length
    const part = isProblem[look] ? Math.max(MIN_LOUD, share) : share
    const start = Math.max(0, Math.min(from, length - part))
    byLook[look]?.push(partOf(cell, start, part))
    from = start + part
  }
}

const partOf = ({ x, y, width, height }: Rect, start: number, part: number): Rect =>
  width >= height ? { x: x + start, y, width: part, height } : { x, y: y + start, width, height: part }

const MIN_TITLE_WIDTH = 70
const TITLE_HEIGHT = 18

/** Over a picture: whose tasks a column has, and how many. */
export function paintTitles(context: Context, scene: Scene, camera: Camera, colors: GraphColors): void {
  const room = COLUMN * camera.scale.x - 8
  if (room < MIN_TITLE_WIDTH) return
  context.font = '12px system-ui, sans-serif'
  const [first, end] = seenColumns(scene, camera)
  for (let column = first; column < end; column++) {
    const text = titleOf(scene, column)
    const x = Math.round(screenX(camera, column * COLUMN))
    const width = Math.min(room, context.measureText(text).width)
    context.fillStyle = colors.surface
    context.globalAlpha = 0.85
    context.fillRect(x - 2, 0, width + 4, TITLE_HEIGHT)
    context.globalAlpha = 1
    context.fillStyle = colors.text
    context.fillText(text, x, 13, room)
  }
}

/** A graph keeps its columns until it is laid out anew, which makes another scene. */
const titles = new WeakMap<Scene, Map<number, string>>()

function titleOf(scene: Scene, column: number): string {
  const known = titles.get(scene) ?? new Map<number, string>()
  titles.set(scene, known)
  const text = known.get(column) ?? makeTitle(scene, column)
  known.set(column, text)
  return text
}

function makeTitle(scene: Scene, column: number): string {
  const tasks = layerAt(scene.layout.layers, column)
  const workers = new Set(Array.from(tasks, (v) => workerOf(scene, v)))
  const [first = ''] = workers
  return `${workers.size === 1 ? first : `${workers.size} workers`} × ${formatNumber(tasks.length)}`
}
