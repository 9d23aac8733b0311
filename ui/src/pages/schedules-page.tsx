import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { ScheduleRow } from '../api/operations.ts'
import { scheduleList } from '../api/schedules.ts'
import { Button } from '../kit/button.tsx'
import { Menu } from '../kit/menu.tsx'
import { Empty, Failure, Loading } from '../kit/notices.tsx'
import { Pager } from '../kit/pager.tsx'
import { SearchBox } from '../kit/search-box.tsx'
import { useRowKeys } from '../kit/use-row-keys.ts'
import { withFilter } from '../lib/list-search.ts'
import { CATCH_UPS, nameOfSchedule, OVERLAPS, wordsOf } from '../lib/schedule-words.ts'
import { PageTitle } from '../shell/page-title.tsx'
import { Cron } from './schedules/cron.tsx'
import { LastRun } from './schedules/last-run.tsx'
import { NextRuns } from './schedules/next-runs.tsx'
import { PausedLabel } from './schedules/paused-label.tsx'
import { type AskedScheduleAction, ScheduleActionDialog } from './schedules/schedule-action-dialog.tsx'
import { NewScheduleDialog } from './schedules/schedule-form.tsx'
import { usePauseSchedule } from './schedules/use-pause-schedule.ts'

/** All schedules, by id. */
export function SchedulesPage() {
  const search = useSearch({ from: '/shell/schedules' })
  const navigate = useNavigate({ from: '/schedules' })
  const [isCreating, setCreating] = useState(false)
  const { data, error, isPending, refetch, dataUpdatedAt } = useQuery(scheduleList(search))
  useRowKeys()
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <PageTitle text="Schedules" />
        <span className="flex-1" />
        <Button needs="putSchedule" look="primary" onClick={() => setCreating(true)}>
          New schedule
        </Button>
      </div>
      <section aria-label="Schedules" className="mt-3 rounded-xl border border-line bg-surface">
        <div className="flex flex-wrap items-center gap-3 p-3">
          <SearchBox
            label="Search name or id"
            value={search.q ?? ''}
            onChange={(q) => void navigate({ search: (current) => withFilter(current, { q }), replace: true })}
          />
        </div>
        {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
        {isPending && <Loading what="the schedules" />}
        {data && data.schedules.length > 0 && <ScheduleTable schedules={data.schedules} />}
        {data?.schedules.length === 0 &&
          (search.q === undefined ? (
            <NoSchedules />
          ) : (
            <Empty title="No schedule matches the search.">
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
      {isCreating && <NewScheduleDialog onClose={() => setCreating(false)} />}
    </>
  )
}

const exampleCall = (): string => `curl -X PUT '${new URL('api/v1/schedule/nightly', document.baseURI).href}' \\
  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"cron": "0 3 * * *", "template": {"tasks": [{"worker": "echo"}]}}'`

const NoSchedules = () => (
  <Empty title="No schedules yet.">
    <p>
      A schedule creates a task group at each time of a cron pattern. Create one here, or paste this into a terminal:
    </p>
    <pre className="mt-3 overflow-auto rounded-md bg-sunken p-3 text-left text-ink" tabIndex={0}>
      {exampleCall()}
    </pre>
  </Empty>
)

const ScheduleTable = ({ schedules }: { readonly schedules: readonly ScheduleRow[] }) => (
  <table className="list w-full">
    <thead>
      <tr>
        <th scope="col">Name</th>
        <th scope="col">When</th>
        <th scope="col">Next runs</th>
        <th scope="col">Last run</th>
        <th scope="col">Overlap</th>
        <th scope="col">Missed</th>
        <th scope="col">
          <span className="sr-only">Actions</span>
        </th>
      </tr>
    </thead>
    <tbody>
      {schedules.map((schedule) => (
        <ScheduleTableRow key={schedule.id} schedule={schedule} />
      ))}
    </tbody>
  </table>
)

const LISTED_RUNS = 3

function ScheduleTableRow({ schedule }: { readonly schedule: ScheduleRow }) {
  const [asked, setAsked] = useState<AskedScheduleAction | null>(null)
  const pause = usePauseSchedule(schedule)
  const { id, isPaused, overlap, catchUp } = schedule
  const name = nameOfSchedule(schedule)
  return (
    <tr>
      <td className="name">
        <Link to="/schedules/$id" params={{ id }} data-row-link dir="auto" className="font-semibold text-ink">
          {name}
        </Link>
        {name !== id && <code className="block text-soft">{id}</code>}
      </td>
      <td>
        <Cron schedule={schedule} />
      </td>
      <td data-label="Next">{isPaused ? <PausedLabel /> : <NextRuns schedule={schedule} count={LISTED_RUNS} />}</td>
      <td data-label="Last run">
        <LastRun schedule={schedule} />
      </td>
      <td data-label="Overlap" title={wordsOf(OVERLAPS, overlap)}>
        {overlap}
      </td>
      <td data-label="Missed" title={wordsOf(CATCH_UPS, catchUp)}>
        {catchUp}
      </td>
      <td className="actions text-right">
        <Menu
          trigger={
            <Button look="quiet" aria-label={`Actions for ${name}`}>
              ⋯
            </Button>
          }
          items={[
            { label: 'Run now…', onSelect: () => setAsked('run'), needs: 'runSchedule' },
            { label: isPaused ? 'Resume' : 'Pause', onSelect: pause.toggle, needs: 'pauseSchedule' },
            { label: 'Delete…', onSelect: () => setAsked('delete'), isDanger: true, needs: 'deleteSchedule' },
          ]}
        />
        {asked && <ScheduleActionDialog kind={asked} schedule={schedule} onClose={() => setAsked(null)} />}
      </td>
    </tr>
  )
}
