import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { Worker } from '../api/operations.ts'
import { workerList } from '../api/workers.ts'
import { Button } from '../kit/button.tsx'
import { Empty, Failure, Loading } from '../kit/notices.tsx'
import { Pager } from '../kit/pager.tsx'
import { SearchBox } from '../kit/search-box.tsx'
import { useRowKeys } from '../kit/use-row-keys.ts'
import { withFilter } from '../lib/list-search.ts'
import { PageTitle } from '../shell/page-title.tsx'
import { AllTraffic } from './workers/all-traffic.tsx'
import { NewWorkerDialog } from './workers/new-worker-dialog.tsx'
import { WorkerRow } from './workers/worker-row.tsx'

/** All workers and rules: how they do, and why they may not start now. */
export function WorkersPage() {
  const search = useSearch({ from: '/shell/workers' })
  const navigate = useNavigate({ from: '/workers' })
  const [isAdding, setAdding] = useState(false)
  const { data, error, isPending, refetch, dataUpdatedAt } = useQuery(workerList(search))
  useRowKeys()
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <PageTitle text="Workers" />
        <span className="flex-1" />
        <Button needs="updateWorker" look="primary" onClick={() => setAdding(true)}>
          Add worker
        </Button>
      </div>
      <AllTraffic />
      <section aria-label="Workers" className="mt-3 overflow-x-auto rounded-xl border border-line bg-surface">
        <div className="flex flex-wrap items-center gap-3 p-3">
          <SearchBox
            label="Search name"
            value={search.q ?? ''}
            onChange={(q) => void navigate({ search: (current) => withFilter(current, { q }), replace: true })}
          />
          <span className="text-soft">Figures are of the last five minutes.</span>
        </div>
        {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
        {isPending && <Loading what="the workers" />}
        {data && data.workers.length > 0 && <WorkerTable workers={data.workers} />}
        {data?.workers.length === 0 &&
          (search.q === undefined && data.count === 0 ? (
            <NoWorkers />
          ) : (
            <Empty title="No worker matches.">
              <Button onClick={() => void navigate({ search: {} })}>Clear the search</Button>
            </Empty>
          ))}
        {data && data.count > 0 && (
          <Pager
            count={data.count}
            search={search}
            onChange={({ page, pageSize }) =>
              void navigate({ search: (current) => ({ ...current, page, pageSize }) as typeof current })
            }
          />
        )}
      </section>
      {isAdding && <NewWorkerDialog onClose={() => setAdding(false)} />}
    </>
  )
}

function WorkerTable({ workers }: { readonly workers: readonly Worker[] }) {
  return (
    <table className="list w-full">
      <thead>
        <tr>
          <th scope="col">Worker</th>
          <th scope="col">Breaker</th>
          <th scope="col">In flight</th>
          <th scope="col" className="text-right">
            Waiting
          </th>
          <th scope="col" className="text-right">
            Complete
          </th>
          <th scope="col" className="text-right">
            Per minute
          </th>
          <th scope="col" className="text-right">
            p50 / p95
          </th>
          <th scope="col" className="text-right">
            Errors
          </th>
          <th scope="col" className="w-1/4">
            Next start
          </th>
          <th scope="col">
            <span className="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {workers.map((worker) => (
          <WorkerRow key={worker.name} worker={worker} />
        ))}
      </tbody>
    </table>
  )
}

const NoWorkers = () => (
  <Empty title="No workers yet.">
    <p>
      A worker is there as soon as a task names it; Crew POSTs the task to the base URL with the name behind it, or to a
      URL of its own. Paste this into a terminal for some that have work:
    </p>
    <pre className="mt-3 overflow-auto rounded-md bg-sunken p-3 text-left text-ink">npm run demo</pre>
  </Empty>
)
