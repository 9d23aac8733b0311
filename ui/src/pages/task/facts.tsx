import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { TaskSummary } from '../../api/operations.ts'
import { Time } from '../../shell/time.tsx'

/** What it is set to. Worker and workgroup lead to the others that share them. */
export function Facts({ task }: { readonly task: TaskSummary }) {
  const gid = task.taskGroupId
  const rows: readonly (readonly [string, ReactNode])[] = [
    ['Worker', <Others key="w" gid={gid} search={{ worker: task.worker }} text={task.worker} />],
    [
      'Workgroup',
      task.workgroup ? <Others key="g" gid={gid} search={{ workgroup: task.workgroup }} text={task.workgroup} /> : '—',
    ],
    ['Key', task.key || '—'],
    ['Attempts left', task.remainingAttempts],
    [
      'Delay after an error',
      `${task.errorDelayInSeconds} s${task.retry ? `, ${task.retry.strategy} × ${task.retry.factor}` : ''}`,
    ],
    ['Not before', <Time key="r" time={task.runAfter} />],
    ['Priority', task.priority],
    ['Seed', task.isSeed ? 'yes: kept when the group is reset' : 'no'],
    ['Weight', task.progressWeight],
    ['Created', <Time key="c" time={task.createdAt} />],
    ...Object.entries(task.metadata).map(([name, value]) => [name, value] as const),
  ]
  return (
    <section aria-label="Settings of the task" className="rounded-lg border border-line bg-surface p-4">
      <h2 className="font-semibold">Settings</h2>
      <dl className="mt-2 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1">
        {rows.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-soft">{name}</dt>
            <dd className="break-words">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

interface OthersProps {
  readonly gid: string
  readonly search: { readonly worker?: string; readonly workgroup?: string }
  readonly text: string
}

const Others = ({ gid, search, text }: OthersProps) => (
  <Link to="/groups/$gid" params={{ gid }} search={search} className="text-accent underline">
    {text}
  </Link>
)
