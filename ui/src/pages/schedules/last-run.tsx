import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ScheduleRow } from '../../api/operations.ts'
import { ApiError } from '../../api/problem.ts'
import { lastGroupOf } from '../../api/schedules.ts'
import { GroupStateLabel } from '../../kit/states.tsx'
import { Ago } from '../../shell/time.tsx'

/** When its last group was created, what became of it, and the way there. */
export function LastRun({ schedule }: { readonly schedule: ScheduleRow }) {
  const { lastFiredAt, lastGroupId } = schedule
  if (lastFiredAt === null || lastGroupId === null) return <span className="text-soft">never</span>
  return (
    <>
      <LastGroup id={lastGroupId} />{' '}
      <span className="text-soft">
        <Ago time={lastFiredAt} />
      </span>
    </>
  )
}

/** Somebody may have deleted it since. */
function LastGroup({ id }: { readonly id: string }) {
  const { data, error } = useQuery(lastGroupOf(id))
  if (error instanceof ApiError && error.code === 'group_not_found') return <span>group deleted</span>
  return (
    <Link to="/groups/$gid" params={{ gid: id }} title={id} className="underline">
      {data ? <GroupStateLabel state={data.state} /> : 'its group'}
    </Link>
  )
}
