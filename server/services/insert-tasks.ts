import type { Change, ChangeSet, CrewEvent } from '../core/change-set.ts'
import type { Task } from '../core/task.ts'
import type { TaskGroup } from '../core/task-group.ts'
import type { TaskInput } from '../core/task-input.ts'
import { findGroup } from './groups.ts'
import { createOnce } from './keyed-request.ts'
import { prepareTasks } from './new-tasks.ts'
import { decideAndCommit, type ServiceContext } from './service-context.ts'
import { type TaskView, viewTasks } from './task-views.ts'

/** All or nothing, in any order; answered in the order given. */
export async function insertTasks(
  context: ServiceContext,
  groupId: string,
  inputs: readonly TaskInput[],
  pointer: (index: number) => string,
): Promise<TaskView[]> {
  // Ids are made once, so that the answer can name them in the order given whatever the order of insertion.
  const named = inputs.map((input) => ({ ...input, id: input.id || context.newId() }))
  const find = (at: number) => findCreated(context, { groupId, at, ids: named.map(({ id }) => id) })
  return createOnce(context, find, () => insertNamed(context, groupId, named, pointer))
}

/** What was created at that time, in the order of the ids; null: nothing was, or nothing of it is left. */
async function findCreated(
  context: ServiceContext,
  { groupId, at, ids }: { readonly groupId: string; readonly at: number; readonly ids: readonly string[] },
): Promise<TaskView[] | null> {
  const tasks = await context.storage.getTasks(ids)
  const own = new Map(
    tasks.flatMap((task) => (task.groupId === groupId && task.createdAt === at ? [[task.id, task]] : [])),
  )
  if (own.size === 0) return null
  return viewTasks(
    context,
    ids.flatMap((id) => own.get(id) ?? []),
  )
}

async function insertNamed(
  context: ServiceContext,
  groupId: string,
  named: readonly (TaskInput & { id: string })[],
  pointer: (index: number) => string,
): Promise<TaskView[]> {
  const hasParents = named.some((input) => input.parentIds && input.parentIds.length > 0)
  const inserted = await decideAndCommit(context, async (tries) => {
    const guess = tries === 0 && !hasParents ? context.groupMemory?.recall(groupId) : undefined
    if (guess) {
      const tasks = await prepareTasks(context, guess, named, pointer, { isTrusting: true })
      return { changeSet: tasks.length === 0 ? null : insertion(guess, tasks), result: tasks }
    }
    context.groupMemory?.forget(groupId)
    const loading = findGroup(context, groupId)
    const [group, tasks] = await Promise.all([loading, prepareTasks(context, loading, named, pointer)])
    context.groupMemory?.remember(group)
    return { changeSet: tasks.length === 0 ? null : insertion(group, tasks), result: tasks }
  })
  const byId = new Map(inserted.map((task) => [task.id, task]))
  // How many parents were unfinished is known to the storage alone. What somebody deleted meanwhile is answered as it was created.
  const children = inserted.filter((task) => task.parentIds.length > 0).map((task) => task.id)
  for (const task of await context.storage.getTasks(children)) byId.set(task.id, task)
  return viewTasks(
    context,
    named.map(({ id }) => byId.get(id) as Task),
  )
}

function insertion(group: TaskGroup, tasks: readonly Task[]): ChangeSet {
  return {
    guards: [{ kind: 'group', groupId: group.id, epoch: group.epoch }],
    changes: tasks.map((task): Change => ({ kind: 'insertTask', task })),
    events: tasks.map((task): CrewEvent => ({ type: 'task.created', groupId: group.id, taskId: task.id })),
  }
}
