import type { WorkHold } from './change-set.ts'
import type { Digest, Happening } from './delivery.ts'
import { finallyTask, isFinally } from './finally-task.ts'
import { isPausedByHand, isStopped } from './group-stop.ts'
import type { EventType } from './receiver.ts'
import type { Task } from './task.ts'
import {
  type CountedGroup,
  completedPercent,
  countsByState,
  groupStateOf,
  type StopCause,
  type TaskGroup,
} from './task-group.ts'
import { formatTime } from './time.ts'

/**
 * What was told of a group. It is written with the group, under the guard of its epoch: of several servers that notice the same, one
 * writes it, and what is to be told is durable before anybody is told. An end is another one than that before when the group was seen
 * to go on in between, or when other failures made it.
 */
export interface Told {
  /** How many ends led to something: the number of an end tells it from others. */
  readonly ends: number
  /** How the present end was told; '' while the group goes on. */
  readonly as: '' | 'succeeded' | 'failed'
  /** The failures of that end. */
  readonly failures: string
  /** The task `finally` of this end; '': it was not made yet. */
  readonly finally: string
  /** The failures that led to it, its own left aside. */
  readonly work: string
  readonly pauses: number
  /** Of the present pause. */
  readonly isPauseTold: boolean
  /** Failures of tasks that were told, and stand. */
  readonly tasks: readonly string[]
  /** Of a group that is older than the list of who is told of all groups: since when there was that list. 0 of all others. */
  readonly since: number
  /** Until when workgroups are held, as it was told; only in the books of what is of no group. */
  readonly holds: Readonly<Record<string, number>>
  /** The stop (`failFast`) that was set aside so that the last task can run; null: none was. */
  readonly stop: SetAside | null
  /** What is to be told, and has not become deliveries yet. */
  readonly outbox: readonly Happening[]
}

/** A stop while the last task runs: all that it kept from starting is paused one by one, and comes back under it at the end. */
export interface SetAside {
  readonly cause: StopCause
  /** Tasks that somebody had paused themselves: they stay so. */
  readonly paused: readonly string[]
}

export const NOTHING_TOLD: Told = {
  ends: 0,
  as: '',
  failures: '',
  finally: '',
  work: '',
  pauses: 0,
  isPauseTold: false,
  tasks: [],
  since: 0,
  holds: {},
  stop: null,
  outbox: [],
}

/** Failed tasks that are looked at: the others of a group are told by its end alone. */
export const MAX_FAILED = 1000
/** Happenings of one look: they wait in the row of the group. As many as these: there may be more. */
export const MAX_OUTBOX = 50

/** A group as a server finds it. */
export interface Look {
  readonly group: CountedGroup
  /** What failed for good, oldest first, `MAX_FAILED` at most. */
  readonly failed: readonly Task[]
  /** Of a stopped group: the tasks that somebody paused themselves. */
  readonly paused: readonly string[]
  /** Something other than the last task moves: the end that was told is over. */
  readonly isWorking: boolean
  /** What anybody wants to be told of it. */
  readonly wanted: ReadonlySet<EventType>
  /** What `since` of the books becomes. */
  readonly since: number
  /** It ended before anybody asked, as far as can be told: that is noted, and not told. */
  readonly isOld: boolean
}

export interface Telling {
  readonly told: Told
  /** Of a stopped group: everything else must have been paused before it is made. */
  readonly finallyTask: Task | null
  /** The group is to be stopped again, and what was paused for that time let go; null: not now. */
  readonly comeBack: SetAside | null
}

interface LookContext {
  readonly now: number
  readonly digest: Digest
}

/** What a look at a group leads to; null: nothing that was not there before. */
export function decideTelling(look: Look, context: LookContext): Telling | null {
  const before = look.group.settings.told ?? NOTHING_TOLD
  const paused = tellPause({ ...before, since: look.since }, look, context)
  const ended = tellEnd(tellTasks(paused, look, context), look, context)
  const told = look.isOld ? { ...ended.told, outbox: before.outbox } : ended.told
  if (ended.finallyTask === null && JSON.stringify(told) === JSON.stringify(before)) return null
  return { ...ended, told }
}

