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
  const [isGroupPaused, heldUntil] = await Promise.all([loadPauses(context, tasks), loadHolds(context, tasks)])
  const now = context.clock.now()
  return tasks.map((task) => {
    const until = heldUntil(task)
    const known = stateOf(task, { now, isGroupPaused: isGroupPaused(task), heldUntil: until })
    const state = known === 'ready' && !context.workers.hasAddress(task.worker) ? 'throttled' : known
    const isWaiting = state === 'throttled' || state === 'scheduled' || state === 'retrying'
    return { task, state, runAfter: isWaiting ? Math.max(task.runAfter, until) : task.runAfter }
  })
}

export async function viewTask(context: ServiceContext, task: Task): Promise<TaskView> {
  const [view] = await viewTasks(context, [task])
  return view as TaskView
}

/** Answers whether a task's group is paused. */
async function loadPauses({ storage }: ServiceContext, tasks: readonly Task[]): Promise<(task: Task) => boolean> {
  const ids = [...new Set(tasks.map((task) => task.groupId))]
  const groups = await Promise.all(ids.map((id) => storage.findGroup(id)))
  const paused = new Set(groups.filter((group) => group?.isPaused).map((group) => group?.id))
  return (task) => paused.has(task.groupId)
}

/** Answers how long a task is held by its workgroup or worker; 0 when it is not. One look-up for all names. */
async function loadHolds({ storage }: ServiceContext, tasks: readonly Task[]): Promise<(task: Task) => number> {
  const workgroups = new Set(tasks.map((task) => task.workgroup).filter((name) => name !== ''))
  const [byWorkgroup, byWorker] = await Promise.all([
    storage.listHolds('workgroup', [...workgroups]),
    storage.listHolds('worker', [...new Set(tasks.map((task) => task.worker))]),
  ])
  const workgroupEnds = new Map(byWorkgroup.map((hold) => [hold.name, hold.until]))
  const workerEnds = new Map(byWorker.map((hold) => [hold.name, hold.until]))
  return (task) => Math.max(workgroupEnds.get(task.workgroup) ?? 0, workerEnds.get(task.worker) ?? 0)
}

/** A group whose due tasks nobody can be called for has nothing ready: they are throttled (WIRE section 7). */
export function viewGroup(context: ServiceContext, group: CountedGroup): CountedGroup {
  if (context.workers.hasAddress('')) return group
  const { scheduled, retrying } = group.waiting
  return { ...group, waiting: { scheduled, retrying, throttled: group.counts.waiting - scheduled - retrying } }
}
