import type { Workgroup } from '../../api/operations.ts'
import { messageOf } from '../../api/problem.ts'
import { useWorkgroupAction, type WorkgroupAction } from '../../api/workgroups.ts'
import { formatDuration } from '../../lib/format.ts'
import { toast } from '../../shell/toasts.ts'

/** What needs no question: a short hold and a resume undo each other. */
export function useWorkgroup({ name }: Workgroup) {
  const action = useWorkgroupAction(name)
  const act = async (what: WorkgroupAction, done: string): Promise<void> => {
    try {
      await action.mutateAsync(what)
      toast.success(done)
    } catch (error) {
      toast.failure(`Could not ${what.kind} ${name}: ${messageOf(error)}`)
    }
  }
  return {
    resume: () => void act({ kind: 'resume' }, `Resumed ${name}: it opens step by step`),
    hold: (seconds: number) =>
      void act({ kind: 'hold', hold: { seconds } }, `Held ${name} for ${formatDuration(seconds * 1000)}`),
    isBusy: action.isPending,
  }
}
