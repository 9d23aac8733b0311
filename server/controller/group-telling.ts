import type { TaskStorage } from '../../storage/task-storage.ts'
import type { Change, ChangeSet, CrewEvent, Guard } from '../core/change-set.ts'
import { isStopped, unstoppedFlags } from '../core/group-stop.ts'
import type { Notifications } from '../core/notifications.ts'
import type { Receiver } from '../core/receiver.ts'
import type { Task } from '../core/task.ts'
import { type CountedGroup, groupStateOf, type TaskGroup } from '../core/task-group.ts'
import { decideTelling, isLastDue, type Look, MAX_FAILED, type Telling } from '../core/told.ts'
import { created, deliver, type LookEnd, type TellingOptions, withTold } from './group-deliveries.ts'
import { comingBack, pausedBefore, pauseWaiting } from './stop-aside.ts'

/**
 * Looks at a group once: notes what is to be told in the group itself, makes its last task in the same commit, and then the
 * deliveries. Several servers look at the same time, and each may die at any point. The group's epoch lets one of them note what all
 * see; what is noted and not delivered stands in the outbox of the group, and whoever looks next delivers it; deliveries have ids made
 * of what happened, so they are made once.
 */
export async function lookAtGroup(
  options: TellingOptions,
  found: CountedGroup,
  { all, isFresh }: { readonly all: Notifications; readonly isFresh: boolean },
): Promise<LookEnd> {
  const { settings } = found
  const receivers = receiversOf(found, all)
  const hasOwn = settings.notify.length > 0 || settings.finally !== null
  if (receivers.length === 0 && !hasOwn && (settings.told?.outbox ?? []).length === 0) return 'unwatched'
  const isBefore = !hasOwn && found.createdAt < all.since
  const isOld = isBefore && settings.told?.since !== all.since && !isFresh
  const wanted = new Set(receivers.flatMap(({ events }) => events))
  const look: Look = { ...(await readLook(options, found)), wanted, since: isBefore ? all.since : 0, isOld }
  const { clock, digest } = options
  const telling = decideTelling(look, { now: clock.now(), digest })
  const group = telling === null ? found : await note(options, look, telling)
  const end = group === null ? 'again' : await deliver(options, group, receivers)
  // There may be a next step: more to tell than fits at once, or a last task once a stop is set aside.
  return telling === null ? end : 'again'
}

/** Each URL once: what its group says of it comes first. */
function receiversOf({ settings }: TaskGroup, { receivers }: Notifications): Receiver[] {
  const own = new Set(settings.notify.map(({ url }) => url))
  return [...settings.notify, ...receivers.filter(({ url }) => !own.has(url))]
}

async function readLook(
  { storage, digest }: TellingOptions,
  group: CountedGroup,
): Promise<Omit<Look, 'wanted' | 'since' | 'isOld'>> {
  const query = { groupId: group.id, page: 1, search: '', payloads: false, errors: 'last' } as const
  const failed =
    group.counts.failed === 0
      ? []
      : (await storage.listTasks({ ...query, skipCompleted: true, states: ['failed'], pageSize: MAX_FAILED })).tasks
  const paused = isLastDue({ group, failed }, { digest }) ? await pausedBefore(storage, group) : []
  return { group, failed, paused, isWorking: await isWorking(storage, group) }
}

/** Enough to find one that is not of the last task, whose children are few. */
const LOOKED_AT = 20

/** Asked only where an end was told that may be over. */
async function isWorking(storage: TaskStorage, group: CountedGroup): Promise<boolean> {
  const { told, finally: last } = group.settings
  const state = groupStateOf(group)
  if (told === null || told.as === '' || state === 'succeeded' || state === 'failed') return false
  if (last === null || told.finally === '') return true
  const { tasks } = await storage.listTasks({
    groupId: group.id,
    page: 1,
    pageSize: LOOKED_AT,
    search: '',
    skipCompleted: true,
    states: ['running', 'ready', 'scheduled', 'retrying', 'throttled', 'paused'],
    payloads: false,
    errors: 'last',
  })
  return tasks.some(({ id, createdBy }) => id !== told.finally && createdBy !== told.finally)
}

/** Versions of failed tasks that are looked at again as the end is noted: one that is tried again meanwhile makes it no end. */
const MAX_GUARDED = 20

/** Null: the group is not what it was. */
async function note(options: TellingOptions, look: Look, telling: Telling): Promise<CountedGroup | null> {
  const { group, failed } = look
  const { told, finallyTask, comeBack } = telling
  const stop = await stopChanges(options, look, telling)
  if (stop === null) return null
  const isFinished = groupStateOf(group) === 'succeeded'
  const causeId = comeBack?.cause.taskId ?? ''
  const versions = failed
    .toSorted((a, b) => Number(b.id === causeId) - Number(a.id === causeId))
    .slice(0, MAX_GUARDED)
    .map(({ id, version }): Guard => ({ kind: 'version', taskId: id, version }))
  const guards: Guard[] = finallyTask === null && comeBack === null ? [] : versions
  const next = { ...withTold(group, told), ...stop.flags }
  const changeSet: ChangeSet = {
    guards: [{ kind: 'group', groupId: group.id, epoch: group.epoch, ...(isFinished && { isFinished }) }, ...guards],
    changes: [
      { kind: 'putGroup', group: next },
      ...(finallyTask === null ? [] : [{ kind: 'insertTask', task: finallyTask } as const]),
      ...stop.changes,
    ],
    events: finallyTask === null && stop.changes.length === 0 ? [] : eventsOf(group, finallyTask),
  }
  const [result] = await options.storage.commit([changeSet])
  if (result !== 'applied') return null
  if (finallyTask)
    options.logger.info({ groupId: group.id, taskId: finallyTask.id }, 'the last task of a group is made')
  return { ...group, ...next }
}

const eventsOf = ({ id }: TaskGroup, task: Task | null): CrewEvent[] => [
  { type: 'group.updated', groupId: id },
  ...(task === null ? [] : created([task])),
]

/** What happens to the stop of a group around its last task; null: its tasks change all the time. */
async function stopChanges(
  { storage }: TellingOptions,
  look: Look,
  { finallyTask, comeBack }: Telling,
): Promise<{ flags: Partial<TaskGroup>; changes: Change[] } | null> {
  if (comeBack !== null) return comingBack(storage, look, comeBack)
  if (finallyTask === null || !isStopped(look.group)) return { flags: {}, changes: [] }
  return (await pauseWaiting(storage, look.group)) ? { flags: unstoppedFlags(look.group), changes: [] } : null
}
