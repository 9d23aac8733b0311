import { useEffect, useRef, useState } from 'react'
import type { Line, LineChart } from './line-chart.ts'

type Module = typeof import('./line-chart.ts')

interface Props {
  readonly title: string
  /** Epoch seconds. */
  readonly times: readonly number[]
  readonly lines: readonly Line[]
  readonly formatValue: (value: number) => string
  readonly formatTime: (seconds: number) => string
}

/** A chart with its legend. uPlot is fetched when the first of them is shown; what it shows stands in a table too. */
export function Chart(props: Props) {
  const { title, times, lines } = props
  const [module, setModule] = useState<Module | null>(null)
  const host = useRef<HTMLDivElement>(null)
  const chart = useRef<LineChart | null>(null)
  const latest = useRef(props)
  latest.current = props
  useEffect(() => {
    import('./line-chart.ts').then(setModule, () => {}) // the table stays
  }, [])
  useEffect(() => {
    if (!module || !host.current) return
    const opened = module.openLineChart({
      host: host.current,
      times: latest.current.times,
      lines: latest.current.lines,
      formatValue: (value) => latest.current.formatValue(value),
      formatTime: (seconds) => latest.current.formatTime(seconds),
    })
    chart.current = opened
    return () => opened.close()
  }, [module])
  useEffect(() => chart.current?.setData(times, lines), [times, lines])
  return (
    <figure className="min-w-0">
      <figcaption className="flex flex-wrap gap-x-4">
        <span className="font-medium">{title}</span>
        {lines.map(({ label, color, isDashed }) => (
          <span key={label} className="inline-flex items-center gap-1.5 text-soft">
            <span
              aria-hidden="true"
              className={`inline-block w-5 border-t-2 ${isDashed ? 'border-dashed' : ''}`}
              style={{ borderColor: `var(${color})` }}
            />
            {label}
          </span>
        ))}
      </figcaption>
      <div ref={host} aria-hidden="true" data-chart={module ? 'drawn' : 'coming'} className="mt-1 h-[150px] w-full" />
    </figure>
  )
}
