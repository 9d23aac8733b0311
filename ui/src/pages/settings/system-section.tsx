import { useQuery } from '@tanstack/react-query'
import { type Readiness, readiness, system } from '../../api/system.ts'
import { Failure, Loading } from '../../kit/notices.tsx'
import { FactList, Section } from '../../kit/section.tsx'
import { formatBytes } from '../../lib/format.ts'
import { Ago } from '../../shell/time.tsx'

/** Whether the server takes work, and what its storage survives. */
export function SystemSection() {
  const { data, error, refetch, dataUpdatedAt } = useQuery(readiness)
  return (
    <Section title="System">
      {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
      {!data && !error && <Loading what="the state of the server" />}
      {data && <SystemFacts readiness={data} />}
    </Section>
  )
}

const SURVIVES: Readonly<Record<Readiness['detail']['storage']['survives'], string>> = {
  none: 'nothing: what it holds is gone when its process ends',
  process: 'a crash of the process, not a loss of power',
  power: 'a crash of the process and a loss of power',
}

function SystemFacts({ readiness: { ready, detail } }: { readonly readiness: Readiness }) {
  const { data: about } = useQuery(system)
  const { engine, survives, detail: more } = detail.storage
  return (
    <FactList
      facts={[
        [
          'State',
          <span key="s" data-state-of={ready ? 'succeeded' : 'failed'} className="state font-semibold">
            <span aria-hidden="true">{ready ? '✓' : '✕'}</span> {detail.state}
          </span>,
        ],
        ...(about ? [['Started', <Ago key="a" time={about.startedAt} />] as const] : []),
        ['Storage', [engine, about?.storage.bytes ? formatBytes(about.storage.bytes) : ''].filter(Boolean).join(', ')],
        ...(detail.lag ? [['Lag', lagOf(detail.lag)] as const] : []),
        ['Survives', SURVIVES[survives] ?? survives],
        ...(more ? [['Detail', more] as const] : []),
      ]}
    />
  )
}

/** The worst of the last minute. */
const lagOf = ({ schedulerMs, eventLoopMs, isLate }: NonNullable<Readiness['detail']['lag']>): string =>
  `tasks that were due ${schedulerMs} ms, timers ${eventLoopMs} ms at most${isLate ? ': more than promised' : ''}`
