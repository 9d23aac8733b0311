import type { ScheduleRow } from '../../api/operations.ts'
import { messageOf } from '../../api/problem.ts'
import { useScheduleAction } from '../../api/schedules.ts'
import { nameOfSchedule } from '../../lib/schedule-words.ts'
import { toast } from '../../shell/toasts.ts'

/** Pause and resume need no question: each undoes the other. */
export function usePauseSchedule(schedule: ScheduleRow) {
  const action = useScheduleAction(schedule.id)
  const kind = schedule.isPaused ? 'resume' : 'pause'
  const name = nameOfSchedule(schedule)
  const toggle = async (): Promise<void> => {
    try {
      await action.mutateAsync({ kind })
      toast.success(
        kind === 'pause'
          ? `Paused ${name}: it creates nothing until it is resumed`
          : `Resumed ${name}: what passed is not made up for`,
      )
    } catch (error) {
      toast.failure(`Could not ${kind} ${name}: ${messageOf(error)}`)
    }
  }
  return { toggle: () => void toggle(), isBusy: action.isPending }
}
