/** What hands do to a graph, in pixels of its window. */
export interface GestureListener {
  onPan(dx: number, dy: number): void
  /** By a factor around a point. */
  onZoom(factor: number, x: number, y: number): void
  /** Pressed and let go at one place. */
  onTap(event: PointerEvent): void
  /** Whether there is anywhere to go: if not, the wheel is left to the page. */
  canPan(dx: number, dy: number): boolean
}

/** Less than this is a hand that is not still. */
const SLOP = 5
/** A wheel that has begun to scroll the page goes on with that when the graph comes under it. */
const SCROLL_REST_MS = 300
const LINE = 16
const WHEEL_ZOOM = 0.005

interface Point {
  x: number
  y: number
}

/** Drag, wheel (with Ctrl, which a pinch on a touchpad sends too, it zooms), and one or two fingers. Answers how to stop. */
export function listenToGestures(host: HTMLElement, listener: GestureListener): () => void {
  const held = new Map<number, Point>()
  let start: Point | null = null
  let scrolledAt = Number.NEGATIVE_INFINITY
  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return
    held.set(event.pointerId, { x: event.clientX, y: event.clientY })
    start = held.size === 1 ? { x: event.clientX, y: event.clientY } : null
  }
  const move = (event: PointerEvent): void => {
    const at = held.get(event.pointerId)
    if (at === undefined) return
    const to = { x: event.clientX, y: event.clientY }
    if (start && Math.hypot(to.x - start.x, to.y - start.y) < SLOP) return
    start = null
    host.setPointerCapture(event.pointerId)
    const other = [...held].find(([id]) => id !== event.pointerId)?.[1]
    if (other === undefined) listener.onPan(to.x - at.x, to.y - at.y)
    else pinch(host, listener, other, at, to)
    held.set(event.pointerId, to)
  }
  const up = (event: PointerEvent): void => {
    if (!held.delete(event.pointerId)) return
    if (start && event.type === 'pointerup') listener.onTap(event)
    start = null
  }
  const wheel = (event: WheelEvent): void => {
    if (event.ctrlKey) {
      event.preventDefault()
      const { left, top } = host.getBoundingClientRect()
      listener.onZoom(Math.exp(-event.deltaY * WHEEL_ZOOM), event.clientX - left, event.clientY - top)
      return
    }
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1
    const [dx, dy] = event.shiftKey ? [-event.deltaY * unit, 0] : [-event.deltaX * unit, -event.deltaY * unit]
    if (event.timeStamp - scrolledAt < SCROLL_REST_MS || !listener.canPan(dx, dy)) return
    event.preventDefault()
    listener.onPan(dx, dy)
  }
  const scrolled = ({ timeStamp }: Event): void => {
    scrolledAt = timeStamp
  }
  const controller = new AbortController()
  const { signal } = controller
  host.addEventListener('pointerdown', down, { signal })
  host.addEventListener('pointermove', move, { signal })
  for (const type of ['pointerup', 'pointercancel'] as const) host.addEventListener(type, up, { signal })
  host.addEventListener('wheel', wheel, { signal, passive: false })
  window.addEventListener('scroll', scrolled, { signal, passive: true })
  return () => controller.abort()
}

/** One finger moved and the other did not: the middle between them moves by half, and the distance is the zoom. */
function pinch(host: HTMLElement, { onPan, onZoom }: GestureListener, other: Point, from: Point, to: Point): void {
  const { left, top } = host.getBoundingClientRect()
  const before = Math.hypot(from.x - other.x, from.y - other.y)
  const after = Math.hypot(to.x - other.x, to.y - other.y)
  onPan((to.x - from.x) / 2, (to.y - from.y) / 2)
  if (before > 0) onZoom(after / before, (to.x + other.x) / 2 - left, (to.y + other.y) / 2 - top)
}
