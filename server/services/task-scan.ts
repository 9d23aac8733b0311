import { MAX_PAGE_SIZE, type TaskQuery } from '../../storage/task-storage.ts'
import type { Task, TaskState } from '../core/task.ts'
import { countInStates, type GroupState } from '../core/task-group.ts'
import { findGroup } from './groups.ts'
import type { ServiceContext } from './service-context.ts'
import { viewGroup } from './task-views.ts'

/** Which tasks are looked for, in one group or in all. */
export interface TaskScan extends Pick<TaskQuery, 'worker' | 'workgroup' | 'key'> {
  readonly taskGroup?: string
  readonly search?: string
  readonly states?: readonly TaskState[]
}

/** Groups that are read at once, with what waits in each counted. */
const GROUPS_PER_PAGE = 500

/** Reading the words of 100 errors takes 5 ms, 20 when they were written to be slow; then it is the turn of others (I15). */
export const ERRORS_AT_ONCE = 100

/** Groups whose tasks are asked for at the same time, and how many tasks these may be: a question costs more than a small answer. */
const ASKED_AT_ONCE = 32
const TASKS_AT_ONCE = 2000

/** A page of tasks without their payloads and all but their newest error at a time, all of one moment: of the newest group first, in a group the oldest first. What changes meanwhile may come twice. */
export async function* scanTasks(context: ServiceContext, scan: TaskScan): AsyncGenerator<Task[]> {
  const { taskGroup } = scan
  if (taskGroup !== undefined) {
    const { id } = await findGroup(context, taskGroup)
    return yield* scanFrom(context, id, scan)
  }
  for await (const ids of groupsWith(context, scan.states)) {
    const firstPages = await Promise.all(ids.map((id) => readPage(context, id, scan, 1)))
    for (const [index, tasks] of firstPages.entries()) {
      if (tasks.length > 0) yield tasks
      if (tasks.length === MAX_PAGE_SIZE) yield* scanFrom(context, ids[index] as string, scan, 2)
    }
  }
}

/** Groups whose books say that there may be such tasks, some at a time. Those that are done, mostly the most, are not listed where none of it is. */
async function* groupsWith(
  context: ServiceContext,
  states: readonly TaskState[] | undefined,
): AsyncGenerator<readonly string[]> {
  const isOfOpenGroups = states !== undefined && !states.includes('succeeded')
  const where = { search: '', pageSize: GROUPS_PER_PAGE, ...(isOfOpenGroups && { states: openStates }) }
  for (let page = 1; ; page++) {
    const { groups } = await context.storage.listGroups({ ...where, page })
    let some: string[] = []
    let expected = 0
    for (const group of groups) {
      const count = countInStates(viewGroup(context, group), { states, skipCompleted: false })
      if (count === 0 && states !== undefined) continue
      some.push(group.id)
      expected += count
      if (some.length < ASKED_AT_ONCE && expected < TASKS_AT_ONCE) continue
      yield some
      some = []
      expected = 0
    }
    if (some.length > 0) yield some
    if (groups.length < GROUPS_PER_PAGE) return
  }
}

/** Of groups that hold tasks which are not complete. */
const openStates: readonly GroupState[] = ['active', 'paused', 'failed']

async function* scanFrom(
  context: ServiceContext,
  groupId: string,
  scan: TaskScan,
  firstPage = 1,
): AsyncGenerator<Task[]> {
  for (let page = firstPage; ; page++) {
    const tasks = await readPage(context, groupId, scan, page)
    if (tasks.length > 0) yield tasks
    if (tasks.length < MAX_PAGE_SIZE) return
  }
}

async function readPage(context: ServiceContext, groupId: string, scan: TaskScan, page: number): Promise<Task[]> {
  const { taskGroup: _taskGroup, search = '', ...filters } = scan
  const size = { page, pageSize: MAX_PAGE_SIZE, skipCompleted: false, payloads: false, errors: 'last' as const }
  return (await context.storage.listTasks({ ...filters, groupId, search, ...size })).tasks
}
