import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { overview } from '../../api/overview.ts'
import { formatNumber } from '../../lib/format.ts'

const NUMBER =
  'inline-flex min-h-7 items-center gap-1 rounded-full border border-line bg-surface px-3 text-soft no-underline hover:bg-sunken max-sm:min-h-11'

/** What goes on over everything; every number leads to what it counts. */
export function OverviewStrip() {
  const { data } = useQuery(overview)
  if (!data) return null
  const { groups, runningTasks, heldWorkgroups, attemptsPerMinute } = data
  return (
    <nav className="mt-2 flex flex-wrap gap-2" aria-label="Over everything">
      <Link to="/groups" search={{ state: 'active' }} className={NUMBER}>
        <Count state="running" value={runningTasks} /> running
      </Link>
      <Link to="/groups" search={{ failing: true }} className={NUMBER}>
        <Count state="failed" value={groups.failing} /> {groups.failing === 1 ? 'group needs' : 'groups need'} attention
      </Link>
      <Link to="/workgroups" className={NUMBER}>
        <Count state="throttled" value={heldWorkgroups} /> {heldWorkgroups === 1 ? 'workgroup' : 'workgroups'} held
      </Link>
      <Link to="/workers" className={NUMBER}>
        <Count value={Math.round(attemptsPerMinute)} /> attempts a minute
      </Link>
    </nav>
  )
}

/** In the colour of its state, unless there is nothing of it. */
function Count({ state, value }: { readonly state?: string; readonly value: number }): ReactNode {
  const look =
    state !== undefined && value > 0
      ? { 'data-state-of': state, className: 'state font-semibold' }
      : { className: 'font-semibold text-ink' }
  return <span {...look}>{formatNumber(value)}</span>
}
