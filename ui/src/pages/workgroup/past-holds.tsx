import { useQuery } from '@tanstack/react-query'
import type { PastHold } from '../../api/operations.ts'
import { useNow } from '../../api/server-clock.ts'
import { pastHoldsOf } from '../../api/workgroups.ts'
import { Empty, Failure, Loading } from '../../kit/notices.tsx'
import { countOf, formatDuration } from '../../lib/format.ts'
import { endOf, isForever, lastHourOf } from '../../lib/traffic.ts'
import { Time } from '../../shell/time.tsx'
import { HoldCause } from '../traffic/held-line.tsx'

/** Its newest holds, and how often it was held in the last hour. */
export function PastHolds({ name }: { readonly name: string }) {
  const { data, error, isPending, refetch, dataUpdatedAt } = useQuery(pastHoldsOf(name))
  const holds = data?.holds ?? []
  return (
    <section aria-label="Holds" className="min-w-0 self-start overflow-x-auto rounded-lg border border-line bg-surface">
      <div className="flex flex-wrap items-baseline gap-3 px-4 py-2">
        <h2 className="font-semibold">Holds</h2>
        {holds.length > 0 && <LastHour holds={holds} />}
      </div>
      {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
      {isPending && <Loading what="its holds" />}
      {data && holds.length === 0 && <Empty title="It was never held." />}
      {holds.length > 0 && <Table holds={holds} />}
    </section>
  )
}

interface Holds {
  readonly holds: readonly PastHold[]
}

/** The server keeps the newest twenty. */
const MAX_HOLDS = 20

function LastHour({ holds }: Holds) {
  const { count, averageMs } = lastHourOf(holds, useNow())
  if (count === 0) return <span className="text-soft">none in the last hour</span>
  const times = count >= MAX_HOLDS ? `${count} times or more` : countOf(count, 'time')
  return (
    <span className="text-soft">
      {times} in the last hour, {formatDuration(averageMs)} on average
    </span>
  )
}

function Table({ holds }: Holds) {
  return (
    <table className="list w-full">
      <thead>
        <tr>
          <th scope="col">Since</th>
          <th scope="col">Lasted</th>
          <th scope="col" className="w-1/2">
            Why
          </th>
          <th scope="col">End</th>
        </tr>
      </thead>
      <tbody>
        {holds.map((hold) => (
          <Row key={`${hold.since} ${hold.until}`} hold={hold} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ hold }: { readonly hold: PastHold }) {
  const now = useNow()
  const since = new Date(hold.since).getTime()
  const isOver = endOf(hold) <= now
  return (
    <tr>
      <td data-label="Since" className="whitespace-nowrap">
        <Time time={hold.since} />
      </td>
      <td data-label="Lasted" className="whitespace-nowrap tabular-nums">
        {formatDuration(Math.max(0, Math.min(endOf(hold), now) - since))}
        {!isOver && <span className="text-soft"> so far</span>}
      </td>
      <td>
        <HoldCause hold={hold} reason={hold.reason} />
      </td>
      <td data-label="End">
        <End hold={hold} isOver={isOver} />
      </td>
    </tr>
  )
}

function End({ hold, isOver }: { readonly hold: PastHold; readonly isOver: boolean }) {
  if (hold.endedAt !== null) return <>ended early</>
  if (isOver) return <span className="text-soft">by itself</span>
  if (isForever(hold.until)) return <>when somebody resumes it</>
  return <Time time={hold.until} />
}
