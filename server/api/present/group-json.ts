import { type TaskState, taskStates } from '../../core/task.ts'
import { type CountedGroup, completedPercent, countsByState, groupStateOf } from '../../core/task-group.ts'
import { formatTime } from '../../core/time.ts'

/** A group as clients see it (WIRE section 1). */
export function groupJson(group: CountedGroup): string {
  return JSON.stringify({
    id: group.id,
    name: group.name,
    createdAt: formatTime(group.createdAt),
    isPaused: group.isPaused,
    metadata: group.metadata,
    keyScope: group.keyScope,
    state: groupStateOf(group),
    counts: inOrder(countsByState(group)),
    completedPercent: completedPercent(group),
  })
}

function inOrder(counts: Readonly<Record<TaskState, number>>) {
  return Object.fromEntries(taskStates.map((state) => [state, counts[state]]))
}

/** A page of groups, with how many there are over all pages. */
export function groupListJson(groups: readonly CountedGroup[], count: number): string {
  return `{"taskGroups":[${groups.map(groupJson).join(',')}],"count":${count}}`
}
