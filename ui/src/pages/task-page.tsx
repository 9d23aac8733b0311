import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { groupOf } from '../api/groups.ts'
import type { TaskSummary } from '../api/operations.ts'
import { copyText } from '../kit/copy.ts'
import { TaskStateLabel } from '../kit/states.tsx'
import { PageTitle } from '../shell/page-title.tsx'
import { FailedLinks } from './task/failed-links.tsx'
import { TaskView } from './task/task-view.tsx'

/** One task, on a page of its own. */
export function TaskPage() {
  const { gid, tid } = useParams({ from: '/shell/groups/$gid/tasks/$tid' })
  const navigate = useNavigate()
  return (
    <TaskView
      tid={tid}
      head={(full) => (full ? <Head task={full.task} /> : <PageTitle text="Task" />)}
      onDeleted={() => void navigate({ to: '/groups/$gid', params: { gid } })}
    />
  )
}

function Head({ task }: { readonly task: TaskSummary }) {
  const navigate = useNavigate()
  const open = (tid: string): void =>
    void navigate({ to: '/groups/$gid/tasks/$tid', params: { gid: task.taskGroupId, tid } })
  return (
    <>
      <Trail task={task} />
      <div className="mt-1 flex flex-wrap items-center gap-3">
        <PageTitle text={task.name || task.id} />
        <TaskStateLabel state={task.state} />
        <span className="flex-1" />
        <FailedLinks task={task} onOpen={open} />
      </div>
    </>
  )
}

function Trail({ task }: { readonly task: TaskSummary }) {
  const { data: group } = useQuery(groupOf(task.taskGroupId))
  return (
    <nav aria-label="Where this is" className="break-words text-soft">
      <Link to="/groups" className="text-soft underline">
        Groups
      </Link>{' '}
      /{' '}
      <Link to="/groups/$gid" params={{ gid: task.taskGroupId }} className="text-soft underline" dir="auto">
        {group?.name || task.taskGroupId}
      </Link>{' '}
      / <code className="break-all">{task.id}</code>{' '}
      <button type="button" className="min-h-6 px-1 underline" onClick={() => void copyText(task.id, 'the id')}>
        copy id
      </button>
    </nav>
  )
}
