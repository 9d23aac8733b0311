import { useQuery } from '@tanstack/react-query'
import type { Attempt, TaskSummary } from '../../api/operations.ts'
import { attemptsOf } from '../../api/tasks.ts'
import { Failure } from '../../kit/notices.tsx'
import { formatDuration } from '../../lib/format.ts'
import { OUTCOMES } from '../../lib/outcomes.ts'
import { Ago, Time } from '../../shell/time.tsx'
import { Heartbeat } from './heartbeat.tsx'

/** Of tasks with one key one runs, and the others get what it got. */
const isMerged = ({ key, state }: TaskSummary): boolean => key !== '' && state === 'succeeded'

/** What was tried, newest first. */
export function Attempts({ task }: { readonly task: TaskSummary }) {
  const { data, error, dataUpdatedAt } = useQuery(attemptsOf(task.id))
  const attempts = data?.attempts ?? []
  return (
    <section aria-label="Attempts" className="rounded-lg border border-line bg-surface">
      <h2 className="px-4 py-2 font-semibold">Attempts</h2>
      {error && <Failure error={error} shownAt={dataUpdatedAt} />}
      {data?.heartbeat && <Heartbeat heartbeat={data.heartbeat} />}
      {data && attempts.length === 0 && (
        <p className="border-t border-line px-4 py-3 text-soft">
          {isMerged(task)
            ? '⧉ None of its own: another task with its key ran for both, or somebody completed it.'
            : 'None yet.'}
        </p>
      )}
      {attempts.length > 0 && (
        <table className="list w-full">
          <thead>
            <tr>
              <th scope="col">No.</th>
              <th scope="col">Outcome</th>
              <th scope="col">Started</th>
              <th scope="col">Took</th>
              <th scope="col">Error</th>
            </tr>
          </thead>
          <tbody>
            {attempts.map((attempt) => (
              <Row key={`${attempt.deliveryId} ${attempt.number} ${attempt.startedAt}`} attempt={attempt} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function Row({ attempt }: { readonly attempt: Attempt }) {
  const { look, text } = OUTCOMES[attempt.outcome]
  return (
    <tr>
      <td data-label="No.">{attempt.number}</td>
      <td>
        <span data-state-of={look} className="state font-semibold whitespace-nowrap">
          {text}
        </span>
        {attempt.statusCode !== null && ` ${attempt.statusCode}`}
      </td>
      <td data-label="Started" className="whitespace-nowrap">
        <Time time={attempt.startedAt} />
      </td>
      <td data-label="Took" className="whitespace-nowrap">
        {formatDuration(attempt.durationMs)}
      </td>
      <td className="break-words text-soft">
        <bdi>{attempt.error}</bdi>
        {attempt.retryAt !== null && (
          <>
            {' '}
            · again <Ago time={attempt.retryAt} />
          </>
        )}
      </td>
    </tr>
  )
}
