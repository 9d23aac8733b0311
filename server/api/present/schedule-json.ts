import type { Role } from '../../core/roles.ts'
import { queuedTimes, type Schedule, type ScheduleState } from '../../core/schedule.ts'
import type { ScheduleTemplate, TaskTemplate } from '../../core/schedule-template.ts'
import { formatTime } from '../../core/time.ts'
import type { FullScheduleView, NextTime, ScheduleView } from '../../services/schedules.ts'
import { settingsMembers } from './settings-json.ts'

/** A schedule with its template, as clients of this role see it. */
export function scheduleJson(view: FullScheduleView, role: Role): string {
  const row = JSON.stringify(presentRow(view))
  return `${row.slice(0, -1)},"template":${templateJson(view.template, role)}}`
}

/** A page of schedules, with how many there are over all pages. */
export function scheduleListJson(views: readonly ScheduleView[], count: number): string {
  return JSON.stringify({ schedules: views.map(presentRow), count })
}

export function nextTimesJson(times: readonly NextTime[]): string {
  return JSON.stringify({
    times: times.map(({ at, local, firesAt }) => ({ at: formatTime(at), local, firesAt: formatTime(firesAt) })),
  })
}

function presentRow({ schedule, state, run, nextAt }: ScheduleView) {
  const last = run !== null && run.at > state.lastFiredAt ? { at: run.at, groupId: run.groupId } : lastFiringOf(state)
  return {
    ...presentSettings(schedule),
    createdAt: formatTime(schedule.createdAt),
    updatedAt: formatTime(schedule.updatedAt),
    nextAt: nextAt === null ? null : formatTime(nextAt),
    lastFiredAt: last === null ? null : formatTime(last.at),
    lastGroupId: last === null ? null : last.groupId,
    lastSkippedAt: state.lastSkippedAt === 0 ? null : formatTime(state.lastSkippedAt),
    lastSkipReason: state.lastSkipReason === '' ? null : state.lastSkipReason,
    queued: queuedTimes(schedule, state).length,
  }
}

function presentSettings({ id, name, cron, timezone, overlap, catchUp, jitterSeconds, isPaused }: Schedule) {
  return { id, name, cron, timezone, overlap, catchUp, jitterSeconds, isPaused }
}

const lastFiringOf = ({ lastFiredAt, lastGroupId }: ScheduleState) =>
  lastFiredAt === 0 ? null : { at: lastFiredAt, groupId: lastGroupId }

/** As it can be sent back: only what was given, `input` and `output` as the text that came. */
function templateJson({ tasks, ...template }: ScheduleTemplate, role: Role): string {
  const { onTaskFailure, notify, finally: last, told: _told, ...group } = template
  const given = {
    ...(onTaskFailure && { onTaskFailure }),
    ...(notify && { notify }),
    ...(last !== undefined && { finally: last }),
  }
  const settings = settingsMembers(given, role)
  return `${JSON.stringify(group).slice(0, -1)}${settings === '' ? '' : `,${settings}`},"tasks":[${tasks.map(taskJson).join(',')}]}`
}

function taskJson({ input, output, runAfter, ...task }: TaskTemplate): string {
  const json = JSON.stringify({ ...task, ...(runAfter !== undefined && { runAfter: formatTime(runAfter) }) })
  const opaque = Object.entries({ input, output }).map(([name, text]) =>
    text === undefined ? '' : `,"${name}":${text}`,
  )
  return `${json.slice(0, -1)}${opaque.join('')}}`
}
