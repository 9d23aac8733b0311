import type { TaskStorage } from '../../storage/task-storage.ts'
import type { Calendar, CronTimes } from '../core/calendar.ts'
import type { Clock } from '../core/clock.ts'
import { firingId, type Schedule, type ScheduleState } from '../core/schedule.ts'
import { decideFiring, hasEnded } from '../core/schedule-firing.ts'
import {
  fired,
  mergeStates,
  nextFiringAt,
  nextInLine,
  type PlanContext,
  refused,
  skipArrived,
  takeDue,
} from '../core/schedule-plan.ts'
import {
  manualRunFrom,
  manualRunKey,
  scheduleFrom,
  scheduleKey,
  stateFrom,
  stateKey,
  stateText,
  templateFrom,
  templateKey,
} from '../core/schedule-records.ts'
import { formatTime } from '../core/time.ts'
import type { Logger } from './logger.ts'

export interface TurnOptions {
  readonly storage: TaskStorage
  readonly clock: Clock
  readonly calendar: Calendar
  readonly logger: Logger
  /** True: fire nothing more, the server stops. */
  readonly isStopping: () => boolean
}

/** When a schedule wants its next turn. */
export interface Turn {
  readonly updatedAt: number
  /** Null: nothing comes unless somebody changes it. */
  readonly nextAt: number | null
  /** The group whose end it waits for; '' when it waits for none. */
  readonly waitsFor: string
}

/** Everything that one turn works with. */
interface TurnContext extends TurnOptions {
  readonly schedule: Schedule
  readonly times: CronTimes
}

/** Where a turn stopped. `unfinished`: the group that keeps the next one from being fired; '' when none does. */
interface Stopped {
  readonly state: ScheduleState
  readonly unfinished: string
  readonly hasMore: boolean
}

/**
 * One turn of one schedule: decides the times that have come and fires what may be. Null when there is no such schedule.
 *
 * Several servers take turns at the same time, and each may die at any point. The group of a firing is the truth about it: its id is
 * made of the schedule and the time, so it is created once whoever tries. The state follows: what is about to be fired is written as
 * `arrived` before, and taken out afterwards; whoever finds it there looks for the group first. Without that a crash in between would
 * leave a group that runs unseen, beside which the next one would start.
 */
export async function takeTurn(options: TurnOptions, id: string): Promise<Turn | null> {
  const { storage, calendar, clock } = options
  const schedule = await readSchedule(storage, id)
  if (schedule === null) return null
  const { updatedAt } = schedule
  if (schedule.isPaused) return { updatedAt, nextAt: null, waitsFor: '' }
  const times = calendar.read(schedule.cron, schedule.timezone)
  if ('detail' in times) {
    options.logger.error({ scheduleId: id, detail: times.detail }, 'a schedule cannot be read here; it is not fired')
    return { updatedAt, nextAt: null, waitsFor: '' }
  }
  const context = { ...options, schedule, times }
  const before = stateFrom(schedule, await storage.getRecord(stateKey(id)))
  const planned = await keep(context, before, takeDue(schedule, before, { now: clock.now(), times }))
  const stopped = await fireInLine(context, planned)
  const state = await keep(context, stopped.state, withoutWhatMayNotWait(context, stopped))
  if (stateText(state) !== stateText(before)) await tell(context)
  return { updatedAt, ...nextTurn(state, stopped, schedule, { now: clock.now(), times }) }
}

async function readSchedule(storage: TaskStorage, id: string): Promise<Schedule | null> {
  const text = await storage.getRecord(scheduleKey(id))
  return text === null ? null : scheduleFrom(id, text)
}

/** Fires one after the other, until one must wait or the schedule is not what it was. */
async function fireInLine(context: TurnContext, planned: ScheduleState): Promise<Stopped> {
  let state = planned
  for (let at = nextInLine(state); at !== undefined; at = nextInLine(state)) {
    const group = await context.storage.findGroup(firingId(context.schedule.id, at))
    if (group !== null) {
      state = await keep(context, state, fired(state, at, group))
      continue
    }
    const unfinished = await findUnfinished(context, state)
    if (unfinished !== '') return { state, unfinished, hasMore: false }
    const next = context.isStopping() ? null : await fire(context, state, at)
    if (next === null) return { state, unfinished: '', hasMore: true }
    state = await keep(context, state, next)
  }
  return { state, unfinished: '', hasMore: false }
}

