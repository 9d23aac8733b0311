import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

/** A line of a chart. Beside its colour its dashes tell it from the others. */
export interface Line {
  readonly label: string
  /** A variable of styles.css. */
  readonly color: `--${string}`
  readonly isDashed?: boolean
  readonly values: readonly (number | null)[]
}

export interface LineChartOptions {
  readonly host: HTMLElement
  /** Epoch seconds, as uPlot counts. */
  readonly times: readonly number[]
  readonly lines: readonly Line[]
  readonly formatValue: (value: number) => string
  readonly formatTime: (seconds: number) => string
}

export interface LineChart {
  setData(times: readonly number[], lines: readonly Line[]): void
  close(): void
}

const HEIGHT_PX = 150
const AXIS_PX = { x: 28, y: 56 }
/** Pixels between two marks of an axis. */
const MARK_PX = { x: 70, y: 36 }

/** Draws lines over time; it follows the width of its host and the theme. */
export function openLineChart(options: LineChartOptions): LineChart {
  const { host } = options
  let { times, lines } = options
  const draw = (): UPlot => new UPlot(plotOptions(options, lines, host.clientWidth), dataOf(times, lines), host)
  let plot = draw()
  const redraw = (): void => {
    plot.destroy()
    plot = draw()
  }
  // uPlot reads a colour once: another theme is another chart.
  const themes = new MutationObserver(redraw)
  themes.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  const sizes = new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: HEIGHT_PX }))
  sizes.observe(host)
  return {
    setData(nextTimes, nextLines) {
      times = nextTimes
      lines = nextLines
      plot.setData(dataOf(times, lines))
    },
    close() {
      themes.disconnect()
      sizes.disconnect()
      plot.destroy()
    },
  }
}

const dataOf = (times: readonly number[], lines: readonly Line[]): UPlot.AlignedData => [
  [...times],
  ...lines.map(({ values }) => [...values]),
]

function plotOptions(options: LineChartOptions, lines: readonly Line[], width: number): UPlot.Options {
  const { formatValue, formatTime } = options
  const axis = { stroke: colorOf('--soft'), grid: { stroke: colorOf('--line'), width: 1 }, ticks: { show: false } }
  return {
    width,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max)] } },
    axes: [
      { ...axis, size: AXIS_PX.x, space: MARK_PX.x, values: (_plot, marks) => marks.map(formatTime) },
      { ...axis, size: AXIS_PX.y, space: MARK_PX.y, values: (_plot, marks) => marks.map(formatValue) },
    ],
    series: [
      {},
      ...lines.map(({ label, color, isDashed }) => ({
        label,
        stroke: colorOf(color),
        width: 2,
        points: { show: false },
        ...(isDashed && { dash: [6, 4] }),
      })),
    ],
  }
}

const colorOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
