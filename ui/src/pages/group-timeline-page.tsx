import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { TaskSummary } from '../api/operations.ts'
import { useNow } from '../api/server-clock.ts'
import { taskList } from '../api/tasks.ts'
import { attemptsOfMany } from '../api/timeline.ts'
import { Empty, Failure, Loading } from '../kit/notices.tsx'
import { Pager } from '../kit/pager.tsx'
import { TaskStateLabel } from '../kit/states.tsx'
import { useRowKeys } from '../kit/use-row-keys.ts'
import { formatDuration, formatRecent } from '../lib/format.ts'
import { OUTCOMES } from '../lib/outcomes.ts'
import { type Segment, type Span, segmentsOf, spanOf, type Timed, ticksOf } from '../lib/timeline.ts'
import { useTimeZone } from '../shell/preferences.ts'
import { GroupFrame } from './group/group-frame.tsx'

/** When the attempts of a group's tasks were, a page of tasks at a time. */
export function GroupTimelinePage() {
  const { gid } = useParams({ from: '/shell/groups/$gid/timeline' })
  return <GroupFrame gid={gid}>{() => <Timeline gid={gid} />}</GroupFrame>
}

type Row = TaskSummary & Timed

function Timeline({ gid }: { readonly gid: string }) {
  const search = useSearch({ from: '/shell/groups/$gid/timeline' })
  const navigate = useNavigate({ from: '/groups/$gid/timeline' })
  const tasks = useQuery(taskList(gid, search))
  const ids = (tasks.data?.tasks ?? []).map(({ id }) => id)
  const attempts = useQuery(attemptsOfMany(gid, ids))
  useRowKeys()
  const byTask = new Map((attempts.data?.tasks ?? []).map(({ taskId, attempts: own }) => [taskId, own]))
  const rows = (tasks.data?.tasks ?? []).map((task): Row => ({ ...task, attempts: byTask.get(task.id) ?? [] }))
  const error = tasks.error ?? attempts.error
  return (
    <section aria-label="Timeline" className="rounded-xl border border-line bg-surface">
      {error && (
        <Failure
          error={error}
          onRetry={() => void Promise.all([tasks.refetch(), attempts.refetch()])}
          shownAt={attempts.dataUpdatedAt}
        />
      )}
      {tasks.isPending && <Loading what="the timeline" />}
      {rows.length > 0 && <Chart rows={rows} />}
      {tasks.data && rows.length === 0 && (
        <Empty title="No tasks yet.">What runs appears here, attempt by attempt.</Empty>
      )}
      {tasks.data && tasks.data.count > 0 && (
        <Pager
          count={tasks.data.count}
          search={search}
          onChange={(change) => void navigate({ search: (current) => ({ ...current, ...change }) })}
        />
      )}
    </section>
  )
}

const TICKS = 4

function Chart({ rows }: { readonly rows: readonly Row[] }) {
  const now = useNow()
  const timeZone = useTimeZone()
  const span = spanOf(rows, now)
  return (
    <>
      <table className="list w-full table-fixed">
        <thead>
          <tr>
            <th scope="col" className="w-56">
              Task
            </th>
            <th scope="col" className="w-32">
              State
            </th>
            <th scope="col">
              <span className="sr-only">Attempts over time</span>
              <span aria-hidden="true" className="flex justify-between font-normal">
                {ticksOf(span, TICKS).map((tick) => (
                  <span key={tick}>{formatRecent(new Date(tick).toISOString(), now, timeZone)}</span>
                ))}
              </span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <td className="name">
                <Link
                  to="/groups/$gid/tasks/$tid"
                  params={{ gid: row.taskGroupId, tid: row.id }}
                  data-row-link
                  dir="auto"
                  className="font-semibold text-ink"
                >
                  {row.name || row.id}
                </Link>
              </td>
              <td>
                <TaskStateLabel state={row.state} />
              </td>
              <td>
                <Bars row={row} span={span} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="border-t border-line px-4 py-2 text-soft">
        A thin line is waiting, a bar an attempt in the colour of its end, a dotted line the wait before the next one.
      </p>
    </>
  )
}

const SHAPES: Readonly<Record<Segment['kind'], string>> = {
  wait: 'top-[9px] border-t border-line',
  run: 'top-1 h-3 min-w-1 rounded-sm bg-(--state-fill)',
  'back-off': 'top-[9px] border-t-2 border-dotted border-edge',
}

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`

function Bars({ row, span }: { readonly row: Row; readonly span: Span }) {
  return (
    <>
      <span className="sr-only">
        {row.attempts.length === 0 ? 'no attempt yet' : row.attempts.map(wordsOf).join('; ')}
      </span>
      <span aria-hidden="true" className="relative block h-5">
        {segmentsOf(row, span).map((segment) => (
          <span
            key={`${segment.kind} ${segment.from} ${segment.attempt?.deliveryId ?? ''} ${segment.attempt?.number ?? ''}`}
            data-state-of={segment.look}
            title={segment.attempt ? wordsOf(segment.attempt) : undefined}
            className={`absolute ${SHAPES[segment.kind]}`}
            style={{ left: percent(segment.from), width: percent(segment.to - segment.from) }}
          />
        ))}
      </span>
    </>
  )
}

const wordsOf = ({ number, outcome, statusCode, durationMs, error }: Row['attempts'][number]): string =>
  [`attempt ${number}`, OUTCOMES[outcome].text, statusCode, formatDuration(durationMs), error?.slice(0, 80)]
    .filter((each) => each !== null && each !== undefined)
    .join(' ')
