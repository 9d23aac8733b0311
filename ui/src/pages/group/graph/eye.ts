import {
  CARD_ZOOM,
  centredOn,
  type Frame,
  fitView,
  fitZoom,
  panned,
  type Viewport,
  zoomedAt,
} from '../../../lib/viewport.ts'
import { type Camera, cameraOf, screenX, screenY, seenTasks } from './camera.ts'
import { CARD, COLUMN, heightOf, leftOf, ROW, type Scene, topOf, widthOf } from './scene.ts'

/** Where a task is read that was a dot before. */
const READING_ZOOM = 0.85
/** A graph of so few tasks begins with cards, though not all may be seen. */
const FEW_TASKS = 60
const MOVE_MS = 160

/**
 * Where one looks at a scene. It is at home, where it began or was fitted, until it is moved, and stays at home when the window gets
 * another size. Whoever owns it draws after each change, and calls advance() each frame while it isMoving.
 */
export class Eye {
  private view: Viewport = { zoom: 1, left: 0, top: 0 }
  private frame: Frame = { width: 1, height: 1, graphWidth: 1, graphHeight: 1 }
  private home: ((frame: Frame) => Viewport) | null = fitView
  private move: { readonly from: Viewport; readonly to: Viewport; readonly startedAt: number } | null = null

  get camera(): Camera {
    return cameraOf(this.view, this.frame)
  }

  get zoom(): number {
    return this.view.zoom
  }

  get isMoving(): boolean {
    return this.move !== null
  }

  /** Whether tasks are cards here. */
  get isReading(): boolean {
    return this.view.zoom >= CARD_ZOOM
  }

  resize(width: number, height: number): void {
    this.frame = { ...this.frame, width: Math.max(1, width), height: Math.max(1, height) }
    this.view = this.home ? this.home(this.frame) : panned(this.view, this.frame, 0, 0)
  }

  /** Looks at another scene; with an anchor so that this task stands where it stood. */
  lookAt(scene: Scene, anchor: { readonly task: number; readonly x: number; readonly y: number } | null): void {
    this.frame = { ...this.frame, graphWidth: widthOf(scene), graphHeight: heightOf(scene) }
    this.move = null
    if (this.home === null && anchor !== null) {
      const { camera } = this
      const dx = anchor.x - screenX(camera, leftOf(scene, anchor.task))
      this.view = panned(this.view, this.frame, dx, anchor.y - screenY(camera, topOf(scene, anchor.task)))
      return
    }
    const isFew = scene.nodes.length <= FEW_TASKS
    this.home = isFew ? startView : fitView
    this.view = this.home(this.frame)
  }

  fit(): void {
    this.home = fitView
    this.goTo(fitView(this.frame))
  }

  pan(dx: number, dy: number): void {
    this.leaveHome()
    this.view = panned(this.view, this.frame, dx, dy)
  }

  canPan(dx: number, dy: number): boolean {
    const { left, top } = panned(this.view, this.frame, dx, dy)
    return Math.abs(left - this.view.left) + Math.abs(top - this.view.top) > 0.5
  }

  zoomBy(factor: number, x: number, y: number): void {
    this.leaveHome()
    this.view = zoomedAt(this.view, this.frame, this.view.zoom * factor, x, y)
  }

  /** From a picture to cards it is a long way in small steps. */
  step(direction: 1 | -1): void {
    const factor = this.isReading ? 1.25 : 2
    this.zoomBy(factor ** direction, this.frame.width / 2, this.frame.height / 2)
  }

  /** So that the task is seen, as a card. */
  bringUp(scene: Scene, task: number): void {
    const { camera } = this
    const [x, y] = [screenX(camera, leftOf(scene, task)), screenY(camera, topOf(scene, task))]
    const [right, bottom] = [x + CARD.width * camera.scale.x, y + CARD.height * camera.scale.y]
    if (this.isReading && x >= 0 && y >= 0 && right <= camera.width && bottom <= camera.height) return
    const zoom = this.isReading ? this.zoom : READING_ZOOM
    this.leaveHome()
    this.goTo(centredOn(this.frame, zoom, leftOf(scene, task) + CARD.width / 2, topOf(scene, task) + CARD.height / 2))
  }

  advance(): void {
    if (this.move === null) return
    const { from, to, startedAt } = this.move
    const share = Math.min(1, (performance.now() - startedAt) / MOVE_MS)
    const eased = 1 - (1 - share) ** 3
    const mix = (a: number, b: number): number => a + (b - a) * eased
    this.view = { zoom: mix(from.zoom, to.zoom), left: mix(from.left, to.left), top: mix(from.top, to.top) }
    if (share === 1) this.move = null
  }

  private leaveHome(): void {
    this.home = null
    this.move = null
  }

  /** In a few frames, so that the eye can follow; at once for whom movement disturbs, and where all looks different anyhow. */
  private goTo(to: Viewport): void {
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches
    if (isCalm || !this.isReading || to.zoom < CARD_ZOOM) this.view = to
    else this.move = { from: this.view, to, startedAt: performance.now() }
  }
}

/** All of it, or else its beginning large enough to be read. */
function startView(frame: Frame): Viewport {
  const fitting = fitZoom(frame)
  return fitting >= CARD_ZOOM ? fitView(frame) : centredOn(frame, READING_ZOOM, 0, frame.graphHeight / 2)
}

/** The task at a point of the window, or the nearest one in its column. */
export function taskAt(scene: Scene, camera: Camera, x: number, y: number): number | null {
  const column = Math.floor((x - camera.left) / camera.scale.x / COLUMN)
  const row = (y - camera.top) / camera.scale.y / ROW - 0.5
  const distance = (v: number): number => Math.abs((scene.layout.rows[v] ?? 0) - row)
  let best: number | null = null
  for (const v of seenTasks(scene, camera, column)) if (best === null || distance(v) < distance(best)) best = v
  return best
}
