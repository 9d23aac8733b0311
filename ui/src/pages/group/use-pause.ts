import { type GroupAction, useGroupAction } from '../../api/groups.ts'
import type { TaskGroup } from '../../api/operations.ts'
import { messageOf } from '../../api/problem.ts'
import { toast } from '../../shell/toasts.ts'

/** Pause and resume need no question: each undoes the other. */
export function usePause(group: TaskGroup) {
  const action = useGroupAction(group.id)
  const name = group.name || group.id
  const act = async (kind: 'pause' | 'resume'): Promise<void> => {
    try {
      await action.mutateAsync({ kind } satisfies GroupAction)
      toast.success(kind === 'pause' ? `Paused ${name}: nothing new starts, what runs finishes` : `Resumed ${name}`)
    } catch (error) {
      toast.failure(`Could not ${kind} ${name}: ${messageOf(error)}`)
    }
  }
  return { toggle: () => void act(group.isPaused ? 'resume' : 'pause'), isBusy: action.isPending }
}
