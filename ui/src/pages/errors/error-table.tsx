import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { TaskError, TaskErrorList } from '../../api/operations.ts'
import { Button } from '../../kit/button.tsx'
import { countOf, formatNumber } from '../../lib/format.ts'
import { Ago } from '../../shell/time.tsx'
import { BulkDialog } from '../bulk/bulk-dialog.tsx'

interface Props {
  readonly list: TaskErrorList
  /** Only of this group. */
  readonly taskGroup?: string
}

/** Kinds of errors, those of most tasks first; each with the way to its tasks and to try them again. */
export function ErrorTable({ list: { errors, scanned, isPartial }, taskGroup }: Props) {
  return (
    <>
      <table className="list w-full">
        <thead>
          <tr>
            <th scope="col" className="w-2/5">
              Error
            </th>
            <th scope="col">Workers</th>
            <th scope="col">Status</th>
            <th scope="col" className="text-right">
              Tasks
            </th>
            <th scope="col">Last seen</th>
            <th scope="col">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {errors.map((error) => (
            <ErrorRow key={error.fingerprint} error={error} taskGroup={taskGroup} />
          ))}
        </tbody>
      </table>
      {isPartial && (
        <p className="border-t border-line px-4 py-2 text-soft">
          There is more: {formatNumber(scanned)} failing tasks were looked at, those of the newest groups.
        </p>
      )}
    </>
  )
}

function ErrorRow({ error, taskGroup }: { readonly error: TaskError; readonly taskGroup: string | undefined }) {
  const { fingerprint, message, workers, statusCode, count, failed, retrying, lastSeenAt, groups } = error
  return (
    <tr>
      <td className="name">
        <Link
          to="/errors/$fingerprint"
          params={{ fingerprint }}
          search={taskGroup === undefined ? {} : { taskGroup }}
          data-row-link
          dir="auto"
          className="font-mono text-[13px] break-words text-ink"
        >
          {message || '(no message)'}
        </Link>
      </td>
      <td data-label="Workers" className="break-words">
        {workers.join(', ')}
      </td>
      <td data-label="Status">{statusCode ?? '—'}</td>
      <td data-label="Tasks" className="sm:text-right">
        <b>{formatNumber(count)}</b>
        <span className="block text-soft">
          {[failed > 0 && `${formatNumber(failed)} gave up`, retrying > 0 && `${formatNumber(retrying)} retrying`]
            .filter(Boolean)
            .join(', ')}
          {taskGroup === undefined && groups > 1 && ` in ${countOf(groups, 'group')}`}
        </span>
      </td>
      <td data-label="Last seen">{lastSeenAt === null ? '—' : <Ago time={lastSeenAt} />}</td>
      <td className="actions text-right">
        <RetryThese error={error} taskGroup={taskGroup} />
      </td>
    </tr>
  )
}

/** Tries again what fails by this error, and nothing else. */
export function RetryThese({
  error: { fingerprint, count },
  taskGroup,
  look,
}: {
  readonly error: Pick<TaskError, 'fingerprint' | 'count'>
  readonly taskGroup: string | undefined
  readonly look?: 'primary'
}) {
  const [isAsked, ask] = useState(false)
  return (
    <>
      <Button needs="createBulk" {...(look && { look })} onClick={() => ask(true)}>
        Retry these {formatNumber(count)}…
      </Button>
      {isAsked && (
        <BulkDialog
          action="retry"
          target="tasks"
          whom={{ filter: { error: fingerprint, ...(taskGroup !== undefined && { taskGroup }) } }}
          onClose={() => ask(false)}
        />
      )}
    </>
  )
}
