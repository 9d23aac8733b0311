import type { ChangeSet } from './change-set.ts'
import { groupSettingsOf } from './group-settings.ts'
import { decideGroupCreation } from './new-group.ts'
import type { Schedule } from './schedule.ts'
import { type ScheduleTemplate, tasksOfFiring } from './schedule-template.ts'
import { type CountedGroup, groupStateOf, type TaskGroup } from './task-group.ts'
import { formatTime } from './time.ts'

/** One group of a schedule that is to be created. */
export interface Firing {
  readonly schedule: Schedule
  readonly template: ScheduleTemplate
  readonly groupId: string
  /** The time of the pattern that it is for, or when somebody asked for it. */
  readonly scheduledFor: number
  readonly now: number
}

/** Creates the group, unless there is one of that id: then this firing happened already. */
export function decideFiring(firing: Firing): ChangeSet {
  const group = groupOf(firing)
  return decideGroupCreation(group, tasksOfFiring(firing.template, group))
}

function groupOf({ schedule, template, groupId, scheduledFor, now }: Firing): TaskGroup {
  return {
    id: groupId,
    name: template.name || schedule.name,
    createdAt: now,
    isPaused: template.isPaused,
    stoppedBy: null,
    metadata: { ...template.metadata, schedule: schedule.id, scheduledFor: formatTime(scheduledFor) },
    keyScope: template.keyScope,
    settings: groupSettingsOf(template),
    epoch: 0,
  }
}

/** Whether the next group of a schedule may come. A failed one has ended: nothing of it moves until somebody acts. */
export function hasEnded(group: CountedGroup | null): boolean {
  if (group === null) return true
  const state = groupStateOf(group)
  return state !== 'active' && state !== 'paused'
}
