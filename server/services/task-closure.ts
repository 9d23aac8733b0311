import type { TaskStorage } from '../../storage/task-storage.ts'
import { orphansOf, type ResetScope } from '../core/reset.ts'
import { isComplete, type Task } from '../core/task.ts'

/** The tasks that go when these are deleted: they themselves and, level by level, children whose last parent goes (WIRE 4.6). */
export async function deletionOf(storage: TaskStorage, roots: readonly Task[]): Promise<Task[]> {
  const deleted = new Map(roots.map((task) => [task.id, task]))
  let level = roots
  while (level.length > 0) {
    const children = await storage.listChildren(level.map((task) => task.id))
    level = orphansOf(children, new Set(deleted.keys()))
    for (const task of level) deleted.set(task.id, task)
  }
  return [...deleted.values()]
}

/** What a reset of the task touches, with or without all tasks below it. */
export async function resetScopeOf(storage: TaskStorage, task: Task, withDescendants: boolean): Promise<ResetScope> {
  const below = withDescendants ? await descendantsOf(storage, task) : []
  const reset = [task, ...below]
  const continuations = await storage.listCreatedBy(reset.map((one) => one.id))
  const deletions = await deletionOf(
    storage,
    continuations.filter((one) => one.id !== task.id),
  )
  const gone = new Set(deletions.map((one) => one.id))
  const targets = reset.filter((one) => !gone.has(one.id))
  const isTarget = new Set(targets.map((one) => one.id))
  const children = await storage.listChildren([...isTarget])
  const dependants = children.filter((child) => isComplete(child) && !gone.has(child.id) && !isTarget.has(child.id))
  return { targets, deletions, dependants }
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
