import { useQuery } from '@tanstack/react-query'
import type { ScheduleRow } from '../../api/operations.ts'
import { messageOf } from '../../api/problem.ts'
import { nextTimesOf } from '../../api/schedules.ts'
import { nextRuns } from '../../lib/next-runs.ts'
import { Ago } from '../../shell/time.tsx'

interface Props {
  readonly schedule: ScheduleRow
  readonly count: number
}

/** The next runs in the zone of the schedule, as the server lists them; also of a paused one. */
export function NextRuns({ schedule, count }: Props) {
  const { data, error } = useQuery(nextTimesOf(schedule, count))
  if (error) return <p className="text-danger">The next runs are not known: {messageOf(error)}</p>
  if (!data) return <p className="text-soft">…</p>
  if (data.times.length === 0) return <p className="text-soft">none</p>
  return (
    <ol aria-label="Next runs" className="grid gap-0.5">
      {nextRuns(data.times).map(({ at, text, note }) => (
        <li key={at} className="lg:whitespace-nowrap">
          <span className="whitespace-nowrap tabular-nums">{text}</span>{' '}
          <span className="text-soft">
            <Ago time={at} />
          </span>
          {note && (
            <span data-state-of="retrying" className="state whitespace-nowrap">
              {' '}
              <span aria-hidden="true">↻</span> {note}
            </span>
          )}
        </li>
      ))}
    </ol>
  )
}