function tellPause(told: Told, { group, wanted }: Look, context: LookContext): Told {
  const isPaused = isPausedByHand(group)
  if (isPaused === told.isPauseTold) return told
  if (!isPaused) return { ...told, isPauseTold: false }
  if (!wanted.has('group.paused')) return told
  const next = { ...told, isPauseTold: true, pauses: told.pauses + 1 }
  return withHappening(next, groupHappening(group, 'group.paused', `pause ${next.pauses}`, context))
}

/** A task that is tried again and fails again is told again: it has had more attempts, or another run. */
function tellTasks(told: Told, { group, failed, wanted }: Look, context: LookContext): Told {
  if (!wanted.has('task.failed')) return told
  const marks = new Map(failed.map((task) => [markOf(task, context), task]))
  const known = new Set(told.tasks.filter((mark) => marks.has(mark)))
  const fresh = [...marks].filter(([mark]) => !known.has(mark)).slice(0, Math.max(0, MAX_OUTBOX - told.outbox.length))
  const tasks = [...known, ...fresh.map(([mark]) => mark)]
  const happenings = fresh.map(([, task]) => taskHappening(group, task, context))
  return { ...told, tasks, outbox: [...told.outbox, ...happenings] }
}

const MARK_LENGTH = 10

type Digesting = Pick<LookContext, 'digest'>

const markOf = ({ id, run, attempts }: Task, { digest }: Digesting): string =>
  digest(`${id} ${run} ${attempts}`).slice(0, MARK_LENGTH)

function tellEnd(told: Told, look: Look, context: LookContext): Telling {
  const { group, failed, isWorking, wanted } = look
  if (told.stop !== null && isCauseGone(told.stop, look)) {
    return { told: { ...told, stop: null }, finallyTask: null, comeBack: told.stop }
  }
  const state = groupStateOf(group)
  if (state !== 'succeeded' && state !== 'failed') return only(reopened(told, isWorking))
  const failures = printOf(group, failed, context)
  const { finally: last } = group.settings
  if (last !== null && isLastDue(look, context) && !look.isOld) {
    if (isStopped(group) && told.stop === null) return only(setAside(told, look))
    const ends = told.ends + 1
    const id = `finally_${context.digest(`${group.id} ${group.createdAt} ${ends}`)}`
    const made = finallyTask(group, last, { id, failed, now: context.now })
    return {
      told: { ...told, ends, as: '', finally: id, work: workOf(look, context) },
      finallyTask: made,
      comeBack: null,
    }
  }
  if (told.as === state && told.failures === failures) return only(told)
  const next: Told = { ...told, ends: told.ends + 1, as: state, failures, stop: null }
  const comeBack = told.stop
  const type = `group.${state}` as const
  if (!wanted.has(type)) return { told: next, finallyTask: null, comeBack }
  return {
    told: withHappening(next, groupHappening(group, type, `end ${next.ends}`, context)),
    finallyTask: null,
    comeBack,
  }
}

/** Whether this end of the group has a last task that was not made yet. */
export function isLastDue(look: Pick<Look, 'group' | 'failed'>, context: Digesting): boolean {
  const { finally: last, told } = look.group.settings
  const state = groupStateOf(look.group)
  if (last === null || (state !== 'succeeded' && state !== 'failed')) return false
  return told === null || told.finally === '' || told.work !== workOf(look, context)
}

const workOf = ({ group, failed }: Pick<Look, 'group' | 'failed'>, context: Digesting): string =>
  printOf(
    group,
    failed.filter((task) => !isFinally(task)),
    context,
  )

/** Somebody saw to the failure while its stop is set aside: what is parked would wait for ever. Of too many failures it may be any. */
const isCauseGone = ({ cause }: SetAside, { group, failed }: Look): boolean =>
  !isStopped(group) && failed.length < MAX_FAILED && failed.every(({ id }) => id !== cause.taskId)

const only = (told: Told): Telling => ({ told, finallyTask: null, comeBack: null })

/** Noted before anything is paused for it: afterwards nobody could tell what was paused before. */
const setAside = (told: Told, { group, paused }: Look): Told =>
  group.stoppedBy === null ? told : { ...told, stop: { cause: group.stoppedBy, paused } }

