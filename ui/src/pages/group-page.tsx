import { usePrefetchQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { groupOf } from '../api/groups.ts'
import type { TaskGroup } from '../api/operations.ts'
import { ApiError } from '../api/problem.ts'
import { taskGraphOf } from '../api/task-graph.ts'
import { taskList } from '../api/tasks.ts'
import { Failure, Loading } from '../kit/notices.tsx'
import { useRowKeys } from '../kit/use-row-keys.ts'
import type { TaskSearch } from '../lib/list-search.ts'
import { useKeys } from '../shell/keys.ts'
import { PageTitle } from '../shell/page-title.tsx'
import { GraphSection, isGraphOpen, loadAllTasks } from './group/graph-section.tsx'
import { GroupCounts } from './group/group-counts.tsx'
import { GroupHeader } from './group/group-header.tsx'
import { GroupTabs } from './group/group-tabs.tsx'
import { HoldingUp } from './group/holding-up.tsx'
import { TaskTable } from './group/task-table.tsx'
import { TaskDrawer } from './task/task-drawer.tsx'

/** One group: how far it is, what its graph looks like, and its tasks. */
export function GroupPage() {
  const { gid } = useParams({ from: '/shell/groups/$gid' })
  const { data: group, error, refetch, dataUpdatedAt } = useQuery(groupOf(gid))
  const search = useSearch({ from: '/shell/groups/$gid' })
  const navigate = useNavigate({ from: '/groups/$gid' })
  useRowKeys()
  // What was shown of a group that somebody deleted is shown no more.
  const isGone = error instanceof ApiError && error.status === 404
  if (!group || isGone)
    return (
      <>
        <PageTitle text={group?.name || 'Task group'} />
        {!isGone && <AskAhead gid={gid} search={search} />}
        {error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading what="the group" />}
        {isGone && (
          <Link to="/groups" className="mx-4 text-accent underline">
            All task groups
          </Link>
        )}
      </>
    )
  const setSearch = (next: TaskSearch): void => void navigate({ search: () => next, replace: true })
  return (
    <>
      {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
      <GroupHeader group={group} />
      <GroupCounts group={group} search={search} onSearch={setSearch} />
      <GroupBody key={gid} group={group} search={search} onSearch={setSearch} />
      <BesideTask group={group} search={search} onSearch={setSearch} />
    </>
  )
}

/** Its tasks, and beside them what holds it up. A group that ends while one looks keeps that place: nothing moves. */
function GroupBody({ group, search, onSearch }: Props) {
  const isMoving = group.state !== 'succeeded' && group.state !== 'empty'
  const [wasMoving, setMoving] = useState(isMoving)
  if (isMoving && !wasMoving) setMoving(true)
  return (
    <div className={`mt-3 ${wasMoving ? 'grid gap-3 lg:grid-cols-[minmax(0,1fr)_20rem]' : ''}`}>
      {wasMoving && (
        <aside className="lg:sticky lg:top-16 lg:order-last lg:self-start">
          <HoldingUp gid={group.id} />
        </aside>
      )}
      <div className="min-w-0">
        <GroupTabs gid={group.id} />
        <div className="rounded-xl border border-line bg-surface">
          <GraphSection group={group} search={search} onSearch={onSearch} />
          <TaskTable group={group} search={search} onSearch={onSearch} />
        </div>
      </div>
    </div>
  )
}

interface AheadProps {
  readonly gid: string
  readonly search: TaskSearch
}

/** What is below is asked for with the group, not after it. */
function AskAhead({ gid, search }: AheadProps) {
  usePrefetchQuery(taskList(gid, search))
  useEffect(() => {
    if (search.graph === 'tasks') void loadAllTasks()
  }, [search.graph])
  return isGraphOpen(search) ? <AskGraphAhead gid={gid} /> : null
}

function AskGraphAhead({ gid }: Omit<AheadProps, 'search'>) {
  usePrefetchQuery(taskGraphOf(gid))
  return null
}

/** The task that the address names, beside the list; `o` opens the one on whose row the focus is. */
function BesideTask({ group, search, onSearch }: Props) {
  const open = (task: string | undefined): void => {
    if (task !== undefined) onSearch({ ...search, task })
  }
  const close = (): void => {
    const { task: _task, ...rest } = search
    onSearch(rest)
  }
  useKeys({ o: () => open((document.activeElement as HTMLElement | null)?.dataset.rowLink) })
  if (search.task === undefined) return null
  return <TaskDrawer groupId={group.id} tid={search.task} onOpen={open} onClose={close} />
}

interface Props {
  readonly group: TaskGroup
  readonly search: TaskSearch
  readonly onSearch: (search: TaskSearch) => void
}
