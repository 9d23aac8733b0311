import { useQuery } from '@tanstack/react-query'
import { Navigate, useParams } from '@tanstack/react-router'
import { taskOf } from '../api/tasks.ts'
import { Failure, Loading } from '../kit/notices.tsx'
import { PageTitle } from '../shell/page-title.tsx'

/** Finds the group of a task and goes to its page. */
export function AnyTaskPage() {
  const { tid } = useParams({ from: '/shell/tasks/$tid' })
  const { data, error, refetch } = useQuery(taskOf(tid))
  if (data) return <Navigate to="/groups/$gid/tasks/$tid" params={{ gid: data.task.taskGroupId, tid }} replace />
  return (
    <>
      <PageTitle text={`Task ${tid}`} />
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading what="the task" />}
    </>
  )
}
