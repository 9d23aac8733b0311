import type { TaskStorage } from '../../storage/task-storage.ts'
import type { Change, ChangeSet, CrewEvent } from '../core/change-set.ts'
import type { Clock } from '../core/clock.ts'
import { type Digest, deliveriesOf, deliveryGroup, type Happening, LEDGER_ID } from '../core/delivery.ts'
import { DEFAULT_GROUP_SETTINGS } from '../core/group-settings.ts'
import { decideGroupCreation } from '../core/new-group.ts'
import type { Notifications } from '../core/notifications.ts'
import type { Receiver } from '../core/receiver.ts'
import type { Task } from '../core/task.ts'
import type { TaskGroup } from '../core/task-group.ts'
import { decideHeld, MAX_OUTBOX, NOTHING_TOLD, type Told } from '../core/told.ts'
import type { Logger } from './logger.ts'

export interface TellingOptions {
  readonly storage: TaskStorage
  readonly clock: Clock
  readonly logger: Logger
  readonly digest: Digest
}

/** What a look came to. `again`: others changed the group meanwhile, or there is more to tell. `unwatched`: nobody asks about it. */
export type LookEnd = 'done' | 'again' | 'unwatched'

/** Makes deliveries of what is in the outbox, and empties it. */
export async function deliver(
  options: TellingOptions,
  group: TaskGroup,
  receivers: readonly Receiver[],
): Promise<LookEnd> {
  const { told } = group.settings
  if (told === null || told.outbox.length === 0) return 'done'
  for (const happening of told.outbox) {
    if (!(await deliverOne(options, happening, receivers))) return 'again'
    options.logger.info({ groupId: group.id, type: happening.type, receivers: receivers.length }, 'an event is told')
  }
  const [result] = await options.storage.commit([
    {
      guards: [{ kind: 'group', groupId: group.id, epoch: group.epoch }],
      changes: [{ kind: 'putGroup', group: withTold(group, { ...told, outbox: [] }) }],
      events: [],
    },
  ])
  return result === 'applied' && told.outbox.length < MAX_OUTBOX ? 'done' : 'again'
}

/** A day's group is asked for by many at once. */
const MAX_TRIES = 10

/** Inserts those that are not there yet; false: others were faster again and again. */
async function deliverOne(
  { storage, clock, digest }: TellingOptions,
  happening: Happening,
  receivers: readonly Receiver[],
): Promise<boolean> {
  const deliveries = deliveriesOf(happening, receivers, { now: clock.now(), digest })
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const known = new Set((await storage.getTasks(deliveries.map(({ id }) => id))).map(({ id }) => id))
    const missing = deliveries.filter(({ id }) => !known.has(id))
    if (missing.length === 0) return true
    const day = deliveryGroup(happening)
    const group = await storage.findGroup(day.id)
    const [result] = await storage.commit([
      group === null ? decideGroupCreation(newGroup(day, clock.now()), missing) : insertion(group, missing),
    ])
    if (result === 'applied') return true
  }
  return false
}

function insertion({ id, epoch }: TaskGroup, tasks: readonly Task[]): ChangeSet {
  return {
    guards: [{ kind: 'group', groupId: id, epoch }],
    changes: tasks.map((task): Change => ({ kind: 'insertTask', task })),
    events: created(tasks),
  }
}

function newGroup({ id, name }: { id: string; name: string }, now: number): TaskGroup {
  const settings = DEFAULT_GROUP_SETTINGS
  return {
    id,
    name,
    createdAt: now,
    isPaused: false,
    stoppedBy: null,
    metadata: {},
    keyScope: 'group',
    settings,
    epoch: 0,
  }
}

/** Looks at the holds on workgroups. What was told of them is in the books of a group without tasks. */
export async function lookAtHolds(options: TellingOptions, { receivers }: Notifications): Promise<LookEnd> {
  const { storage, clock, digest } = options
  if (!receivers.some(({ events }) => events.includes('workgroup.held'))) return 'unwatched'
  const holds = (await storage.listHolds('workgroup')).filter(({ until }) => until > clock.now())
  const ledger = await storage.findGroup(LEDGER_ID)
  const before = ledger?.settings.told ?? NOTHING_TOLD
  const told = decideHeld(before, holds, { now: clock.now(), digest })
  if (told === null) return ledger === null ? 'done' : deliver(options, ledger, receivers)
  const made = ledger ?? newGroup({ id: LEDGER_ID, name: 'Notifications' }, clock.now())
  const next = ledger === null ? { ...made, settings: { ...made.settings, told } } : withTold(ledger, told)
  const epoch = ledger === null ? null : ledger.epoch
  const [result] = await storage.commit([
    {
      guards: [{ kind: 'group', groupId: LEDGER_ID, epoch }],
      changes: [{ kind: 'putGroup', group: next }],
      events: ledger === null ? [{ type: 'group.created', groupId: LEDGER_ID }] : [],
    },
  ])
  return result === 'applied' ? deliver(options, next, receivers) : 'again'
}

/** The group with other books, in its next epoch. */
export const withTold = (group: TaskGroup, told: Told): TaskGroup => {
  const { id, name, createdAt, isPaused, stoppedBy, metadata, keyScope, settings, epoch } = group
  const rest = { id, name, createdAt, isPaused, stoppedBy, metadata, keyScope }
  return { ...rest, settings: { ...settings, told }, epoch: epoch + 1 }
}

/** That these were created. */
export const created = (tasks: readonly Task[]): CrewEvent[] =>
  tasks.map(({ id, groupId }) => ({ type: 'task.created', groupId, taskId: id }))
