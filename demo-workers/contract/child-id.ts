import { fingerprint } from './fingerprint.ts'
import type { WorkerCall } from './worker.ts'

/** Ids have at most 128 characters; 80 for the creator leave room for the run and the longest suffix used here. */
const MAX_CREATOR_LENGTH = 80

/**
 * The id of a child task. Ids are unique over all groups, so it starts with its creator's. Every retry of one run gives
 * the same ids, a run after a reset gives new ones: whatever was noted about the tasks of the run before, by the server
 * or by a provider that saw their delivery ids, cannot be taken for theirs.
 */
export function childId(creator: Pick<WorkerCall, 'taskId' | 'deliveryId'>, suffix: string): string {
  const run = fingerprint(`${creator.taskId} ${creator.deliveryId}`).toString(36)
  return `${creator.taskId.slice(0, MAX_CREATOR_LENGTH)}-${run}.${suffix}`
}
