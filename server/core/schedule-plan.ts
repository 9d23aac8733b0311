import type { CronTimes } from './calendar.ts'
import { MAX_CAUGHT_UP, MAX_QUEUED, queuedTimes, type Schedule, type ScheduleState } from './schedule.ts'
import { formatTime } from './time.ts'

/** What a plan is made from. */
export interface PlanContext {
  readonly now: number
  readonly times: CronTimes
}

/** Later than this a time was missed. A restart takes a few seconds, and what falls into it is only late. */
const MISSED_AFTER_MS = 10_000
/** Of times that are not missed yet there is at most one a second. */
const MAX_ON_TIME = MISSED_AFTER_MS / 1000 + 1

/** Decides the times that have come: those that may be fired at once, those that queue, and those that are skipped. */
export function takeDue(schedule: Schedule, state: ScheduleState, context: PlanContext): ScheduleState {
  const come = timesThatCame(schedule, state, context)
  const { late, kept, dropped } = catchUp(schedule, [...stillArrived(schedule, state), ...come], context)
  const queue = queuedTimes(schedule, state)
  const waits = schedule.overlap === 'queue' ? kept : schedule.overlap === 'skip' ? late : []
  const taken = {
    ...state,
    handledUntil: come.at(-1) ?? state.handledUntil,
    queue: [...queue, ...waits].slice(0, MAX_QUEUED),
    arrived: kept.filter((at) => !waits.includes(at)),
  }
  const missed = skipped(taken, dropped, `missed, and catchUp is "${schedule.catchUp}"`)
  return skipped(missed, [...queue, ...waits].slice(MAX_QUEUED), `${MAX_QUEUED} times were queued already`)
}

/** What was about to be fired when the server died, and has no group. */
const stillArrived = ({ activeSince }: Schedule, { arrived }: ScheduleState): number[] =>
  arrived.filter((at) => at > activeSince)

function timesThatCame(schedule: Schedule, state: ScheduleState, { now, times }: PlanContext): number[] {
  const after = decidedUntil(schedule, state)
  const limit = MAX_CAUGHT_UP + MAX_ON_TIME
  return times.newest({ after, until: now, limit }).filter((at) => dueAt(schedule, at, times) <= now)
}

const decidedUntil = ({ activeSince }: Schedule, { handledUntil }: ScheduleState): number =>
  Math.max(handledUntil, activeSince)

/** `late`: those of the kept ones that wait for each other where on-time ones would be skipped. */
interface CaughtUp {
  readonly kept: readonly number[]
  readonly late: readonly number[]
  readonly dropped: readonly number[]
}

/**
 * What the policy makes of missed times. `latest` makes up for all of them by one firing, which is the newest time that came, missed or
 * not. With `all` each is made up for in order; with `overlap: skip` too, or only the first of them would ever run.
 */
function catchUp(schedule: Schedule, due: readonly number[], { now, times }: PlanContext): CaughtUp {
  const missed = due.filter((at) => dueAt(schedule, at, times) < now - MISSED_AFTER_MS)
  const onTime = due.slice(missed.length)
  if (missed.length === 0) return { kept: onTime, late: [], dropped: [] }
  switch (schedule.catchUp) {
    case 'none':
      return { kept: onTime, late: [], dropped: missed }
    case 'latest':
      return { kept: due.slice(-1), late: [], dropped: due.slice(0, -1) }
    case 'all': {
      const late = missed.slice(-MAX_CAUGHT_UP)
      return { kept: [...late, ...onTime], late, dropped: missed.slice(0, -MAX_CAUGHT_UP) }
    }
  }
}

/** The time that is to be fired next; undefined: none has come. */
export const nextInLine = ({ queue, arrived }: ScheduleState): number | undefined => queue[0] ?? arrived[0]

/** It has its group now. `firedAt`: when that was created. */
export function fired(state: ScheduleState, at: number, group: { id: string; createdAt: number }): ScheduleState {
  const rest = withoutTime(state, at)
  return group.createdAt < state.lastFiredAt ? rest : { ...rest, lastFiredAt: group.createdAt, lastGroupId: group.id }
}

/** It gets no group. */
export function refused(state: ScheduleState, at: number, reason: string): ScheduleState {
  return skipped(withoutTime(state, at), [at], reason)
}

/** The previous group has not ended, so what may not wait is skipped. */
export function skipArrived(state: ScheduleState, reason: string): ScheduleState {
  return skipped({ ...state, arrived: [] }, state.arrived, reason)
}

const withoutTime = (state: ScheduleState, at: number): ScheduleState => ({
  ...state,
  queue: state.queue.filter((one) => one !== at),
  arrived: state.arrived.filter((one) => one !== at),
})

function skipped(state: ScheduleState, times: readonly number[], reason: string): ScheduleState {
  const last = times.at(-1) ?? 0
  if (last <= state.lastSkippedAt) return state
  const more = times.length > 1 ? `; so were ${times.length - 1} before it` : ''
  return { ...state, lastSkippedAt: last, lastSkipReason: `${formatTime(last)} was skipped: ${reason}${more}` }
}

/**
 * What two servers know together: each wrote what it found. What is decided stays decided and the newest group stays the last one, so
 * the slower of two takes nothing back. A time that one of them still has in line although it was fired finds its group there.
 */
export function mergeStates(stored: ScheduleState, mine: ScheduleState): ScheduleState {
  if (stored.of !== mine.of) return mine
  const ahead = stored.handledUntil > mine.handledUntil ? stored : mine
  const { lastFiredAt, lastGroupId } = stored.lastFiredAt > mine.lastFiredAt ? stored : mine
  const { lastSkippedAt, lastSkipReason } = stored.lastSkippedAt > mine.lastSkippedAt ? stored : mine
  return { ...ahead, lastFiredAt, lastGroupId, lastSkippedAt, lastSkipReason }
}

/** When the next time that has not come yet is fired; null: never, or not while it is paused. */
export function nextFiringAt(schedule: Schedule, state: ScheduleState, { now, times }: PlanContext): number | null {
  if (schedule.isPaused) return null
  const after = decidedUntil(schedule, state)
  const [waiting] = times.newest({ after, until: now, limit: 1 })
  if (waiting !== undefined && dueAt(schedule, waiting, times) > now) return dueAt(schedule, waiting, times)
  const next = times.next(Math.max(now, after))
  return next === null ? null : dueAt(schedule, next, times)
}

/**
 * When the firing of a time is due: that time, and by its jitter later, the same on every server. It never reaches the next time, so
 * times are fired in their order.
 */
export function dueAt({ id, jitterSeconds }: Schedule, at: number, times: CronTimes): number {
  if (jitterSeconds === 0) return at
  const gap = (times.next(at) ?? Number.POSITIVE_INFINITY) - at
  return at + Math.floor(fractionOf(`${id} ${at}`) * Math.min(jitterSeconds * 1000, gap))
}

/** 0 to 1, evenly, from a text: FNV-1a, whose last step is followed by one that mixes its high bits. */
function fractionOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
