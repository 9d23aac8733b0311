import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { serverNow } from '../../api/server-clock.ts'
import { historyOf } from '../../api/workers.ts'
import { Failure } from '../../kit/notices.tsx'
import { Section } from '../../kit/section.tsx'
import { formatNumber, zoneName } from '../../lib/format.ts'
import { formatMs } from '../../lib/traffic.ts'
import { everyMinute, historySummary, type WorkerMinute } from '../../lib/worker-history.ts'
import { useTimeZone } from '../../shell/preferences.ts'
import { Chart } from './chart.tsx'
import type { Line } from './line-chart.ts'

/** What a worker did in the last hour, minute by minute: as pictures, in a sentence and as a table. */
export function WorkerCharts({ name }: { readonly name: string }) {
  const { data, error, dataUpdatedAt } = useQuery(historyOf(name))
  const timeZone = useTimeZone()
  const clock = useMemo(() => new Intl.DateTimeFormat('sv-SE', { timeZone, timeStyle: 'short' }), [timeZone])
  const minutes = useMemo(() => (data ? everyMinute(data.minutes, serverNow()) : []), [data])
  const charts = useMemo(() => chartsOf(minutes), [minutes])
  if (error) return <Failure error={error} shownAt={dataUpdatedAt} />
  if (!data) return null
  const timeOf = (at: string): string => clock.format(new Date(at))
  return (
    <div className="mt-3">
      <Section title="The last hour">
        <p>{historySummary(minutes, timeOf)}</p>
        <div className="mt-3 grid gap-4 lg:grid-cols-3">
          {charts.lists.map((chart) => (
            <Chart
              key={chart.title}
              {...chart}
              times={charts.times}
              formatTime={(seconds) => clock.format(new Date(seconds * 1000))}
            />
          ))}
        </div>
        <details className="mt-2">
          <summary className="text-soft">As a table, times in {zoneName(timeZone)}</summary>
          <MinuteTable minutes={minutes.filter(({ attempts, inFlight }) => attempts + inFlight > 0)} timeOf={timeOf} />
        </details>
      </Section>
    </div>
  )
}

interface ChartData {
  readonly title: string
  readonly lines: readonly Line[]
  readonly formatValue: (value: number) => string
}

function chartsOf(minutes: readonly WorkerMinute[]): { times: readonly number[]; lists: readonly ChartData[] } {
  const line = (field: Exclude<keyof WorkerMinute, 'at'>, look: Omit<Line, 'values'>): Line => ({
    ...look,
    values: minutes.map((minute) => minute[field]),
  })
  return {
    times: minutes.map(({ at }) => new Date(at).getTime() / 1000),
    lists: [
      {
        title: 'Each minute',
        lines: [
          line('attempts', { label: 'attempts', color: '--state-running' }),
          line('errors', { label: 'errors', color: '--state-failed', isDashed: true }),
        ],
        formatValue: formatNumber,
      },
      {
        title: 'How long they took',
        lines: [
          line('p50Ms', { label: 'half', color: '--state-succeeded' }),
          line('p95Ms', { label: '95 %', color: '--state-retrying', isDashed: true }),
        ],
        formatValue: formatMs,
      },
      {
        title: 'In flight',
        lines: [line('inFlight', { label: 'at once', color: '--state-throttled' })],
        formatValue: formatNumber,
      },
    ],
  }
}

interface TableProps {
  readonly minutes: readonly WorkerMinute[]
  readonly timeOf: (at: string) => string
}

function MinuteTable({ minutes, timeOf }: TableProps) {
  return (
    <table className="list mt-2 w-full tabular-nums">
      <thead>
        <tr>
          {['Minute', 'Attempts', 'Errors', 'Half took', '95 % took', 'In flight'].map((title) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {minutes.toReversed().map((minute) => (
          <tr key={minute.at}>
            <td data-label="Minute">{timeOf(minute.at)}</td>
            <td data-label="Attempts">{formatNumber(minute.attempts)}</td>
            <td data-label="Errors">{formatNumber(minute.errors)}</td>
            <td data-label="Half took">{formatMs(minute.p50Ms)}</td>
            <td data-label="95 % took">{formatMs(minute.p95Ms)}</td>
            <td data-label="In flight">{formatNumber(minute.inFlight)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
