import type { Change, ChangeSet, CrewEvent, Guard } from './change-set.ts'
import { failPatch } from './failure.ts'
import type { WaitContext } from './holds.ts'
import { completed, isExhausted, isFinished, type Task, type TaskPatch } from './task.ts'

/** What merging adds to the commit of the task that ran. */
type Merge = Pick<ChangeSet, 'guards' | 'changes' | 'events'>

/** The other incomplete tasks with the merge key end with its output, and their children wake (WIRE 4.5, I8). */
export function mergeSuccess(task: Task, duplicates: readonly Task[], output: string): Merge {
  return merge(task, duplicates, (other) => [
    patchOf(other, { holds: completed(other.holds), output }),
    ...(isFinished(other) ? [] : [{ kind: 'releaseChildren', parentId: other.id } as const]),
  ])
}

/** The others get its error, each using one attempt once; those with none left stay as they are. */
export function mergeFailure(task: Task, duplicates: readonly Task[], error: string, context: WaitContext): Merge {
  const failure = { error, isRetryable: true, retryAfterMs: null, output: null }
  return merge(task, duplicates, (other) =>
    isExhausted(other) ? [] : [patchOf(other, failPatch(other, failure, context))],
  )
}

/** The guards make sure that no duplicate came, went or changed unseen between reading and writing. */
function merge(task: Task, duplicates: readonly Task[], change: (other: Task) => Change[]): Merge {
  if (task.mergeKey === '') return { guards: [], changes: [], events: [] }
  const versions = duplicates.map((other): Guard => ({ kind: 'version', taskId: other.id, version: other.version }))
  return {
    guards: [{ kind: 'duplicates', mergeKey: task.mergeKey, incomplete: duplicates.length + 1 }, ...versions],
    changes: duplicates.flatMap(change),
    events: duplicates.map((other): CrewEvent => ({ type: 'task.updated', groupId: other.groupId, taskId: other.id })),
  }
}

const patchOf = (task: Task, patch: TaskPatch): Change => ({ kind: 'patchTask', taskId: task.id, patch })
