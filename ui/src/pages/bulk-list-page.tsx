import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { bulkList } from '../api/bulk.ts'
import type { BulkOperation } from '../api/operations.ts'
import { Empty, Failure, Loading } from '../kit/notices.tsx'
import { Pager } from '../kit/pager.tsx'
import { useRowKeys } from '../kit/use-row-keys.ts'
import { BULK_VERBS, countOfTarget, shareOf } from '../lib/bulk-words.ts'
import { formatNumber, formatShare } from '../lib/format.ts'
import { PageTitle } from '../shell/page-title.tsx'
import { Ago } from '../shell/time.tsx'
import { BulkStateLabel } from './bulk/bulk-state.tsx'

/** What was done to many at once, newest first. */
export function BulkListPage() {
  const search = useSearch({ from: '/shell/bulk' })
  const navigate = useNavigate({ from: '/bulk' })
  const { data, error, isPending, refetch, dataUpdatedAt } = useQuery(bulkList(search))
  useRowKeys()
  return (
    <>
      <PageTitle text="Bulk operations" />
      <section aria-label="Bulk operations" className="mt-3 rounded-xl border border-line bg-surface">
        {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
        {isPending && <Loading what="the operations" />}
        {data && data.operations.length > 0 && <Table operations={data.operations} />}
        {data?.operations.length === 0 && (
          <Empty title="Nothing was done to many at once yet.">
            Choose rows in a list of groups or tasks, with their boxes or with <kbd>x</kbd>, and what can be done with
            them appears.
          </Empty>
        )}
        {data && data.count > 0 && (
          <Pager count={data.count} search={search} onChange={(change) => void navigate({ search: () => change })} />
        )}
      </section>
    </>
  )
}

const Table = ({ operations }: { readonly operations: readonly BulkOperation[] }) => (
  <table className="list w-full">
    <thead>
      <tr>
        <th scope="col">What</th>
        <th scope="col">State</th>
        <th scope="col" className="text-right">
          Done
        </th>
        <th scope="col" className="text-right">
          Failed
        </th>
        <th scope="col">By</th>
        <th scope="col">Begun</th>
      </tr>
    </thead>
    <tbody>
      {operations.map((operation) => (
        <tr key={operation.id}>
          <td className="name">
            <Link to="/bulk/$id" params={{ id: operation.id }} data-row-link className="font-semibold text-ink">
              {BULK_VERBS[operation.action][0]} {countOfTarget(operation.total, operation.target)}
            </Link>
          </td>
          <td>
            <BulkStateLabel operation={operation} />
          </td>
          <td data-label="Done" className="sm:text-right">
            {formatShare(shareOf(operation))}
          </td>
          <td data-label="Failed" className="sm:text-right">
            {formatNumber(operation.failed)}
          </td>
          <td data-label="By">{operation.actor || '—'}</td>
          <td data-label="Begun">
            <Ago time={operation.startedAt} />
          </td>
        </tr>
      ))}
    </tbody>
  </table>
)
