import { CARD_ZOOM } from '../../../lib/viewport.ts'
import { type Camera, screenX, screenY } from './camera.ts'
import { CardPool } from './card-pool.ts'
import { Eye, taskAt } from './eye.ts'
import { listenToGestures } from './gestures.ts'
import { type GraphColors, onThemeChange, readGraphColors } from './graph-colors.ts'
import { paintTasks, paintTitles } from './paint-tasks.ts'
import { distinctEdges, paintLit, paintWires } from './paint-wires.ts'
import { CARD, idOf, leftOf, type Scene, topOf } from './scene.ts'
import { isStep, stepFrom } from './walk.ts'

export interface GraphListener {
  /** Another task was chosen, or none. */
  onChoose(id: string | null): void
  onOpen(id: string): void
}

const SETTLE_MS = 200
const MAX_PIXEL_RATIO = 2

/**
 * The graph of all tasks on the screen: a canvas with the edges, and with the tasks while they are too small to read; above it the tasks
 * as buttons. It lives in `host` from its construction to stop(), and draws at most once a frame.
 */
export class GraphView {
  private readonly host: HTMLElement
  private readonly listener: GraphListener
  private readonly canvas = document.createElement('canvas')
  private readonly cards: CardPool
  private readonly eye = new Eye()
  private readonly stops: readonly (() => void)[]
  private scene: Scene | null = null
  private states: Uint8Array = new Uint8Array()
  private chosen: number | null = null
  /** To be shown as soon as there is a scene. */
  private wanted: string | null = null
  /** What was chosen before the press under way, for the focus that comes with it chooses already. */
  private chosenBefore: number | null = null
  private colors: GraphColors = readGraphColors()
  private edges: { scene: Scene | null; scale: number; list: Uint32Array } = {
    scene: null,
    scale: 0,
    list: new Uint32Array(),
  }
  private frameId = 0
  private settleTimer: ReturnType<typeof setTimeout> | undefined

  constructor(host: HTMLElement, listener: GraphListener) {
    this.host = host
    this.listener = listener
    const layer = document.createElement('div')
    layer.className = 'graph-cards'
    this.canvas.ariaHidden = 'true'
    this.canvas.className = 'graph-canvas'
    host.append(this.canvas, layer)
    this.cards = new CardPool(layer)
    const resize = new ResizeObserver(() => this.resize())
    resize.observe(host)
    this.stops = [() => resize.disconnect(), onThemeChange(() => this.recolour()), this.listen(), this.followHands()]
  }

  stop(): void {
    for (const stop of this.stops) stop()
    cancelAnimationFrame(this.frameId)
    clearTimeout(this.settleTimer)
    this.host.replaceChildren()
  }

  /** Another scene. Who looked at a part of the one before goes on to look at that. */
  show(scene: Scene, states: Uint8Array): void {
    const anchor = this.anchor()
    const chosenId = this.scene && this.chosen !== null ? idOf(this.scene, this.chosen) : null
    this.scene = scene
    this.states = states
    this.chosen = chosenId === null ? null : (scene.find(chosenId) ?? null)
    if (chosenId !== null && this.chosen === null) this.listener.onChoose(null)
    this.cards.show(scene)
    this.cards.colour(states)
    const task = anchor === null ? undefined : scene.find(anchor.id)
    this.eye.resize(this.host.clientWidth, this.host.clientHeight)
    this.eye.lookAt(scene, anchor === null || task === undefined ? null : { ...anchor, task })
    this.draw()
    if (this.wanted !== null) this.reveal(this.wanted)
  }

  /** The same tasks in other states: nothing moves. */
  colour(states: Uint8Array): void {
    this.states = states
    this.cards.colour(states)
    this.schedule()
  }

  fit(): void {
    this.eye.fit()
    this.schedule()
  }

  zoom(direction: 1 | -1): void {
    this.eye.step(direction)
    this.schedule()
  }

  /** Chooses a task and shows it as a card, wherever one was. */
  reveal(id: string): void {
    this.wanted = this.scene === null ? id : null
    const task = this.scene?.find(id)
    if (task !== undefined) this.choose(task)
  }

  /** A task that is looked at, and where it stands: the chosen one, or one near the middle. */
  private anchor(): { readonly id: string; readonly x: number; readonly y: number } | null {
    const { scene } = this
    const { camera } = this.eye
    const task = scene && (this.chosen ?? taskAt(scene, camera, camera.width / 2, camera.height / 2))
    if (scene === null || task === null) return null
    return { id: idOf(scene, task), x: screenX(camera, leftOf(scene, task)), y: screenY(camera, topOf(scene, task)) }
  }

  private choose(task: number): void {
    const { scene } = this
    if (scene === null) return
    this.chosen = task
    this.listener.onChoose(idOf(scene, task))
    this.eye.bringUp(scene, task)
    this.draw()
    this.cards.focus(task)
    if (this.eye.isMoving) this.schedule()
  }

  private clearChoice(): void {
    this.chosen = null
    this.listener.onChoose(null)
    this.schedule()
  }

