import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { TaskGroup, TaskSummary } from '../../api/operations.ts'
import { taskList } from '../../api/tasks.ts'
import { Button } from '../../kit/button.tsx'
import { Empty, Failure, Loading } from '../../kit/notices.tsx'
import { Pager } from '../../kit/pager.tsx'
import { PageCheck, RowCheck } from '../../kit/row-checks.tsx'
import { SearchBox } from '../../kit/search-box.tsx'
import { TaskStateLabel } from '../../kit/states.tsx'
import { type Selecting, useSelection } from '../../kit/use-selection.ts'
import { isSet } from '../../lib/format.ts'
import { type TaskSearch, withFilter } from '../../lib/list-search.ts'
import { MEANINGS, TASK_STATES, totalOf } from '../../lib/states.ts'
import { Ago } from '../../shell/time.tsx'
import { BulkBar } from '../bulk/bulk-bar.tsx'

const BULK_ACTIONS = ['retry', 'reset', 'pause', 'resume', 'runNow', 'delete'] as const

interface Props {
  readonly group: TaskGroup
  readonly search: TaskSearch
  readonly onSearch: (search: TaskSearch) => void
}

/** The tasks of a group, oldest first, filtered by what the address says. */
export function TaskTable({ group, search, onSearch }: Props) {
  const tasks = useQuery(taskList(group.id, search))
  const isEmpty = totalOf(group.counts) === 0
  const rows = (tasks.data?.tasks ?? []).map(({ id }) => id)
  const { page: _page, pageSize: _pageSize, graph: _graph, task: _task, ...filter } = search
  const selecting = useSelection(rows, JSON.stringify(filter))
  return (
    <section aria-label="Tasks">
      <Filters search={search} onSearch={onSearch} />
      <BulkBar
        target="tasks"
        actions={BULK_ACTIONS}
        selecting={selecting}
        matching={tasks.data?.count ?? 0}
        filter={bulkFilterOf(group.id, search)}
      />
      {tasks.error && (
        <Failure error={tasks.error} onRetry={() => void tasks.refetch()} shownAt={tasks.dataUpdatedAt} />
      )}
      {tasks.isPending && <Loading what="the tasks" />}
      {tasks.data && tasks.data.tasks.length > 0 && (
        <Table tasks={tasks.data.tasks} search={search} onSearch={onSearch} selecting={selecting} />
      )}
      {tasks.data?.tasks.length === 0 &&
        (isEmpty ? (
          <Empty title="No tasks yet.">Add one under More, or POST tasks to api/v1/task_group/{group.id}/tasks.</Empty>
        ) : (
          <Empty title="No task matches.">
            <Button onClick={() => onSearch(search.graph ? { graph: search.graph } : {})}>Clear all filters</Button>
          </Empty>
        ))}
      {tasks.data && tasks.data.count > 0 && (
        <Pager count={tasks.data.count} search={search} onChange={(change) => onSearch({ ...search, ...change })} />
      )}
    </section>
  )
}

/** The filter of this list as a bulk operation takes it: `open` is all states but one. */
function bulkFilterOf(
  taskGroup: string,
  { q, state, worker, workgroup, open }: TaskSearch,
): Readonly<Record<string, string>> {
  const incomplete = TASK_STATES.filter((each) => each !== 'succeeded').join(',')
  return {
    taskGroup,
    ...(q !== undefined && { search: q }),
    ...(state ? { state } : open ? { state: incomplete } : {}),
    ...(worker !== undefined && { worker }),
    ...(workgroup !== undefined && { workgroup }),
  }
}

function Filters({ search, onSearch }: Omit<Props, 'group'>) {
  const given = (['state', 'worker', 'workgroup'] as const).filter((name) => search[name] !== undefined)
  return (
    <div className="flex flex-wrap items-center gap-3 p-3">
      <SearchBox
        label="Search id, name, worker or key"
        value={search.q ?? ''}
        onChange={(q) => onSearch(withFilter(search, { q }))}
      />
      <label className="flex min-h-8 items-center gap-2">
        <input
          type="checkbox"
          className="size-4 accent-accent"
          checked={search.open ?? false}
          onChange={({ target }) => onSearch(withFilter(search, { open: target.checked }))}
        />
        Hide completed
      </label>
      {given.map((name) => (
        <Button
          key={name}
          aria-label={`Remove the filter ${name} ${search[name]}`}
          onClick={() => onSearch(withFilter(search, { [name]: undefined }))}
        >
          {name}: {search[name]} <span aria-hidden="true">×</span>
        </Button>
      ))}
    </div>
  )
}

