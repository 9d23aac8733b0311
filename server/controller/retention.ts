import type { TaskStorage } from '../../storage/task-storage.ts'
import type { ChangeSet } from '../core/change-set.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from './logger.ts'

/** How long finished groups are kept. */
export interface Retention {
  readonly keepMs: number
}

/** One group a commit: a large one takes a while to delete, and others want to write in between. */
const CLEANED_PER_ROUND = 100

/** Deletes groups whose last task was completed long enough ago; never one with unfinished tasks (WIRE section 7). */
export async function cleanFinishedGroups(
  options: { readonly storage: TaskStorage; readonly clock: Clock; readonly logger: Logger },
  retention: Retention,
): Promise<void> {
  const { storage, clock, logger } = options
  for (const id of await storage.listFinishedGroups(clock.now() - retention.keepMs, CLEANED_PER_ROUND)) {
    const group = await storage.findGroup(id)
    if (!group) continue
    const changeSet: ChangeSet = {
      guards: [{ kind: 'group', groupId: id, epoch: group.epoch, isFinished: true }],
      changes: [{ kind: 'deleteGroup', groupId: id }],
      events: [{ type: 'group.deleted', groupId: id }],
    }
    const [result] = await storage.commit([changeSet])
    if (result === 'applied') logger.info({ groupId: id }, 'finished group deleted by retention')
  }
}
