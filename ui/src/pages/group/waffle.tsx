import { useEffect, useRef, useState } from 'react'
import { TASK_STATES } from '../../lib/states.ts'
import { squaresOf } from '../../lib/waffle.ts'
import { onThemeChange, readGraphColors } from './graph/graph-colors.ts'

const WIDTH = 205
const HEIGHT = 40
/** From one square to the next, pixels: the largest at which all have room. The smallest has room for MAX_SQUARES. */
const PITCHES = [12, 10, 8, 6, 5]

interface Props {
  readonly members: readonly number[]
  readonly states: Uint8Array
}

/** The tasks of a stage as squares; the words stand beside it. A canvas, for many stages would be thousands of elements. */
export function Waffle({ members, states }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [themeCount, setThemeCount] = useState(0)
  useEffect(() => onThemeChange(() => setThemeCount((count) => count + 1)), [])
  const squares = squaresOf(
    members.map((v) => states[v] ?? 0),
    TASK_STATES.length,
  )
  const pitch = PITCHES.find((each) => columnsAt(each) * Math.floor(HEIGHT / each) >= squares.length) ?? 5
  const rows = Math.ceil(squares.length / columnsAt(pitch))
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are another theme's
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    const { fills } = readGraphColors()
    const ratio = Math.max(1, Math.ceil(devicePixelRatio))
    context.canvas.width = WIDTH * ratio
    context.canvas.height = rows * pitch * ratio
    context.scale(ratio, ratio)
    for (const [i, state] of squares.entries()) {
      context.fillStyle = fills[state] ?? ''
      const column = i % columnsAt(pitch)
      context.fillRect(column * pitch, Math.floor(i / columnsAt(pitch)) * pitch, pitch - 1, pitch - 1)
    }
  }, [squares.join(), pitch, rows, themeCount])
  return (
    <span aria-hidden="true" className="mb-1 block">
      <canvas ref={canvas} className="block max-w-full" style={{ width: WIDTH, height: rows * pitch }} />
    </span>
  )
}

const columnsAt = (pitch: number): number => Math.floor(WIDTH / pitch)
