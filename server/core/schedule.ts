/** What becomes of a firing whose schedule's previous group has not ended. */
export const overlapPolicies = ['skip', 'queue', 'allow'] as const
export type OverlapPolicy = (typeof overlapPolicies)[number]

/** Which of the times are made up for that came while nobody was there to fire. */
export const catchUpPolicies = ['none', 'latest', 'all'] as const
export type CatchUpPolicy = (typeof catchUpPolicies)[number]

/** Fires a group at each time of a cron pattern. The record of it is written by people alone; what happened is in `ScheduleState`. */
export interface Schedule extends ScheduleSettings {
  readonly id: string
  readonly createdAt: number
  readonly updatedAt: number
  /** No time up to this one is ever fired: when it was created, paused or resumed, or its times were changed. */
  readonly activeSince: number
}

/** What people set, apart from the template. */
export interface ScheduleSettings {
  readonly name: string
  readonly cron: string
  readonly timezone: string
  readonly overlap: OverlapPolicy
  readonly catchUp: CatchUpPolicy
  readonly jitterSeconds: number
  readonly isPaused: boolean
}

/** What was fired and what waits. Written by servers that fire; `schedule-turn.ts` says how they agree. */
export interface ScheduleState {
  /** `createdAt` of its schedule: one that was deleted and created again begins anew. */
  readonly of: number
  /** Every time up to this one is decided: fired, queued or skipped. */
  readonly handledUntil: number
  /** Times that wait for the end of the previous group, oldest first. */
  readonly queue: readonly number[]
  /** Times that are just being fired, oldest first; what is left of them by a crash is decided again. */
  readonly arrived: readonly number[]
  /** When its last group was created; 0: there was none. */
  readonly lastFiredAt: number
  readonly lastGroupId: string
  /** The last time that got no group; 0: there was none. */
  readonly lastSkippedAt: number
  readonly lastSkipReason: string
}

/** The last group that somebody asked for by hand. */
export interface ManualRun {
  readonly of: number
  readonly groupId: string
  readonly at: number
}

/** Longer ones leave no room for the time and the task in the ids of a firing, which are 128 long at most. */
export const MAX_SCHEDULE_ID_LENGTH = 80
/** More is a backlog that nobody wants to see run. */
export const MAX_QUEUED = 100
/** So many of the times that were missed are made up for at most. */
export const MAX_CAUGHT_UP = 100
export const MAX_JITTER_SECONDS = 24 * 3600
export const MAX_CRON_LENGTH = 200
export const MAX_TIMEZONE_LENGTH = 100

export const DEFAULT_SCHEDULE: Omit<ScheduleSettings, 'cron'> = {
  name: '',
  timezone: 'UTC',
  overlap: 'skip',
  catchUp: 'latest',
  jitterSeconds: 0,
  isPaused: false,
}

/** A schedule after a change; `before` null: a new one, whose `edit` has a pattern. */
export function editSchedule(
  id: string,
  before: Schedule | null,
  edit: Partial<ScheduleSettings>,
  now: number,
): Schedule {
  const created = { ...DEFAULT_SCHEDULE, cron: '', id, createdAt: now, updatedAt: now, activeSince: now }
  // Each change has a time of its own, or a firing that read before it could not tell.
  const updatedAt = Math.max(now, (before?.updatedAt ?? 0) + 1)
  const after = { ...(before ?? created), ...edit, updatedAt }
  return before === null || hasOtherTimes(before, after) ? { ...after, activeSince: now } : after
}

/** Times of the new pattern that lie back, or that passed while it was paused, were never missed. */
const hasOtherTimes = (a: Schedule, b: Schedule): boolean =>
  a.cron !== b.cron || a.timezone !== b.timezone || a.isPaused !== b.isPaused

export const newScheduleState = ({ createdAt }: Schedule): ScheduleState => ({
  of: createdAt,
  handledUntil: 0,
  queue: [],
  arrived: [],
  lastFiredAt: 0,
  lastGroupId: '',
  lastSkippedAt: 0,
  lastSkipReason: '',
})

/** Times that wait for the end of the previous group; none of those from before a pause or a change of the times. */
export const queuedTimes = ({ activeSince }: Schedule, { queue }: ScheduleState): number[] =>
  queue.filter((at) => at > activeSince)

/** The id of a firing's group, the same on every server: that is what makes it happen once. */
export const firingId = (scheduleId: string, at: number): string => `${scheduleId}-${stamp(at)}`

/** The id of a group asked for by hand: `unique` tells it from others of that second. */
export const manualRunId = (scheduleId: string, at: number, unique: string): string =>
  `${firingId(scheduleId, at)}-${unique.replace(/[^A-Za-z0-9]/g, '').slice(-MANUAL_DIGITS)}`

const MANUAL_DIGITS = 12

/** `20261122T100000Z`. */
const stamp = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
