import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { TaskSummary } from '../../api/operations.ts'
import { messageOf } from '../../api/problem.ts'
import { type FullTask, whyOf } from '../../api/tasks.ts'
import { countOf } from '../../lib/format.ts'
import { type Reason, remediesOf } from '../../lib/remedies.ts'
import { MEANINGS } from '../../lib/states.ts'
import { Ago } from '../../shell/time.tsx'
import { RemedyButton } from './remedy.tsx'

interface Props {
  readonly full: FullTask
}

/** The first thing to read at 3 a.m.: why it is not running, until when, and what would change that. */
export function WhyLine({ full }: Props) {
  const { task } = full
  const { data, error } = useQuery(whyOf(task.id))
  const reasons = data?.reasons ?? []
  return (
    <section
      aria-label="Why"
      data-state-of={task.state}
      className="mt-2 grid gap-1.5 rounded-lg border border-line border-l-4 border-l-(--state-color) bg-surface px-4 py-2.5"
    >
      {error && <p role="alert">Why is not known: {messageOf(error)}</p>}
      {data && reasons.length === 0 && <p>{MEANINGS[data.state]}</p>}
      {reasons.map((reason) => (
        <ReasonLine key={`${reason.code} ${reason.ref ?? ''}`} reason={reason} full={full} />
      ))}
      {data && data.ahead > 0 && <Ahead task={task} count={data.ahead} />}
      {task.state === 'failed' && task.errors.length > 0 && (
        <p className="font-mono text-[13px] break-words text-soft">{task.errors.at(-1)}</p>
      )}
    </section>
  )
}

function ReasonLine({ reason, full }: Props & { readonly reason: Reason }) {
  const { code, message, until } = reason
  const remedies = remediesOf(reason, full.task)
  // The end of a lease is no end of the attempt: it is renewed as long as that lasts.
  const isEndTold = until !== undefined && code !== 'running'
  return (
    <div data-reason={code} className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <p className="min-w-0 break-words">
        <bdi>{message}</bdi>
        {isEndTold && (
          <span className="text-soft">
            {' · '}
            <Ago time={until} />
          </span>
        )}
      </p>
      {remedies.map((remedy) => (
        <RemedyButton key={remedy.kind} remedy={remedy} full={full} />
      ))}
    </div>
  )
}

function Ahead({ task, count }: { readonly task: TaskSummary; readonly count: number }) {
  return (
    <p className="text-soft">
      <Link
        to="/groups/$gid"
        params={{ gid: task.taskGroupId }}
        search={{ worker: task.worker, open: true }}
        className="text-accent underline"
      >
        {countOf(count, 'task')}
      </Link>{' '}
      of its group and worker {count === 1 ? 'starts' : 'start'} before it.
    </p>
  )
}
