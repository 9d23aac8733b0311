import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useRef } from 'react'
import { attemptsOf, type FullTask, taskOf, whyOf } from '../../api/tasks.ts'
import { Failure, Loading } from '../../kit/notices.tsx'
import { Attempts } from './attempts.tsx'
import { Facts } from './facts.tsx'
import { Family } from './family.tsx'
import { Payloads } from './payloads.tsx'
import { TaskButtons } from './task-buttons.tsx'
import { WhyLine } from './why-line.tsx'

interface Props {
  readonly tid: string
  /** What stands above it: where it is, and its name. */
  readonly head: (full: FullTask | null) => ReactNode
  readonly isNarrow?: boolean
  readonly onDeleted: (full: FullTask) => void
}

/** One task: why it is as it is, what was tried, what went in and what came out. On a page of its own and beside a list. */
export function TaskView({ tid, head, isNarrow = false, onDeleted }: Props) {
  const { data: full, error, refetch, dataUpdatedAt } = useQuery(taskOf(tid))
  useRefetchOnNews(tid, () => void refetch())
  if (!full)
    return (
      <>
        {head(null)}
        {error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading what="the task" />}
      </>
    )
  return (
    <>
      {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
      {head(full)}
      <WhyLine full={full} />
      <TaskButtons key={tid} full={full} onDeleted={() => onDeleted(full)} />
      <div className={`mt-4 grid gap-4 ${isNarrow ? '' : 'lg:grid-cols-[minmax(0,1fr)_22rem]'}`}>
        <div className="grid min-w-0 content-start gap-4">
          <Attempts task={full.task} />
          <Payloads full={full} />
        </div>
        <div className="grid min-w-0 content-start gap-4">
          <Facts task={full.task} />
          <Family task={full.task} />
        </div>
      </div>
    </>
  )
}

/** A state or an attempt that is new; the first that is heard of is no news. */
function useRefetchOnNews(tid: string, refetch: () => void): void {
  const { data: why } = useQuery(whyOf(tid))
  const { data: attempts } = useQuery(attemptsOf(tid))
  const news = why && attempts ? `${tid} ${why.state} ${attempts.attempts[0]?.startedAt ?? ''}` : ''
  const known = useRef('')
  useEffect(() => {
    if (news === '') return
    if (known.current !== '' && known.current !== news) refetch()
    known.current = news
  }, [news, refetch])
}