interface TableProps extends Omit<Props, 'group'> {
  readonly tasks: readonly TaskSummary[]
  readonly selecting: Selecting
}

function Table({ tasks, search, onSearch, selecting }: TableProps) {
  return (
    <table className="list w-full">
      <thead>
        <tr>
          <PageCheck rows={tasks.map(({ id }) => id)} selecting={selecting} />
          <th scope="col">Task</th>
          <th scope="col">Worker</th>
          <th scope="col">Workgroup</th>
          <th scope="col">State</th>
          <th scope="col" className="w-2/5">
            What is next
          </th>
          <th scope="col" className="text-right">
            Attempts left
          </th>
        </tr>
      </thead>
      <tbody>
        {tasks.map((task) => (
          <tr key={task.id} data-row={task.id}>
            <RowCheck id={task.id} name={task.name || task.id} selecting={selecting} />
            <td className="name">
              <Link
                to="/groups/$gid/tasks/$tid"
                params={{ gid: task.taskGroupId, tid: task.id }}
                data-row-link={task.id}
                dir="auto"
                className="font-semibold text-ink"
              >
                {task.name || task.id}
              </Link>
              <button
                type="button"
                className="ml-2 inline-flex min-h-6 min-w-6 items-center justify-center rounded text-soft hover:bg-sunken hover:text-ink max-sm:min-h-11 max-sm:min-w-11"
                aria-label={`Open ${task.name || task.id} beside the list`}
                title="Open beside the list (o)"
                onClick={() => onSearch({ ...search, task: task.id })}
              >
                <span aria-hidden="true">◨</span>
              </button>
            </td>
            <td data-label="Worker">
              <FilterLink text={task.worker} onClick={() => onSearch(withFilter(search, { worker: task.worker }))} />
            </td>
            <td data-label="Workgroup" className={task.workgroup === '' ? 'max-sm:hidden' : ''}>
              {task.workgroup === '' ? (
                '—'
              ) : (
                <FilterLink
                  text={task.workgroup}
                  onClick={() => onSearch(withFilter(search, { workgroup: task.workgroup }))}
                />
              )}
            </td>
            <td>
              <TaskStateLabel state={task.state} />
            </td>
            {/* One line, whatever happens to the task: rows stay where they are. */}
            <td className="break-words text-soft sm:max-w-0 sm:truncate" title={task.errors.at(-1)}>
              <Next task={task} />
            </td>
            <td data-label="Attempts left" className="sm:text-right">
              {task.remainingAttempts}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function FilterLink({ text, onClick }: { readonly text: string; readonly onClick: () => void }) {
  return (
    <button
      type="button"
      className="min-h-6 max-w-52 text-left break-words hover:underline"
      title={`Only ${text}`}
      onClick={onClick}
    >
      {text}
    </button>
  )
}

const MAX_ERROR = 160

/** What will happen, and the newest error when that is why. */
function Next({ task }: { readonly task: TaskSummary }) {
  const last = task.errors.at(-1)
  const error = last === undefined ? '' : ` · ${last.slice(0, MAX_ERROR)}`
  switch (task.state) {
    case 'failed':
      return <>attempts spent{error}</>
    case 'retrying':
      return (
        <>
          again <Ago time={task.runAfter} />
          {error}
        </>
      )
    case 'scheduled':
    case 'throttled':
      return isSet(task.runAfter) ? (
        <>
          {MEANINGS[task.state]}, not before <Ago time={task.runAfter} />
        </>
      ) : (
        MEANINGS[task.state]
      )
    case 'succeeded':
      return <>{task.errors.length > 0 ? `complete, after ${task.errors.length} failed` : ''}</>
    case 'blocked':
    case 'ready':
    case 'paused':
    case 'running':
      return <>{MEANINGS[task.state]}</>
  }
}
