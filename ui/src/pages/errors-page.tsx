import { useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { errorList } from '../api/errors.ts'
import { Empty, Failure, Loading } from '../kit/notices.tsx'
import { useRowKeys } from '../kit/use-row-keys.ts'
import { PageTitle } from '../shell/page-title.tsx'
import { ErrorTable } from './errors/error-table.tsx'

/** By what tasks fail now, over everything. */
export function ErrorsPage() {
  const { worker } = useSearch({ from: '/shell/errors' })
  const errors = useQuery(errorList(worker === undefined ? {} : { worker }))
  useRowKeys()
  return (
    <>
      <PageTitle text="Errors" />
      <p className="text-soft">
        By what tasks fail now{worker !== undefined && ` at ${worker}`}: those whose attempts are spent, and those that
        are tried again.
        {worker !== undefined && (
          <>
            {' '}
            <Link to="/errors" className="underline">
              Show all workers
            </Link>
          </>
        )}
      </p>
      <section aria-label="Errors" className="mt-3 rounded-xl border border-line bg-surface">
        {errors.error && (
          <Failure error={errors.error} onRetry={() => void errors.refetch()} shownAt={errors.dataUpdatedAt} />
        )}
        {errors.isPending && <Loading what="the errors" />}
        {errors.data && errors.data.errors.length > 0 && <ErrorTable list={errors.data} />}
        {errors.data?.errors.length === 0 && (
          <Empty title="Nothing fails.">Tasks that fail appear here, sorted by what they fail by.</Empty>
        )}
      </section>
    </>
  )
}