/** The group of this schedule that has not ended, where that matters. One asked for by hand counts too. */
async function findUnfinished({ storage, schedule }: TurnContext, state: ScheduleState): Promise<string> {
  if (schedule.overlap === 'allow') return ''
  const run = manualRunFrom(schedule, await storage.getRecord(manualRunKey(schedule.id)))
  for (const id of [state.lastGroupId, run?.groupId ?? '']) {
    if (id !== '' && !hasEnded(await storage.getGroup(id))) return id
  }
  return ''
}

/** Edited, paused or deleted since the turn began: what was decided may be wrong now. */
async function hasChanged({ storage, schedule }: TurnContext): Promise<boolean> {
  return (await readSchedule(storage, schedule.id))?.updatedAt !== schedule.updatedAt
}

/** Null: the schedule is not what it was. Looked at last of all, so that a pause is overtaken by no more than the write itself. */
async function fire(context: TurnContext, state: ScheduleState, at: number): Promise<ScheduleState | null> {
  const { storage, clock, logger, schedule } = context
  const groupId = firingId(schedule.id, at)
  const fields = { scheduleId: schedule.id, groupId, scheduledFor: formatTime(at) }
  const text = await storage.getRecord(templateKey(schedule.id))
  if (await hasChanged(context)) return null
  if (text === null) return refuse('it has no template')
  const now = clock.now()
  const firing = { schedule, template: templateFrom(text), groupId, scheduledFor: at, now }
  const [result] = await storage.commit([decideFiring(firing)])
  if (result === 'applied') {
    logger.info(fields, 'schedule fired')
    return fired(state, at, { id: groupId, createdAt: now })
  }
  // Another server was faster, or an earlier try of ours was written although it failed.
  const group = await storage.findGroup(groupId)
  return group === null ? refuse('a task has an id that one of its tasks would have') : fired(state, at, group)

  function refuse(reason: string): ScheduleState {
    logger.warn({ ...fields, reason }, 'schedule not fired')
    return refused(state, at, reason)
  }
}

function withoutWhatMayNotWait({ schedule, logger }: TurnContext, { state, unfinished }: Stopped): ScheduleState {
  if (unfinished === '' || state.arrived.length === 0) return state
  logger.info({ scheduleId: schedule.id, groupId: unfinished }, 'schedule skipped: its last group has not ended')
  return skipArrived(state, `the group "${unfinished}" had not ended`)
}

/** Writes what changed, together with what others wrote meanwhile. */
async function keep(
  { storage, schedule }: TurnContext,
  from: ScheduleState,
  to: ScheduleState,
): Promise<ScheduleState> {
  if (stateText(from) === stateText(to)) return to
  const key = stateKey(schedule.id)
  const merged = mergeStates(stateFrom(schedule, await storage.getRecord(key)), to)
  await storage.putRecord(key, stateText(merged))
  return merged
}

/** Whoever shows the schedule reads it again. */
async function tell({ storage, schedule }: TurnContext): Promise<void> {
  await storage.commit([{ guards: [], changes: [], events: [{ type: 'schedule.updated', schedule: schedule.id }] }])
}

/** What waits for the end of a group looks again now and then; whoever hears of that group makes it sooner. */
const LOOK_AGAIN_MS = 5000

function nextTurn(
  state: ScheduleState,
  { unfinished, hasMore }: Stopped,
  schedule: Schedule,
  context: PlanContext,
): Omit<Turn, 'updatedAt'> {
  if (hasMore) return { nextAt: context.now, waitsFor: '' }
  const next = nextFiringAt(schedule, state, context)
  if (state.queue.length === 0) return { nextAt: next, waitsFor: '' }
  const look = context.now + LOOK_AGAIN_MS
  return { nextAt: next === null ? look : Math.min(look, next), waitsFor: unfinished }
}
