import { neighboursOf } from '../../../lib/adjacency.ts'
import type { Bus } from '../../../lib/layout-wires.ts'
import { between, type Camera, screenX, screenY, seenRows } from './camera.ts'
import type { GraphColors } from './graph-colors.ts'
import { CARD, COLUMN, leftOf, ROW, type Scene, topOf } from './scene.ts'

/** Stubs nearer than this to each other are a surface, and the trunk says as much. */
const MIN_STUB_GAP = 3
/** Lines shorter than this are not seen between their tasks. */
const MIN_WIRE = 2
const FAINT = 0.45
/** More edges of one task than these are not lit up one by one. */
const MAX_LIT = 400

type Context = CanvasRenderingContext2D

/** Edges one by one, and hubs as a trunk with stubs. `edges` are those worth drawing at this scale. */
export function paintWires(
  context: Context,
  scene: Scene,
  camera: Camera,
  colors: GraphColors,
  edges: Uint32Array,
): void {
  context.strokeStyle = colors.wire
  context.globalAlpha = FAINT
  context.lineWidth = 1
  context.beginPath()
  for (let i = 0; i < edges.length; i += 2) traceEdge(context, scene, camera, edges[i] ?? 0, edges[i + 1] ?? 0)
  for (const bus of scene.wires.buses) traceBus(context, scene, camera, bus)
  context.stroke()
  context.globalAlpha = 1
}

/** The edges of the chosen task stand out. Those of a hub go along its trunk. */
export function paintLit(context: Context, scene: Scene, camera: Camera, colors: GraphColors, chosen: number): void {
  const { links, wires } = scene
  context.strokeStyle = colors.accent
  context.lineWidth = 2
  context.beginPath()
  for (const bus of wires.buses) if (bus.hub === chosen) traceBus(context, scene, camera, bus)
  for (const parent of neighboursOf(links.parents, chosen).subarray(0, MAX_LIT))
    traceLit(context, scene, camera, { parent, child: chosen, chosen })
  for (const child of neighboursOf(links.children, chosen).subarray(0, MAX_LIT))
    traceLit(context, scene, camera, { parent: chosen, child, chosen })
  context.stroke()
}

interface Lit {
  readonly parent: number
  readonly child: number
  readonly chosen: number
}

function traceLit(context: Context, scene: Scene, camera: Camera, { parent, child, chosen }: Lit): void {
  const { columns } = scene.layout
  const bus = scene.wires.buses.find(({ hub, isOut, column }) =>
    isOut ? hub === parent && column === columns[child] : hub === child && column === columns[parent],
  )
  if (bus === undefined) traceEdge(context, scene, camera, parent, child)
  else if (bus.hub !== chosen) traceBus(context, scene, camera, bus, Uint32Array.of(chosen))
}

function traceEdge(context: Context, scene: Scene, camera: Camera, parent: number, child: number): void {
  const x1 = screenX(camera, leftOf(scene, parent) + CARD.width)
  const x2 = screenX(camera, leftOf(scene, child))
  if (x2 - x1 < MIN_WIRE || x2 < 0 || x1 > camera.width) return
  const y1 = screenY(camera, topOf(scene, parent) + CARD.height / 2)
  const y2 = screenY(camera, topOf(scene, child) + CARD.height / 2)
  if ((y1 < 0 && y2 < 0) || (y1 > camera.height && y2 > camera.height)) return
  traceCurve(context, x1, y1, x2, y2)
}

function traceCurve(context: Context, x1: number, y1: number, x2: number, y2: number): void {
  context.moveTo(x1, y1)
  const bend = Math.min((x2 - x1) / 2, 80)
  if (Math.abs(y2 - y1) < 1) context.lineTo(x2, y2)
  else context.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2)
}

/** Trunks into one gap between columns stand beside each other. */
const LANES = 5

/** The trunk, from the hub to where its others are, and a stub to each that is seen; or that of some of them. */
function traceBus(context: Context, scene: Scene, camera: Camera, bus: Bus, members = bus.members): void {
  const { hub, isOut, members: all } = bus
  const { rows } = scene.layout
  const { x, edge, hubX } = sidesOf(scene, camera, bus)
  if (Math.max(x, hubX) < 0 || Math.min(x, hubX) > camera.width) return
  const middle = (v: number): number => screenY(camera, (rows[v] ?? 0) * ROW + CARD.height / 2)
  const top = middle(members[0] ?? 0)
  const bottom = middle(members[members.length - 1] ?? 0)
  const hubY = middle(hub)
  const joint = Math.min(middle(all.at(-1) ?? 0), Math.max(middle(all[0] ?? 0), hubY))
  if (isOut) traceCurve(context, hubX, hubY, x, joint)
  else traceCurve(context, x, joint, hubX, hubY)
  context.moveTo(x, Math.max(-1, Math.min(top, joint)))
  context.lineTo(x, Math.min(camera.height + 1, Math.max(bottom, joint)))
  if (ROW * camera.scale.y < MIN_STUB_GAP && members.length > 1) return
  const [first, last] = seenRows(camera)
  for (const v of between(members, rows, first, last)) {
    context.moveTo(x, middle(v))
    context.lineTo(edge, middle(v))
  }
}

/** Where a trunk stands, where its stubs end, and where it leaves its hub. */
function sidesOf(scene: Scene, camera: Camera, { hub, isOut, column }: Bus) {
  const gap = COLUMN - CARD.width
  const lane = gap * (0.3 + (0.4 * (hub % LANES)) / LANES)
  const side = column * COLUMN + (isOut ? 0 : CARD.width)
  return {
    x: screenX(camera, isOut ? side - lane : side + lane),
    edge: screenX(camera, side),
    hubX: screenX(camera, leftOf(scene, hub) + (isOut ? CARD.width : 0)),
  }
}

/**
 * Of edges that would be drawn over each other at this scale one is enough: by their columns and the pair of pixels that they lead
 * from and to. Panning changes nothing of that, so it is done once a scale.
 */
export function distinctEdges({ layout, wires }: Scene, scaleY: number): Uint32Array {
  const pixel = (v: number): number => Math.floor((layout.rows[v] ?? 0) * ROW * scaleY * 0.5)
  const width = layout.layers.starts.length
  const height = Math.floor(layout.height * ROW * scaleY * 0.5) + 2
  const seen = new Set<number>()
  const kept: number[] = []
  for (let i = 0; i < wires.edges.length; i += 2) {
    const [parent = 0, child = 0] = [wires.edges[i], wires.edges[i + 1]]
    const columns = (layout.columns[parent] ?? 0) * width + (layout.columns[child] ?? 0)
    const key = (columns * height + pixel(parent)) * height + pixel(child)
    if (seen.has(key)) continue
    seen.add(key)
    kept.push(parent, child)
  }
  return Uint32Array.from(kept)
}
