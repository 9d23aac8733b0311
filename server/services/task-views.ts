import { stateOf, type Task, type TaskState } from '../core/task.ts'
import type { CountedGroup } from '../core/task-group.ts'
import type { ServiceContext } from './service-context.ts'

/** A task as clients see it: with what turns with time and with its surroundings. */
export interface TaskView {
  readonly task: Task
  readonly state: TaskState
  /** The later of its own and the hold it waits behind (WIRE 4.3); 0 is unset. */
  readonly runAfter: number
}

/** Views of tasks that may stand in different groups. */
export async function viewTasks(context: ServiceContext, tasks: readonly Task[]): Promise<TaskView[]> {
  const groups = new Map<string, boolean>()
  for (const id of new Set(tasks.map((task) => task.groupId))) {
    groups.set(id, (await context.storage.getGroup(id))?.isPaused ?? false)
  }
  const held = await heldUntil(context, tasks)
  const now = context.clock.now()
  return tasks.map((task) => {
    const until = held(task)
    const isGroupPaused = groups.get(task.groupId) ?? false
    const known = stateOf(task, { now, isGroupPaused, heldUntil: until })
    const state = known === 'ready' && !context.workers.hasAddress(task.worker) ? 'throttled' : known
    const isWaiting = state === 'throttled' || state === 'scheduled' || state === 'retrying'
    return { task, state, runAfter: isWaiting ? Math.max(task.runAfter, until) : task.runAfter }
  })
}

export async function viewTask(context: ServiceContext, task: Task): Promise<TaskView> {
  const [view] = await viewTasks(context, [task])
  return view as TaskView
}

/** Answers how long a task is held by its workgroup or worker; 0 when it is not. One look-up for all names. */
async function heldUntil(context: ServiceContext, tasks: readonly Task[]): Promise<(task: Task) => number> {
  const workgroups = new Set(tasks.map((task) => task.workgroup).filter((name) => name !== ''))
  const byWorkgroup = new Map<string, number>()
  for (const hold of await context.storage.listHolds('workgroup', [...workgroups]))
    byWorkgroup.set(hold.name, hold.until)
  const byWorker = new Map<string, number>()
  for (const hold of await context.storage.listHolds('worker', [...new Set(tasks.map((task) => task.worker))])) {
    byWorker.set(hold.name, hold.until)
  }
  return (task) => Math.max(byWorkgroup.get(task.workgroup) ?? 0, byWorker.get(task.worker) ?? 0)
}

/** A group whose due tasks nobody can be called for has nothing ready: they are throttled (WIRE section 7). */
export function viewGroup(context: ServiceContext, group: CountedGroup): CountedGroup {
  if (context.workers.hasAddress('')) return group
  const { scheduled, retrying } = group.waiting
  return { ...group, waiting: { scheduled, retrying, throttled: group.counts.waiting - scheduled - retrying } }
}
