import { MAX_PAGE_SIZE, type PageQuery } from '../../storage/task-storage.ts'
import type { Calendar, CronTimes } from '../core/calendar.ts'
import type { CrewEvent } from '../core/change-set.ts'
import { isOfNotifications } from '../core/delivery.ts'
import { CrewError, type Fault } from '../core/errors.ts'
import { isId } from '../core/ids.ts'
import type { Receiver } from '../core/receiver.ts'
import {
  editSchedule,
  MAX_SCHEDULE_ID_LENGTH,
  type ManualRun,
  manualRunId,
  type Schedule,
  type ScheduleState,
} from '../core/schedule.ts'
import { decideFiring } from '../core/schedule-firing.ts'
import type { ScheduleEdit } from '../core/schedule-input.ts'
import { dueAt, nextFiringAt } from '../core/schedule-plan.ts'
import {
  manualRunFrom,
  manualRunKey,
  manualRunText,
  SCHEDULE_KIND,
  scheduleFrom,
  scheduleIdOf,
  scheduleKey,
  scheduleText,
  stateFrom,
  stateKey,
  templateFrom,
  templateKey,
  templateText,
} from '../core/schedule-records.ts'
import { refusalOfTemplate, type ScheduleTemplate } from '../core/schedule-template.ts'
import type { CountedGroup } from '../core/task-group.ts'
import { getGroup } from './groups.ts'
import { creationTime } from './keyed-request.ts'
import type { BeforeCommit, ServiceContext } from './service-context.ts'
import type { Turns } from './turns.ts'

export interface ScheduleContext extends ServiceContext {
  readonly calendar: Calendar
  /** Records have no guard: who changes a schedule reads and writes it back without another in between. */
  readonly scheduleTurns: Turns
}

/** A schedule as clients see it, with what was fired and what comes. */
export interface ScheduleView {
  readonly schedule: Schedule
  readonly state: ScheduleState
  readonly run: ManualRun | null
  /** When the next time is fired; null: it is paused. */
  readonly nextAt: number | null
}

export type FullScheduleView = ScheduleView & { readonly template: ScheduleTemplate }

/** By id. Their templates, which may be large, are left out. */
export async function listSchedules(
  context: ScheduleContext,
  { search, ...page }: PageQuery & { readonly search: string },
): Promise<{ schedules: ScheduleView[]; count: number }> {
  const { schedules, count } =
    search === '' ? await readPage(context, page) : pageOf(await findSchedules(context, search), page)
  return { schedules: await viewAll(context, schedules), count }
}

export async function getSchedule(context: ScheduleContext, id: string): Promise<FullScheduleView> {
  const schedule = await loadSchedule(context, id)
  const [seen, template] = await Promise.all([view(context, schedule), loadTemplate(context, id)])
  return { ...seen, template }
}

/** Who is told of the groups that it fires; nobody while there is no such schedule. */
export async function receiversOf({ storage }: ScheduleContext, id: string): Promise<readonly Receiver[]> {
  const text = isScheduleId(id) ? await storage.getRecord(templateKey(id)) : null
  return text === null ? [] : (templateFrom(text).notify ?? [])
}

/** Creates it, or changes what is given. `beforeCommit` runs when nothing of that can be refused any more. */
export async function putSchedule(
  context: ScheduleContext,
  id: string,
  edit: ScheduleEdit,
  template?: ScheduleTemplate,
  beforeCommit: BeforeCommit = async () => {},
): Promise<FullScheduleView> {
  refuseId(id)
  if (template) refuseTemplate(context, template)
  await context.scheduleTurns.take(async () => {
    const before = await findSchedule(context, id)
    if (before === null) refuseMissing(edit, template)
    const schedule = editSchedule(id, before, edit, context.clock.now())
    await beforeCommit()
    // First: a schedule without a template could not be fired, one that nobody knows of does no harm.
    if (template) await context.storage.putRecord(templateKey(id), templateText(template))
    await write(context, schedule)
  })
  await tell(context, { type: 'schedule.updated', schedule: id })
  return getSchedule(context, id)
}

/** What it has fired stays. */
export async function deleteSchedule(context: ScheduleContext, id: string): Promise<void> {
  await context.scheduleTurns.take(async () => {
    await loadSchedule(context, id)
    // First, so that nothing is fired any more; without it the others are found by nobody.
    await context.storage.putRecord(scheduleKey(id), null)
    for (const key of [templateKey(id), stateKey(id), manualRunKey(id)]) await context.storage.putRecord(key, null)
  })
  await tell(context, { type: 'schedule.deleted', schedule: id })
}

