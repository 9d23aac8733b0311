import { MAX_PAGE_SIZE, type TaskStorage } from '../../storage/task-storage.ts'
import type { Change, ChangeSet } from '../core/change-set.ts'
import { isStopped } from '../core/group-stop.ts'
import { Hold, isPaused, type Task, withHold } from '../core/task.ts'
import type { CountedGroup, TaskGroup } from '../core/task-group.ts'
import type { Look, SetAside } from '../core/told.ts'

/**
 * The last task of a group that a failure stopped (`failFast`): nothing of such a group starts, so the stop is set aside while it runs.
 * Noted first is what somebody had paused; then everything that waits is paused by itself; then the stop is lifted as the task is made;
 * and with the end that follows it comes back, and what was paused for that time is let go under it. Each step can be repeated.
 */

/** More tasks that somebody paused one by one in a group with a last task are let go with the others. */
const MAX_OWN_PAUSED = 1000
/** A commit of this size takes a few milliseconds. */
const PAUSED_PER_COMMIT = 200

/** The tasks of a stopped group that somebody paused, before the stop is set aside; of any other group none. */
export async function pausedBefore(storage: TaskStorage, group: CountedGroup): Promise<string[]> {
  const { finally: last, told } = group.settings
  if (last === null || !isStopped(group) || (told?.stop ?? null) !== null) return []
  const ids: string[] = []
  for await (const tasks of waiting(storage, group)) ids.push(...tasks.filter(isPaused).map(({ id }) => id))
  return ids.slice(0, MAX_OWN_PAUSED)
}

/** Pauses what waits in a stopped group; false: it changes all the time. */
export async function pauseWaiting(storage: TaskStorage, group: CountedGroup): Promise<boolean> {
  let isAll = true
  for await (const tasks of waiting(storage, group)) {
    const changeSets = tasks.filter((task) => !isPaused(task)).map(pausing)
    for (let at = 0; at < changeSets.length; at += PAUSED_PER_COMMIT) {
      const results = await storage.commit(changeSets.slice(at, at + PAUSED_PER_COMMIT))
      isAll &&= results.every((result) => result === 'applied')
    }
  }
  return isAll
}

/** Pages of what neither ran nor failed: all of it shows as paused. Read before any of it is changed, which it stays in the list after. */
async function* waiting(storage: TaskStorage, { id }: CountedGroup): AsyncGenerator<Task[]> {
  for (let page = 1; ; page++) {
    const query = { groupId: id, page, pageSize: MAX_PAGE_SIZE, search: '', skipCompleted: true, payloads: false }
    const { tasks } = await storage.listTasks({ ...query, states: ['paused'], errors: 'last' })
    yield tasks
    if (tasks.length < MAX_PAGE_SIZE) return
  }
}

const pausing = ({ id, holds, version }: Task): ChangeSet => ({
  guards: [{ kind: 'version', taskId: id, version }],
  changes: [{ kind: 'patchTask', taskId: id, patch: { holds: withHold(holds, Hold.paused, true) } }],
  events: [],
})

/** The flags of a group to which a stop comes back, if its cause still stands, and what lets go of its tasks. */
export async function comingBack(
  storage: TaskStorage,
  { group, failed }: Pick<Look, 'group' | 'failed'>,
  { cause, paused }: SetAside,
): Promise<{ flags: Partial<TaskGroup>; changes: Change[] }> {
  const own = await storage.getTasks(paused)
  const changes: Change[] = [
    { kind: 'liftHold', groupId: group.id, hold: Hold.paused },
    ...own.filter(isPaused).map(({ id, holds }): Change => ({ kind: 'patchTask', taskId: id, patch: { holds } })),
  ]
  const isStanding = failed.some(({ id }) => id === cause.taskId)
  const flags = { isPaused: true, stoppedBy: { ...cause, isPausedToo: group.isPaused && group.stoppedBy === null } }
  return { flags: isStanding ? flags : {}, changes }
}
