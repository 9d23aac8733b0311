import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { bulkOf, useBulkAction } from '../api/bulk.ts'
import type { BulkOperation } from '../api/operations.ts'
import { messageOf } from '../api/problem.ts'
import { Button } from '../kit/button.tsx'
import { Failure, Loading } from '../kit/notices.tsx'
import { FactList, Section } from '../kit/section.tsx'
import { BULK_VERBS, countOfTarget, shareOf } from '../lib/bulk-words.ts'
import { formatNumber, formatShare } from '../lib/format.ts'
import { PageTitle } from '../shell/page-title.tsx'
import { Ago } from '../shell/time.tsx'
import { toast } from '../shell/toasts.ts'
import { BulkStateLabel } from './bulk/bulk-state.tsx'

/** One operation: how far it is, how to stop it, and what went wrong. */
export function BulkPage() {
  const { id } = useParams({ from: '/shell/bulk/$id' })
  const { data: operation, error, refetch, dataUpdatedAt } = useQuery(bulkOf(id))
  if (!operation)
    return (
      <>
        <PageTitle text="Bulk operation" />
        {error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading what="the operation" />}
      </>
    )
  return (
    <>
      {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
      <nav aria-label="Where this is" className="text-soft">
        <Link to="/bulk" className="text-soft underline">
          Bulk operations
        </Link>
      </nav>
      <div className="mt-1 flex flex-wrap items-center gap-3">
        <PageTitle text={`${BULK_VERBS[operation.action][0]} ${countOfTarget(operation.total, operation.target)}`} />
        <BulkStateLabel operation={operation} />
        <span className="flex-1" />
        <Buttons operation={operation} />
      </div>
      <Progress operation={operation} />
      <div className="mt-4 grid gap-4 lg:grid-cols-2">
        <Result operation={operation} />
        {operation.faults.length > 0 && <Faults operation={operation} />}
      </div>
    </>
  )
}

interface Props {
  readonly operation: BulkOperation
}

function Buttons({ operation: { id, state } }: Props) {
  const action = useBulkAction(id)
  const run = (kind: 'stopBulk' | 'continueBulk'): void =>
    action.mutate(kind, { onError: (error) => toast.failure(messageOf(error)) })
  if (state === 'running')
    return (
      <Button needs="stopBulk" isBusy={action.isPending} onClick={() => run('stopBulk')}>
        Stop
      </Button>
    )
  if (state === 'interrupted')
    return (
      <Button needs="continueBulk" look="primary" isBusy={action.isPending} onClick={() => run('continueBulk')}>
        Go on
      </Button>
    )
  return null
}

function Progress({ operation }: Props) {
  const share = shareOf(operation)
  return (
    <>
      <progress className="mt-3 block h-3 w-full accent-accent" value={share} max={1} aria-label="Progress" />
      <p className="mt-1 text-soft" role="status">
        <b className="text-ink">{formatShare(share)}</b> · {formatNumber(operation.done)}{' '}
        {BULK_VERBS[operation.action][1]} · {formatNumber(operation.skipped)} left as they were ·{' '}
        {formatNumber(operation.failed)} failed
      </p>
      {operation.state === 'interrupted' && (
        <p className="mt-1">
          The server that worked on it ended. What it did stays; go on with the rest when you like.
        </p>
      )}
    </>
  )
}

const Result = ({ operation }: Props) => (
  <Section title="The operation">
    <FactList
      facts={[
        ['Begun', <Ago key="begun" time={operation.startedAt} />],
        ['Ended', operation.endedAt === null ? '—' : <Ago key="ended" time={operation.endedAt} />],
        ['By', operation.actor || '—'],
        ['Id', <code key="id">{operation.id}</code>],
      ]}
    />
  </Section>
)

const Faults = ({ operation }: Props) => (
  <Section title={operation.failed > operation.faults.length ? 'The first that failed' : 'What failed'}>
    <ul className="grid gap-2">
      {operation.faults.map(({ id, message }) => (
        <li key={id} className="break-words">
          <FaultLink id={id} target={operation.target} />: {message}
        </li>
      ))}
    </ul>
  </Section>
)

const FaultLink = ({ id, target }: { readonly id: string; readonly target: BulkOperation['target'] }) =>
  target === 'tasks' ? (
    <Link to="/tasks/$tid" params={{ tid: id }} className="underline">
      <code>{id}</code>
    </Link>
  ) : (
    <Link to="/groups/$gid" params={{ gid: id }} className="underline">
      <code>{id}</code>
    </Link>
  )
