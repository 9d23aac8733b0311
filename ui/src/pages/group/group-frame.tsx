import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { groupOf } from '../../api/groups.ts'
import type { TaskGroup } from '../../api/operations.ts'
import { Failure, Loading } from '../../kit/notices.tsx'
import { PageTitle } from '../../shell/page-title.tsx'
import { GroupCounts } from './group-counts.tsx'
import { GroupHeader } from './group-header.tsx'
import { GroupTabs } from './group-tabs.tsx'

/** What is above every view of a group but that of its tasks, to which its counts lead. */
export function GroupFrame({
  gid,
  children,
}: {
  readonly gid: string
  readonly children: (group: TaskGroup) => ReactNode
}) {
  const { data: group, error, refetch, dataUpdatedAt } = useQuery(groupOf(gid))
  const navigate = useNavigate()
  if (!group)
    return (
      <>
        <PageTitle text="Task group" />
        {error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading what="the group" />}
      </>
    )
  return (
    <>
      {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
      <GroupHeader group={group} />
      <GroupCounts
        group={group}
        search={{}}
        onSearch={(search) => void navigate({ to: '/groups/$gid', params: { gid }, search })}
      />
      <div className="mt-3">
        <GroupTabs gid={gid} />
      </div>
      {children(group)}
    </>
  )
}
