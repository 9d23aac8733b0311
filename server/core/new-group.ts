import type { Change, ChangeSet, CrewEvent } from './change-set.ts'
import type { Task } from './task.ts'
import type { TaskGroup } from './task-group.ts'

/** A new group with its tasks, all or nothing; a conflict when there is a group of that id. */
export function decideGroupCreation(group: TaskGroup, tasks: readonly Task[]): ChangeSet {
  const created = tasks.map((task): CrewEvent => ({ type: 'task.created', groupId: group.id, taskId: task.id }))
  return {
    guards: [{ kind: 'group', groupId: group.id, epoch: null }],
    changes: [{ kind: 'putGroup', group }, ...tasks.map((task): Change => ({ kind: 'insertTask', task }))],
    events: [{ type: 'group.created', groupId: group.id }, ...created],
  }
}