  private followHands(): () => void {
    return listenToGestures(this.host, {
      onPan: (dx, dy) => {
        this.eye.pan(dx, dy)
        this.schedule()
      },
      canPan: (dx, dy) => this.eye.canPan(dx, dy),
      onZoom: (factor, x, y) => {
        this.eye.zoomBy(factor, x, y)
        this.schedule()
      },
      onTap: (event) => this.onTap(event),
    })
  }

  private listen(): () => void {
    const { signal, ...controller } = abortable()
    const { host } = this
    host.addEventListener('keydown', (event) => this.onKey(event), { signal })
    host.addEventListener('click', (event) => this.onClick(event), { signal })
    host.addEventListener('focusin', ({ target }) => this.onFocus(target), { signal })
    const press = (): void => {
      this.chosenBefore = this.chosen
    }
    host.addEventListener('pointerdown', press, { signal, capture: true })
    return controller.abort
  }

  /** On a picture the nearest task is chosen; cards are buttons, which tell of it themselves. */
  private onTap({ clientX, clientY, target }: PointerEvent): void {
    if (this.scene === null || this.cards.taskOf(target) !== null) return
    if (this.eye.isReading) {
      this.clearChoice()
      return
    }
    const { left, top } = this.host.getBoundingClientRect()
    const task = taskAt(this.scene, this.eye.camera, clientX - left, clientY - top)
    if (task !== null) this.choose(task)
  }

  /** The first press chooses, another one opens; the keyboard, whose clicks count as none, opens. */
  private onClick({ target, detail }: MouseEvent): void {
    const task = this.cards.taskOf(target)
    if (this.scene === null || task === null) return
    if (detail === 0 || task === this.chosenBefore) this.listener.onOpen(idOf(this.scene, task))
  }

  private onFocus(target: EventTarget | null): void {
    const task = this.cards.taskOf(target)
    if (task !== null && task !== this.chosen) this.choose(task)
  }

  private onKey(event: KeyboardEvent): void {
    const { scene, chosen } = this
    if (scene === null || event.ctrlKey || event.metaKey || event.altKey) return
    if (isStep(event.key)) {
      const next = stepFrom(scene, chosen, event.key)
      if (next !== null) this.choose(next)
    } else if (event.key === 'Escape' && chosen !== null) {
      this.clearChoice()
      this.host.focus()
    } else if (event.key === 'Enter' && event.target === this.host && chosen !== null) {
      this.listener.onOpen(idOf(scene, chosen))
    } else return
    event.preventDefault()
  }

  private recolour(): void {
    this.colors = readGraphColors()
    this.schedule()
  }

  private resize(): void {
    this.eye.resize(this.host.clientWidth, this.host.clientHeight)
    this.schedule()
  }

  private schedule(): void {
    if (this.frameId !== 0) return
    this.frameId = requestAnimationFrame(() => {
      this.frameId = 0
      this.eye.advance()
      this.draw()
      if (this.eye.isMoving) this.schedule()
    })
  }

  private draw(): void {
    const { scene, states, colors, chosen, host } = this
    const context = this.canvas.getContext('2d')
    if (scene === null || context === null) return
    const { camera, isReading, zoom } = this.eye
    this.clear(context, camera)
    paintWires(context, scene, camera, colors, this.edgesAt(scene, camera.scale.y))
    if (!isReading) paintTasks(context, scene, camera, colors, states)
    if (chosen !== null) paintLit(context, scene, camera, colors, chosen)
    if (chosen !== null && !isReading) this.ring(context, scene, camera, chosen)
    if (!isReading) paintTitles(context, scene, camera, colors)
    this.cards.update(camera, isReading, chosen)
    host.dataset.look = isReading ? 'cards' : 'picture'
    host.dataset.zoom = zoom.toPrecision(4)
    clearTimeout(this.settleTimer)
    this.settleTimer = setTimeout(() => this.cards.sort(), SETTLE_MS)
  }

  /** Where the chosen task is in a picture. */
  private ring(context: CanvasRenderingContext2D, scene: Scene, camera: Camera, chosen: number): void {
    const [x, y] = [screenX(camera, leftOf(scene, chosen)), screenY(camera, topOf(scene, chosen))]
    const [width, height] = [CARD.width * camera.scale.x, Math.max(3, CARD.height * camera.scale.y)]
    context.strokeRect(x - 2, y - 2, width + 4, height + 4)
  }

  private clear(context: CanvasRenderingContext2D, camera: Camera): void {
    const { canvas } = this
    const ratio = Math.min(MAX_PIXEL_RATIO, devicePixelRatio)
    const [width, height] = [Math.round(camera.width * ratio), Math.round(camera.height * ratio)]
    if (canvas.width !== width) canvas.width = width
    if (canvas.height !== height) canvas.height = height
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, camera.width, camera.height)
  }

  private edgesAt(scene: Scene, scale: number): Uint32Array {
    if (scale >= CARD_ZOOM) return scene.wires.edges
    if (this.edges.scene !== scene || this.edges.scale !== scale)
      this.edges = { scene, scale, list: distinctEdges(scene, scale) }
    return this.edges.list
  }
}

function abortable(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}
