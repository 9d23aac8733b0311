import type { Task, Why } from '../api/operations.ts'

export type Reason = Why['reasons'][number]

/** What would change that a task does not run: something to do, or a page where it is set. */
export type Remedy = { readonly kind: 'retry' | 'resumeTask' | 'runNow' } | SharedRemedy

/** Of those, what is not about one task. */
export type SharedRemedy =
  | { readonly kind: 'openTraffic' }
  | { readonly kind: 'resumeGroup' | 'openTask'; readonly id: string }
  | { readonly kind: 'openWorker' | 'resumeWorker' | 'openWorkgroup' | 'resumeWorkgroup'; readonly name: string }

type Around = Pick<Task, 'taskGroupId' | 'worker' | 'workgroup'>

/** The strongest first; none where only time or the task itself helps. */
export function remediesOf({ code, ref }: Reason, task: Around): readonly Remedy[] {
  const worker = { kind: 'openWorker', name: ref ?? task.worker } as const
  const workgroup = { kind: 'openWorkgroup', name: ref ?? task.workgroup } as const
  switch (code) {
    case 'succeeded':
    case 'running':
    case 'ready':
      return []
    case 'no_attempts_left':
      return [{ kind: 'retry' }]
    case 'paused':
      return [{ kind: 'resumeTask' }]
    case 'group_paused':
      return [{ kind: 'resumeGroup', id: ref ?? task.taskGroupId }]
    case 'group_stopped': {
      const resume = { kind: 'resumeGroup', id: task.taskGroupId } as const
      return ref === undefined ? [resume] : [{ kind: 'openTask', id: ref }, resume]
    }
    case 'parent_unfinished':
    case 'duplicate_running':
      return ref === undefined ? [] : [{ kind: 'openTask', id: ref }]
    case 'not_due':
    case 'retrying':
      return [{ kind: 'runNow' }]
    case 'workgroup_held':
      return [{ kind: 'resumeWorkgroup', name: workgroup.name }, workgroup]
    case 'worker_held':
      return [{ kind: 'resumeWorker', name: worker.name }, worker]
    case 'breaker_open':
    case 'worker_full':
    case 'worker_rate_limited':
    case 'no_address':
      return [worker]
    case 'workgroup_full':
    case 'workgroup_rate_limited':
      return [workgroup]
    case 'server_full':
    case 'rate_limited':
      return [{ kind: 'openTraffic' }]
    case 'paced':
    case 'ramping':
      return [ref === undefined ? { kind: 'openTraffic' } : ref === task.workgroup ? workgroup : worker]
  }
}

/** What would help all the tasks of a group that a reason holds. */
export function sharedRemediesOf(reason: Reason, taskGroupId: string): readonly SharedRemedy[] {
  const around = { taskGroupId, worker: reason.ref ?? '', workgroup: reason.ref ?? '' }
  return remediesOf(reason, around).filter(
    (remedy): remedy is SharedRemedy => !['retry', 'resumeTask', 'runNow'].includes(remedy.kind),
  )
}