/** What passes meanwhile is not made up for. A firing that is just being written is not taken back. */
export const pauseSchedule = (context: ScheduleContext, id: string): Promise<FullScheduleView> =>
  setPaused(context, id, true)

export const resumeSchedule = (context: ScheduleContext, id: string): Promise<FullScheduleView> =>
  setPaused(context, id, false)

/** A group now, whatever the schedule's times, pause or overlap say. */
export async function runSchedule(context: ScheduleContext, id: string): Promise<CountedGroup> {
  const { storage, newId } = context
  const schedule = await loadSchedule(context, id)
  const template = await loadTemplate(context, id)
  const now = creationTime(context)
  const groupId = manualRunId(id, now, newId())
  const [result] = await storage.commit([decideFiring({ schedule, template, groupId, scheduledFor: now, now })])
  if (result !== 'applied' && !(await isOwn(context, groupId))) {
    throw new CrewError('duplicate_id', `The group "${groupId}" or one of its tasks exists; nothing was created.`)
  }
  const run: ManualRun = { of: schedule.createdAt, groupId, at: now }
  await storage.putRecord(manualRunKey(id), manualRunText(run))
  await tell(context, { type: 'schedule.updated', schedule: id })
  return getGroup(context, groupId)
}

/** An earlier run of the same request made it. */
async function isOwn({ keyed, storage }: ScheduleContext, groupId: string): Promise<boolean> {
  const request = keyed?.()
  return request !== undefined && (await storage.findGroup(groupId))?.createdAt === request.at
}

/** A time of the pattern, and when it is fired: later by its jitter. */
export interface NextTime {
  readonly at: number
  readonly local: string
  readonly firesAt: number
}

export async function listNextTimes(context: ScheduleContext, id: string, count: number): Promise<NextTime[]> {
  const schedule = await loadSchedule(context, id)
  const times = timesOf(context, schedule)
  const found: NextTime[] = []
  let at = times.next(context.clock.now())
  while (at !== null && found.length < count) {
    const local = context.calendar.localTime(at, schedule.timezone)
    found.push({ at, local, firesAt: dueAt(schedule, at, times) })
    at = times.next(at)
  }
  return found
}

async function readPage({ storage }: ScheduleContext, page: PageQuery) {
  const { records, count } = await storage.listRecords(SCHEDULE_KIND, page)
  return { schedules: records.map(({ key, value }) => scheduleFrom(scheduleIdOf(key), value)), count }
}

/** All are read: there is no index, and there are not many schedules. */
async function findSchedules(context: ScheduleContext, search: string): Promise<Schedule[]> {
  const found: Schedule[] = []
  for (let page = 1; ; page++) {
    const { schedules } = await readPage(context, { page, pageSize: MAX_PAGE_SIZE })
    found.push(...schedules.filter(({ id, name }) => includes(id, search) || includes(name, search)))
    if (schedules.length < MAX_PAGE_SIZE) return found
  }
}

const includes = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase())

function pageOf(schedules: readonly Schedule[], { page, pageSize }: PageQuery) {
  const size = pageSize === 0 ? MAX_PAGE_SIZE : pageSize
  return { schedules: schedules.slice((page - 1) * size, page * size), count: schedules.length }
}

/** What comes next takes 0.2 ms each to find: others get their turn in between (I15). */
const VIEWED_AT_ONCE = 100

async function viewAll(context: ScheduleContext, schedules: readonly Schedule[]): Promise<ScheduleView[]> {
  const views: ScheduleView[] = []
  for (let from = 0; from < schedules.length; from += VIEWED_AT_ONCE) {
    const some = schedules.slice(from, from + VIEWED_AT_ONCE)
    views.push(...(await Promise.all(some.map((schedule) => view(context, schedule)))))
  }
  return views
}

async function view(context: ScheduleContext, schedule: Schedule): Promise<ScheduleView> {
  const { storage, clock } = context
  const [stateText, runText] = await Promise.all([
    storage.getRecord(stateKey(schedule.id)),
    storage.getRecord(manualRunKey(schedule.id)),
  ])
  const state = stateFrom(schedule, stateText)
  const times = timesOf(context, schedule)
  const nextAt = nextFiringAt(schedule, state, { now: clock.now(), times })
  return { schedule, state, run: manualRunFrom(schedule, runText), nextAt }
}

