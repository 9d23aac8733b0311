import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { activityList } from '../api/activity.ts'
import type { Activity } from '../api/operations.ts'
import { Button } from '../kit/button.tsx'
import { Empty, Failure, Loading } from '../kit/notices.tsx'
import { Pager } from '../kit/pager.tsx'
import { kindOf, partsOf } from '../lib/activity-words.ts'
import { type ActivitySearch, withFilter } from '../lib/list-search.ts'
import { PageTitle } from '../shell/page-title.tsx'
import { Ago } from '../shell/time.tsx'
import { ActivityFilters } from './activity/activity-filters.tsx'
import { TargetLink } from './activity/target-link.tsx'

/** Who did what, newest first. */
export function ActivityPage() {
  const search = useSearch({ from: '/shell/activity' })
  const navigate = useNavigate({ from: '/activity' })
  const { data, error, isPending, refetch, dataUpdatedAt } = useQuery(activityList(search))
  const setSearch = (next: ActivitySearch): void => void navigate({ search: next, replace: true })
  const isFiltered = ['actor', 'action', 'target'].some((name) => name in search)
  return (
    <>
      <PageTitle text="Activity" />
      <section aria-label="Activity" className="mt-3 rounded-xl border border-line bg-surface">
        <ActivityFilters search={search} onSearch={setSearch} />
        {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
        {isPending && <Loading what="the activity" />}
        {data && data.activity.length > 0 && (
          <ActivityTable activity={data.activity} search={search} onSearch={setSearch} />
        )}
        {data?.activity.length === 0 && <Nothing isFiltered={isFiltered} onClear={() => setSearch({})} />}
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
    </>
  )
}

const Nothing = ({ isFiltered, onClear }: { readonly isFiltered: boolean; readonly onClear: () => void }) =>
  isFiltered ? (
    <Empty title="Nothing matches the filters.">
      <Button onClick={onClear}>Clear all filters</Button>
    </Empty>
  ) : (
    <Empty title="Nothing was done yet.">
      What people and programs change is told here: pauses, retries, limits, users and the like. The creation of groups
      and tasks is not.
    </Empty>
  )

interface TableProps {
  readonly activity: readonly Activity[]
  readonly search: ActivitySearch
  readonly onSearch: (search: ActivitySearch) => void
}

const ActivityTable = ({ activity, search, onSearch }: TableProps) => (
  <table className="list w-full">
    <thead>
      <tr>
        <th scope="col">When</th>
        <th scope="col">Who</th>
        <th scope="col">What</th>
        <th scope="col">To what</th>
        <th scope="col">Request</th>
      </tr>
    </thead>
    <tbody>
      {activity.map((each) => (
        <Row key={each.id} activity={each} search={search} onSearch={onSearch} />
      ))}
    </tbody>
  </table>
)

function Row({ activity, search, onSearch }: Omit<TableProps, 'activity'> & { readonly activity: Activity }) {
  const { at, actor, action, target, summary, requestId } = activity
  const [what, told] = partsOf(summary)
  return (
    <tr>
      <td data-label="When">
        <Ago time={at} />
      </td>
      <td data-label="Who">
        <FilterButton text={actor} onClick={() => onSearch(withFilter(search, { actor }))} />
      </td>
      <td data-label="What" title={action} className="max-w-xl">
        <FilterButton text={what} onClick={() => onSearch(withFilter(search, { action }))} />
        {told !== '' && <div className="break-words text-soft">{told}</div>}
      </td>
      <td data-label="To what">
        <TargetLink target={target} />
        {target.id !== '' && <div className="text-soft max-sm:inline"> {kindOf(target)}</div>}
      </td>
      <td data-label="Request" className="max-sm:hidden">
        <code className="break-all text-soft" title="The log says more under it">
          {requestId}
        </code>
      </td>
    </tr>
  )
}

const FilterButton = ({ text, onClick }: { readonly text: string; readonly onClick: () => void }) => (
  <button type="button" className="min-h-6 text-left break-words hover:underline" title="Only this" onClick={onClick}>
    {text}
  </button>
)