/** The group goes on. When that is only the last task, which somebody tries again, it is still the same end. */
function reopened(told: Told, isWorking: boolean): Told {
  if (told.as === '') return told
  return isWorking ? { ...told, as: '', finally: '', work: '' } : { ...told, as: '' }
}

const printOf = ({ counts }: CountedGroup, failed: readonly Task[], context: Digesting): string =>
  counts.failed === 0 || failed.length === 0
    ? ''
    : context.digest(failed.map((task) => markOf(task, context)).join(' '))

const withHappening = (told: Told, happening: Happening): Told => ({ ...told, outbox: [...told.outbox, happening] })

function groupHappening(group: CountedGroup, type: EventType, which: string, { now, digest }: LookContext): Happening {
  const { id: taskGroupId, name, metadata } = group
  const figures = {
    state: groupStateOf(group),
    counts: countsByState(group),
    completedPercent: completedPercent(group),
  }
  const data = { taskGroupId, name, ...figures, metadata }
  return { id: digest(`${taskGroupId} ${group.createdAt} ${which}`), type, at: now, data }
}

function taskHappening(group: CountedGroup, task: Task, context: LookContext): Happening {
  const { id: taskId, name, worker, workgroup, errors } = task
  const data = {
    taskGroupId: group.id,
    taskGroupName: group.name,
    taskId,
    name,
    worker,
    workgroup,
    error: errors.at(-1) ?? '',
  }
  const id = context.digest(`${group.id} ${group.createdAt} task ${taskId} ${markOf(task, context)}`)
  return { id, type: 'task.failed', at: context.now, data }
}

/** A hold that begins as the one before it ends is the same bad time. */
const SAME_HOLD_MS = 1000
/** More workgroups than these held at once are told only in part. */
const MAX_HELD = 1000

/** What the holds on workgroups lead to: one that is raised while it lasts is not told again. */
export function decideHeld(before: Told, holds: readonly WorkHold[], { now, digest }: LookContext): Told | null {
  const lasting = Object.entries(before.holds).filter(([, until]) => until + SAME_HOLD_MS > now)
  const known = new Map(lasting)
  const outbox = [...before.outbox]
  let isChanged = lasting.length < Object.keys(before.holds).length
  for (const hold of holds.slice(0, MAX_HELD)) {
    const told = known.get(hold.name)
    if (told === undefined && outbox.length >= MAX_OUTBOX) continue
    if (told === undefined) outbox.push(heldHappening(hold, { now, digest }))
    // Raised a thousand times a minute, it is written when what is written ends.
    if (told === undefined || (hold.until > told && told - now < SAME_HOLD_MS)) {
      known.set(hold.name, hold.until)
      isChanged = true
    }
  }
  return isChanged ? { ...before, holds: Object.fromEntries(known), outbox } : null
}

function heldHappening({ name, until, reason, kind, since }: WorkHold, { now, digest }: LookContext): Happening {
  const data = { workgroup: name, until: formatTime(until), reason, kind }
  return { id: digest(`workgroup ${since} ${name}`), type: 'workgroup.held', at: now, data }
}

/** Whether something of this group is still to be done, before which it must not be deleted by itself. */
export function isUntold({ settings: { notify, finally: last, told } }: TaskGroup): boolean {
  if (told !== null && told.outbox.length > 0) return true
  return (notify.length > 0 || last !== null) && (told === null || told.as === '')
}

/** Whether it has ended, its last task included: before that is made the state alone says the same for a moment. */
export function isSettled(group: CountedGroup): boolean {
  const state = groupStateOf(group)
  const { finally: last, told } = group.settings
  return (state === 'succeeded' || state === 'failed') && (last === null || told?.as === state)
}

/** The next pause is another one, and nothing comes back: whoever resumes lets everything go on. */
export const afterResume = (told: Told | null): Told | null =>
  told === null ? null : { ...told, isPauseTold: false, stop: null }

/** Its next end is another one, and makes a last task of its own. */
export const afterReset = (told: Told | null): Told | null =>
  told === null ? null : { ...told, as: '', finally: '', work: '', failures: '', stop: null }
