import type { ChangeSet } from '../core/change-set.ts'
import { CrewError } from '../core/errors.ts'
import type { Task } from '../core/task.ts'
import { type ServiceContext, withPolicies } from './service-context.ts'

/** A commit of this size takes a few milliseconds; claims and results of others go in between. */
export const CHANGED_PER_COMMIT = 200

/** Changes tasks page by page; `decide` answers null for one that stays as it is. */
export async function changeTasks(
  context: ServiceContext,
  ids: readonly string[],
  decide: (task: Task) => ChangeSet | null,
): Promise<void> {
  for (let at = 0; at < ids.length; at += CHANGED_PER_COMMIT) {
    const { left } = await changePage(context, ids.slice(at, at + CHANGED_PER_COMMIT), decide)
    if (left.length > 0) throw new CrewError('conflict', `${left.length} tasks changed all the time; try again.`)
  }
}

/**
 * Those that changed meanwhile are read and decided again; each task stands for itself. `left` are those that changed all the time.
 */
export async function changePage(
  context: ServiceContext,
  ids: readonly string[],
  decide: (task: Task) => ChangeSet | null,
): Promise<{ changed: ReadonlySet<string>; left: readonly string[] }> {
  const changed = new Set<string>()
  let left = ids
  for (let tries = 0; left.length > 0 && tries <= MAX_ROUNDS; tries++) {
    const tasks = await context.storage.getTasks(left)
    const decided = (await Promise.all(tasks.map((task) => decideOne(context, task, decide)))).flat()
    const results = await context.storage.commit(decided.map(({ changeSet }) => changeSet))
    for (const [index, { id }] of decided.entries()) if (results[index] === 'applied') changed.add(id)
    left = decided.filter(({ id }) => !changed.has(id)).map(({ id }) => id)
  }
  return { changed, left }
}

const MAX_ROUNDS = 50

async function decideOne(
  context: ServiceContext,
  task: Task,
  decide: (task: Task) => ChangeSet | null,
): Promise<{ id: string; changeSet: ChangeSet }[]> {
  const changeSet = decide(task)
  return changeSet ? [{ id: task.id, changeSet: await withPolicies(context, changeSet, [task]) }] : []
}
