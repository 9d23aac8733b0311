import type { TaskStorage } from '../../storage/task-storage.ts'
import { orphansOf, type ResetScope } from '../core/reset.ts'
import { isComplete, type Task } from '../core/task.ts'

/** What goes when these are deleted: they themselves and, level by level, children whose last parent goes (WIRE 4.6). */
export async function deletionOf(
  storage: TaskStorage,
  roots: readonly Task[],
): Promise<Pick<ResetScope, 'deletions' | 'survivors'>> {
  const deleted = new Map(roots.map((task) => [task.id, task]))
  const met = new Map<string, Task>()
  let level = roots
  while (level.length > 0) {
    const children = await storage.listChildren(level.map((task) => task.id))
    for (const child of children) met.set(child.id, child)
    level = orphansOf(children, new Set(deleted.keys()))
    for (const task of level) deleted.set(task.id, task)
  }
  return { deletions: [...deleted.values()], survivors: [...met.values()].filter((child) => !deleted.has(child.id)) }
}

/**
 * What a reset of the task touches, with or without all tasks below it. Complete children run again, so what they made goes as
 * well: it would come again under the same ids.
 */
export async function resetScopeOf(storage: TaskStorage, task: Task, withDescendants: boolean): Promise<ResetScope> {
  const reset = [task, ...(withDescendants ? await descendantsOf(storage, task) : [])]
  const children = await storage.listChildren(reset.map((one) => one.id))
  const rerun = [...reset, ...children.filter(isComplete)]
  const deletion = await deletionOf(storage, await continuationsOf(storage, rerun, task.id))
  const gone = new Set(deletion.deletions.map((one) => one.id))
  const targets = reset.filter((one) => !gone.has(one.id))
  const isTarget = new Set(targets.map((one) => one.id))
  const dependants = children.filter((child) => isComplete(child) && !gone.has(child.id) && !isTarget.has(child.id))
  const isKnown = new Set([...isTarget, ...dependants.map((one) => one.id)])
  return { ...deletion, targets, dependants, survivors: deletion.survivors.filter((one) => !isKnown.has(one.id)) }
}

/** What the answers of these created, and what the answers of those created in turn: none of it is there before the first run. */
async function continuationsOf(storage: TaskStorage, roots: readonly Task[], kept: string): Promise<Task[]> {
  const found = new Map<string, Task>()
  let level = roots
  while (level.length > 0) {
    const created = await storage.listCreatedBy(level.map((task) => task.id))
    level = created.filter((task) => task.id !== kept && !found.has(task.id))
    for (const task of level) found.set(task.id, task)
  }
  return [...found.values()]
}

async function descendantsOf(storage: TaskStorage, root: Task): Promise<Task[]> {
  const found = new Map<string, Task>([[root.id, root]])
  let level: Task[] = [root]
  while (level.length > 0) {
    const children = await storage.listChildren(level.map((task) => task.id))
    level = children.filter((child) => !found.has(child.id))
    for (const child of level) found.set(child.id, child)
  }
  found.delete(root.id)
  return [...found.values()]
}
