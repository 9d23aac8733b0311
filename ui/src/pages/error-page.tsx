import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { errorOf } from '../api/errors.ts'
import type { TaskErrorDetail, TaskSummary } from '../api/operations.ts'
import { Failure, Loading } from '../kit/notices.tsx'
import { Pager } from '../kit/pager.tsx'
import { FactList, Section } from '../kit/section.tsx'
import { TaskStateLabel } from '../kit/states.tsx'
import { useRowKeys } from '../kit/use-row-keys.ts'
import { countOf, formatNumber } from '../lib/format.ts'
import { PageTitle } from '../shell/page-title.tsx'
import { Ago } from '../shell/time.tsx'
import { RetryThese } from './errors/error-table.tsx'

/** One kind of error: when it was seen, and the tasks that fail by it. */
export function ErrorPage() {
  const { fingerprint } = useParams({ from: '/shell/errors/$fingerprint' })
  const search = useSearch({ from: '/shell/errors/$fingerprint' })
  const navigate = useNavigate({ from: '/errors/$fingerprint' })
  const { data, error, refetch, dataUpdatedAt } = useQuery(errorOf(fingerprint, search))
  useRowKeys()
  if (!data)
    return (
      <>
        <PageTitle text="Error" />
        {error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading what="the error" />}
      </>
    )
  return (
    <>
      {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
      <nav aria-label="Where this is" className="text-soft">
        <Link to="/errors" className="text-soft underline">
          Errors
        </Link>
      </nav>
      <div className="mt-1 flex flex-wrap items-center gap-3">
        <PageTitle text={data.message || '(no message)'} />
        <span className="flex-1" />
        <RetryThese error={data} taskGroup={search.taskGroup} look="primary" />
      </div>
      <Facts error={data} />
      <section aria-label="Tasks" className="mt-4 rounded-xl border border-line bg-surface">
        <Tasks tasks={data.tasks} />
        <Pager
          count={data.count}
          search={search}
          onChange={(change) => void navigate({ search: (current) => ({ ...current, ...change }) })}
        />
      </section>
    </>
  )
}

const Facts = ({ error }: { readonly error: TaskErrorDetail }) => (
  <div className="mt-3">
    <Section title="Seen">
      <FactList
        facts={[
          [
            'Tasks',
            `${countOf(error.count, 'task')}: ${formatNumber(error.failed)} gave up, ${formatNumber(error.retrying)} retrying`,
          ],
          ['Groups', formatNumber(error.groups)],
          ['Workers', error.workers.join(', ')],
          ['Status', error.statusCode ?? '—'],
          ['First', error.firstSeenAt === null ? '—' : <Ago key="first" time={error.firstSeenAt} />],
          ['Last', error.lastSeenAt === null ? '—' : <Ago key="last" time={error.lastSeenAt} />],
        ]}
      />
    </Section>
  </div>
)

const Tasks = ({ tasks }: { readonly tasks: readonly TaskSummary[] }) => (
  <table className="list w-full">
    <thead>
      <tr>
        <th scope="col">Task</th>
        <th scope="col">Worker</th>
        <th scope="col">State</th>
        <th scope="col" className="w-1/2">
          Its error
        </th>
      </tr>
    </thead>
    <tbody>
      {tasks.map((task) => (
        <tr key={task.id}>
          <td className="name">
            <Link
              to="/groups/$gid/tasks/$tid"
              params={{ gid: task.taskGroupId, tid: task.id }}
              data-row-link
              dir="auto"
              className="font-semibold text-ink"
            >
              {task.name || task.id}
            </Link>
          </td>
          <td data-label="Worker">{task.worker}</td>
          <td>
            <TaskStateLabel state={task.state} />
          </td>
          <td className="font-mono text-[13px] break-words">{task.errors.at(-1) ?? ''}</td>
        </tr>
      ))}
    </tbody>
  </table>
)
