import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CARD_ZOOM,
  centredOn,
  type Frame,
  fitView,
  fitZoom,
  panned,
  scaleOf,
  zoomedAt,
} from '../../../ui/src/lib/viewport.ts'

const frame = (graphWidth: number, graphHeight: number): Frame => ({
  width: 1200,
  height: 500,
  graphWidth,
  graphHeight,
})

describe('the view of a graph', () => {
  test('fits a small graph evenly, and never larger than it is', () => {
    expect(fitView(frame(1000, 400))).toEqual({ zoom: 1, left: 100, top: 50 })
    expect(scaleOf(0.8, frame(1000, 400))).toEqual({ x: 0.8, y: 0.8 })
  })

  test('stretches the short side of a picture', () => {
    const wide = frame(528, 520_000)
    const { x, y } = scaleOf(fitZoom(wide), wide)
    expect(x).toBeCloseTo(1.2, 2)
    expect(y * 520_000).toBeCloseTo(452)
    const long = frame(2_640_000, 52)
    expect(scaleOf(fitZoom(long), long).y).toBeCloseTo(1.2, 2)
    const { x: nearX } = scaleOf(CARD_ZOOM - 1e-9, wide)
    expect(nearX).toBeCloseTo(CARD_ZOOM)
  })

  test('is even wherever there are cards', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e6), fc.double({ min: CARD_ZOOM, max: 2, noNaN: true }), (w, h, zoom) => {
        expect(scaleOf(zoom, frame(w, h))).toEqual({ x: zoom, y: zoom })
      }),
    )
  })

  test('keeps what is under the pointer when zoomed', () => {
    const large = frame(10_000, 10_000)
    const before = centredOn(large, 0.7, 5000, 5000)
    const after = zoomedAt(before, large, 1.4, 300, 200)
    expect((300 - after.left) / 1.4).toBeCloseTo((300 - before.left) / 0.7)
    expect((200 - after.top) / 1.4).toBeCloseTo((200 - before.top) / 0.7)
  })

  test('never loses the graph', () => {
    const some = fc.record({ w: fc.nat(1e6), h: fc.nat(1e6), dx: fc.integer(), dy: fc.integer() })
    fc.assert(
      fc.property(some, ({ w, h, dx, dy }) => {
        const of = frame(w, h)
        const { left, top, zoom } = panned(fitView(of), of, dx, dy)
        const scale = scaleOf(zoom, of)
        expect(left).toBeLessThan(of.width)
        expect(left + w * scale.x).toBeGreaterThanOrEqual(0)
        expect(top).toBeLessThan(of.height)
        expect(top + h * scale.y).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})
