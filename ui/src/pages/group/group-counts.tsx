import type { TaskGroup } from '../../api/operations.ts'
import { StackedBar } from '../../kit/states.tsx'
import { formatNumber, formatShare } from '../../lib/format.ts'
import { type TaskSearch, withFilter } from '../../lib/list-search.ts'
import { GLYPHS, MEANINGS, TASK_STATES, totalOf } from '../../lib/states.ts'
import { Ago } from '../../shell/time.tsx'
import { FailurePolicy } from './failure-policy.tsx'
import { ToldAndLast } from './told-and-last.tsx'

interface Props {
  readonly group: TaskGroup
  readonly search: TaskSearch
  readonly onSearch: (search: TaskSearch) => void
}

/** How far it is. Every number is a filter of the table below. */
export function GroupCounts({ group, search, onSearch }: Props) {
  const { counts } = group
  const total = totalOf(counts)
  return (
    <>
      <div className="mt-2">
        <StackedBar counts={counts} className="h-3" />
      </div>
      <p className="mt-1 text-soft">
        <b className="text-ink">{formatShare(group.completedPercent)}</b> done · {formatNumber(counts.succeeded)} of{' '}
        {formatNumber(total)} · created <Ago time={group.createdAt} /> · <FailurePolicy group={group} />
        <ToldAndLast group={group} />
      </p>
      <div className="mt-2 flex flex-wrap gap-2">
        {TASK_STATES.filter((state) => counts[state] > 0 || state === search.state).map((state) => (
          <button
            key={state}
            type="button"
            data-state-of={state}
            title={MEANINGS[state]}
            aria-pressed={search.state === state}
            className="min-h-7 rounded-full border border-edge bg-surface px-3 hover:bg-sunken aria-pressed:outline-2 aria-pressed:outline-accent max-sm:min-h-11"
            onClick={() => onSearch(withFilter(search, { state: search.state === state ? undefined : state }))}
          >
            <span className="state">
              <span aria-hidden="true">{GLYPHS[state]}</span> {state}
            </span>{' '}
            <b>{formatNumber(counts[state])}</b>
          </button>
        ))}
      </div>
    </>
  )
}
