import { formatNumber } from '../lib/format.ts'
import {
  type Counts,
  GLYPHS,
  GROUP_LOOKS,
  type GroupState,
  MEANINGS,
  TASK_STATES,
  type TaskState,
  totalOf,
} from '../lib/states.ts'

/** Sign, word and colour of a task's state. */
export function TaskStateLabel({ state }: { readonly state: TaskState }) {
  return (
    <span data-state-of={state} className="state font-semibold whitespace-nowrap" title={MEANINGS[state]}>
      <span aria-hidden="true">{GLYPHS[state]}</span> {state}
    </span>
  )
}

export function GroupStateLabel({ state }: { readonly state: GroupState }) {
  const look = GROUP_LOOKS[state]
  return (
    <span data-state-of={look} className="state font-semibold whitespace-nowrap">
      <span aria-hidden="true">{GLYPHS[look]}</span> {state}
    </span>
  )
}

/** The share of each state, as a picture; the words stand beside it. */
export function StackedBar({ counts, className = 'h-2' }: { readonly counts: Counts; readonly className?: string }) {
  const total = totalOf(counts)
  const shown = TASK_STATES.filter((state) => counts[state] > 0)
  const text = total === 0 ? 'no tasks' : shown.map((state) => `${formatNumber(counts[state])} ${state}`).join(', ')
  return (
    <span
      role="img"
      aria-label={text}
      title={text}
      className={`flex w-full gap-px overflow-hidden rounded bg-sunken ${className}`}
    >
      {shown.map((state) => (
        <span
          key={state}
          data-state-of={state}
          className="fill min-w-[3px]"
          style={{ flexGrow: counts[state], flexBasis: 0 }}
        />
      ))}
    </span>
  )
}
