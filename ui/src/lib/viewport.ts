/** How a graph is looked at. Its own measures are pixels at zoom 1; `left` and `top` are where its corner stands on the screen. */
export interface Viewport {
  readonly zoom: number
  readonly left: number
  readonly top: number
}

/** The window on the screen, and the whole graph at zoom 1. */
export interface Frame {
  readonly width: number
  readonly height: number
  readonly graphWidth: number
  readonly graphHeight: number
}

export const MAX_ZOOM = 2
/** From here on tasks are cards that can be read; below they are a picture. */
export const CARD_ZOOM = 0.5
const MARGIN = 24

const roomOf = (size: number): number => Math.max(1, size - 2 * MARGIN)
const fitX = ({ width, graphWidth }: Frame): number => roomOf(width) / Math.max(1, graphWidth)
const fitY = ({ height, graphHeight }: Frame): number => roomOf(height) / Math.max(1, graphHeight)

/** The zoom at which all of it is seen. */
export const fitZoom = (frame: Frame): number => Math.min(1, fitX(frame), fitY(frame))

/** How much a picture may be stretched at most. */
const MAX_STRETCH = 1.2

/**
 * A picture is drawn as large as its window lets it be in each direction: a fan-out of 10,000 fitted evenly is a line of one pixel.
 * That is less and less so the nearer the cards are, and from CARD_ZOOM on both are the zoom.
 */
export function scaleOf(zoom: number, frame: Frame): { readonly x: number; readonly y: number } {
  const nearness = Math.min(1, zoom / CARD_ZOOM)
  const most = MAX_STRETCH + (CARD_ZOOM - MAX_STRETCH) * nearness
  return { x: Math.max(zoom, Math.min(most, fitX(frame))), y: Math.max(zoom, Math.min(most, fitY(frame))) }
}

export const fitView = (frame: Frame): Viewport => clamp({ zoom: fitZoom(frame), left: 0, top: 0 }, frame)

export const panned = (view: Viewport, frame: Frame, dx: number, dy: number): Viewport =>
  clamp({ ...view, left: view.left + dx, top: view.top + dy }, frame)

/** What stands at (x, y) of the window stays there. */
export function zoomedAt(view: Viewport, frame: Frame, zoom: number, x: number, y: number): Viewport {
  const before = scaleOf(view.zoom, frame)
  const next = Math.min(MAX_ZOOM, Math.max(fitZoom(frame), zoom))
  const after = scaleOf(next, frame)
  return clamp(
    { zoom: next, left: x - ((x - view.left) * after.x) / before.x, top: y - ((y - view.top) * after.y) / before.y },
    frame,
  )
}

/** A point of the graph in the middle of the window. */
export function centredOn(frame: Frame, zoom: number, x: number, y: number): Viewport {
  const scale = scaleOf(zoom, frame)
  return clamp({ zoom, left: frame.width / 2 - x * scale.x, top: frame.height / 2 - y * scale.y }, frame)
}

/** A graph smaller than the window stands in its middle; of a larger one no edge comes further in than the margin. */
function clamp({ zoom, left, top }: Viewport, frame: Frame): Viewport {
  const scale = scaleOf(zoom, frame)
  return {
    zoom,
    left: clampSide(left, frame.width, frame.graphWidth * scale.x),
    top: clampSide(top, frame.height, frame.graphHeight * scale.y),
  }
}

function clampSide(offset: number, window: number, size: number): number {
  if (size <= roomOf(window) + 1) return (window - size) / 2
  return Math.min(MARGIN, Math.max(window - MARGIN - size, offset))
}
