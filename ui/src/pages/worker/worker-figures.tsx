import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Worker } from '../../api/operations.ts'
import { Gauge } from '../../kit/gauge.tsx'
import { formatNumber, formatShare } from '../../lib/format.ts'
import { formatMs, formatPerMinute } from '../../lib/traffic.ts'
import { Ago } from '../../shell/time.tsx'

/** How it did in the last five minutes. */
export function WorkerFigures({ worker }: { readonly worker: Worker }) {
  const { inFlight, maxConcurrent, waiting, figures } = worker
  const cells: readonly (readonly [string, ReactNode])[] = [
    ['In flight', <Gauge key="g" value={inFlight} limit={maxConcurrent} what="attempts under way" />],
    ['Waiting', formatNumber(waiting)],
    ['Attempts a minute', formatPerMinute(figures.attemptsPerMinute)],
    ['Half took', formatMs(figures.p50Ms)],
    ['95 % took', formatMs(figures.p95Ms)],
    ['Errors', figures.errorShare === null ? '—' : formatShare(figures.errorShare)],
  ]
  return (
    <section aria-label="Figures of the last five minutes" className="mt-3">
      <dl className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-6">
        {cells.map(([name, value]) => (
          <div key={name} className="rounded-lg border border-line bg-surface px-4 py-2">
            <dt className="text-soft">{name}</dt>
            <dd className="text-lg font-semibold tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      {figures.lastError && <LastError {...figures.lastError} />}
    </section>
  )
}

function LastError({ at, message, taskId }: NonNullable<Worker['figures']['lastError']>) {
  return (
    <p className="mt-2 break-words">
      <span data-state-of="failed" className="state font-semibold">
        ✕ last error
      </span>{' '}
      <span dir="auto">{message}</span>
      <span className="text-soft">
        {' · '}
        <Link to="/tasks/$tid" params={{ tid: taskId }} className="break-all text-accent underline">
          task {taskId}
        </Link>
        {' · '}
        <Ago time={at} />
      </span>
    </p>
  )
}
