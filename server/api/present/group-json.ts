import { isStopped } from '../../core/group-stop.ts'
import type { Role } from '../../core/roles.ts'
import { type TaskState, taskStates } from '../../core/task.ts'
import { type CountedGroup, completedPercent, countsByState, groupStateOf } from '../../core/task-group.ts'
import { formatTime } from '../../core/time.ts'
import { isSettled } from '../../core/told.ts'
import { settingsMembers } from './settings-json.ts'

/** A group as clients of this role see it (WIRE section 1). */
export function groupJson(group: CountedGroup, role: Role): string {
  const own = JSON.stringify({
    id: group.id,
    name: group.name,
    createdAt: formatTime(group.createdAt),
    isPaused: group.isPaused,
    stoppedBy: stopJson(group),
    metadata: group.metadata,
    keyScope: group.keyScope,
  })
  const figures = JSON.stringify({
    state: groupStateOf(group),
    isSettled: isSettled(group),
    counts: inOrder(countsByState(group)),
    completedPercent: completedPercent(group),
  })
  return `${own.slice(0, -1)},${settingsMembers(group.settings, role)},${figures.slice(1)}`
}

function stopJson(group: CountedGroup) {
  const { stoppedBy } = group
  return stoppedBy && isStopped(group) ? { taskId: stoppedBy.taskId, at: formatTime(stoppedBy.at) } : null
}

function inOrder(counts: Readonly<Record<TaskState, number>>) {
  return Object.fromEntries(taskStates.map((state) => [state, counts[state]]))
}

/** A page of groups, with how many there are over all pages. */
export function groupListJson(groups: readonly CountedGroup[], count: number, role: Role): string {
  return `{"taskGroups":[${groups.map((group) => groupJson(group, role)).join(',')}],"count":${count}}`
}
