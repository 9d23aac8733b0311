import { messageOf } from '../../api/problem.ts'
import { useNow } from '../../api/server-clock.ts'
import type { Held } from '../../api/traffic.ts'
import { useWorkerAction } from '../../api/workers.ts'
import { isHeldAt } from '../../lib/traffic.ts'
import { toast } from '../../shell/toasts.ts'

/** Resuming needs no question: a pause undoes it. */
export function useResume({ name, heldUntil }: Held) {
  const action = useWorkerAction(name)
  const isHeld = isHeldAt(heldUntil, useNow())
  const resume = async (): Promise<void> => {
    try {
      await action.mutateAsync({ kind: 'resume' })
      toast.success(`Resumed ${name}: it opens step by step`)
    } catch (error) {
      toast.failure(`Could not resume ${name}: ${messageOf(error)}`)
    }
  }
  return { resume: () => void resume(), isBusy: action.isPending, isHeld }
}
