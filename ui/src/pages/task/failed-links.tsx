import { useQuery } from '@tanstack/react-query'
import type { TaskSummary } from '../../api/operations.ts'
import { failedTasks } from '../../api/tasks.ts'
import { Button } from '../../kit/button.tsx'
import { formatNumber } from '../../lib/format.ts'
import { useKeys } from '../../shell/keys.ts'

interface Props {
  readonly task: TaskSummary
  readonly onOpen: (tid: string) => void
}

/** From one failed task of the group to the next. After the last comes the first. */
export function FailedLinks({ task, onOpen }: Props) {
  const { data } = useQuery(failedTasks(task.taskGroupId))
  const ids = (data?.tasks ?? []).map(({ id }) => id)
  const at = ids.indexOf(task.id)
  const others = ids.length - (at === -1 ? 0 : 1)
  const go = (step: 1 | -1): void => {
    const from = at === -1 && step === 1 ? -1 : Math.max(at, 0)
    const id = ids[(from + step + ids.length) % ids.length]
    if (id !== undefined && others > 0) onOpen(id)
  }
  useKeys({ ']': () => go(1), '[': () => go(-1), n: () => go(1) })
  if (others === 0) return null
  return (
    <span className="inline-flex items-center gap-1">
      <Button look="quiet" onClick={() => go(-1)}>
        ‹ Previous failed
      </Button>
      {at !== -1 && (
        <span className="text-soft tabular-nums">
          {formatNumber(at + 1)} of {formatNumber(ids.length)}
        </span>
      )}
      <Button look="quiet" onClick={() => go(1)}>
        Next failed ›
      </Button>
    </span>
  )
}
