import { DEFAULT_SCHEDULE, type ManualRun, newScheduleState, type Schedule, type ScheduleState } from './schedule.ts'
import type { ScheduleTemplate } from './schedule-template.ts'

/**
 * Where a schedule is kept. Records are written whole and without a guard, so each has one kind of writer: the schedule and its
 * template are written for people, the state by servers that fire, the run by whoever asked for one by hand. An edit is never
 * undone by a firing that read before it, and a list of schedules does not read their templates, which may be megabytes.
 */
export const SCHEDULE_KIND = 'schedule'
export const scheduleKey = (id: string): string => `${SCHEDULE_KIND}/${id}`
export const templateKey = (id: string): string => `schedule-template/${id}`
export const stateKey = (id: string): string => `schedule-state/${id}`
export const manualRunKey = (id: string): string => `schedule-run/${id}`

export const scheduleIdOf = (key: string): string => key.slice(SCHEDULE_KIND.length + 1)

export function scheduleText({ id: _id, ...schedule }: Schedule): string {
  return JSON.stringify(schedule)
}

/** What is stored; what an older server did not know has its default. */
export function scheduleFrom(id: string, text: string): Schedule {
  return { ...DEFAULT_SCHEDULE, ...(JSON.parse(text) as Omit<Schedule, 'id'>), id }
}

export const templateText = (template: ScheduleTemplate): string => JSON.stringify(template)

export const templateFrom = (text: string): ScheduleTemplate => JSON.parse(text) as ScheduleTemplate

export const stateText = (state: ScheduleState): string => JSON.stringify(state)

/** A state of another schedule that once had this id is none. */
export function stateFrom(schedule: Schedule, text: string | null): ScheduleState {
  const fresh = newScheduleState(schedule)
  const stored = text === null ? fresh : (JSON.parse(text) as Partial<ScheduleState>)
  return stored.of === schedule.createdAt ? { ...fresh, ...stored } : fresh
}

export const manualRunText = (run: ManualRun): string => JSON.stringify(run)

export function manualRunFrom(schedule: Schedule, text: string | null): ManualRun | null {
  const run = text === null ? null : (JSON.parse(text) as ManualRun)
  return run?.of === schedule.createdAt ? run : null
}
