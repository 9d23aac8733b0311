import { type Layout, type LayoutInput, layOut } from '../../../lib/layout.ts'
import { type Wires, wiresOf } from '../../../lib/layout-wires.ts'

/** What the page asks for. `ticket` tells answers apart. */
export interface LayoutJob {
  readonly ticket: number
  readonly input: LayoutInput
}

export interface LayoutDone {
  readonly ticket: number
  readonly layout: Layout
  readonly wires: Wires
}

/** Runs in a web worker of its own, so that the page answers hands and keys meanwhile. */
self.onmessage = ({ data: { ticket, input } }: MessageEvent<LayoutJob>): void => {
  const layout = layOut(input)
  const wires = wiresOf(input, layout)
  const done: LayoutDone = { ticket, layout, wires }
  const { columns, rows, layers } = layout
  const arrays = [columns, rows, layers.starts, layers.nodes, wires.edges, ...wires.buses.map(({ members }) => members)]
  self.postMessage(done, { transfer: arrays.map(({ buffer }) => buffer as ArrayBuffer) })
}