/** A zone that this server does not know, though the one that took it did, has no times. */
function timesOf({ calendar }: ScheduleContext, { cron, timezone }: Schedule): CronTimes {
  const times = calendar.read(cron, timezone)
  return 'detail' in times ? { next: () => null, newest: () => [] } : times
}

async function findSchedule({ storage }: ScheduleContext, id: string): Promise<Schedule | null> {
  const text = isScheduleId(id) ? await storage.getRecord(scheduleKey(id)) : null
  return text === null ? null : scheduleFrom(id, text)
}

async function loadSchedule(context: ScheduleContext, id: string): Promise<Schedule> {
  const schedule = await findSchedule(context, id)
  if (schedule) return schedule
  throw new CrewError('schedule_not_found', `There is no schedule "${id}".`)
}

/** It goes a moment after its schedule. */
async function loadTemplate({ storage }: ScheduleContext, id: string): Promise<ScheduleTemplate> {
  const text = await storage.getRecord(templateKey(id))
  if (text !== null) return templateFrom(text)
  throw new CrewError('schedule_not_found', `There is no schedule "${id}" any more.`)
}

async function setPaused(context: ScheduleContext, id: string, isPaused: boolean): Promise<FullScheduleView> {
  await context.scheduleTurns.take(async () => {
    const schedule = await loadSchedule(context, id)
    if (schedule.isPaused !== isPaused)
      await write(context, editSchedule(id, schedule, { isPaused }, context.clock.now()))
  })
  await tell(context, { type: 'schedule.updated', schedule: id })
  return getSchedule(context, id)
}

const write = ({ storage }: ScheduleContext, schedule: Schedule): Promise<void> =>
  storage.putRecord(scheduleKey(schedule.id), scheduleText(schedule))

/** A hint: the scheduler finds the change without it, only later. */
async function tell({ storage }: ScheduleContext, event: CrewEvent): Promise<void> {
  await storage.commit([{ guards: [], changes: [], events: [event] }])
}

const isScheduleId = (id: string): boolean => isId(id) && id.length <= MAX_SCHEDULE_ID_LENGTH

function refuseId(id: string): void {
  // Its groups are called after it.
  if (isScheduleId(id) && !isOfNotifications(id)) return
  const detail = `expected 1 to ${MAX_SCHEDULE_ID_LENGTH} of A-Z a-z 0-9 . _ : -, and not "crew.notifications"`
  throw new CrewError('invalid_request', `The id of the schedule in the address: ${detail}.`, [
    { pointer: '/id', detail },
  ])
}

function refuseMissing(edit: ScheduleEdit, template: ScheduleTemplate | undefined): void {
  const faults: Fault[] = []
  if (edit.cron === undefined) faults.push({ pointer: '/cron', detail: 'is required: there is no such schedule yet' })
  if (!template) faults.push({ pointer: '/template', detail: 'is required: there is no such schedule yet' })
  if (faults.length > 0) throw new CrewError('invalid_request', 'A new schedule has a cron and a template.', faults)
}

const refusals = {
  duplicate_id: 'Two tasks of the template have one id; nothing was changed.',
  unknown_parent: 'A parent is not among the tasks of the template; nothing was changed.',
  cycle: 'The parents in the template form a cycle; nothing was changed.',
} as const

/** What the graph route would refuse as well. */
function refuseTemplate({ storage }: ScheduleContext, template: ScheduleTemplate): void {
  const refusal = refusalOfTemplate(template)
  if (refusal) {
    const faults = refusal.faults.slice(0, MAX_FAULTS).map((one) => ({ ...one, pointer: `/template${one.pointer}` }))
    throw new CrewError(refusal.code, refusals[refusal.code], faults)
  }
  if (template.keyScope === 'worker' && storage.isPartitioned) {
    const fault = { pointer: '/template/keyScope', detail: 'must be "group" on a Redis Cluster' }
    throw new CrewError(
      'key_scope_unavailable',
      'On a Redis Cluster equal keys exclude each other within a group only.',
      [fault],
    )
  }
}

/** At most this many faults are listed in one answer. */
const MAX_FAULTS = 100
