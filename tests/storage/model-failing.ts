import { expect } from 'vitest'
import { errorKindOf, type FailingState, type FailingTask, failingStates } from '../../server/core/error-kinds.ts'
import type { Task } from '../../server/core/task.ts'
import type { FailingQuery, NewestError, TaskStorage } from '../../storage/task-storage.ts'
import { type Model, stateInModel, tasksOf } from './model.ts'

/** Tasks that fail, those of the newest group first. */
export function failingInModel(model: Model, { groupId, worker, limit }: FailingQuery): FailingTask[] {
  const groups = [...model.books.groups.keys()].reverse().filter((id) => groupId === undefined || id === groupId)
  const found = groups.flatMap((id) => tasksOf(model, id)).flatMap((task) => failing(model, task))
  return found.filter((task) => worker === undefined || task.worker === worker).slice(0, limit)
}

function failing(model: Model, task: Task): FailingTask[] {
  const state = failingStates.find((each: FailingState) => each === stateInModel(model, task))
  const { id, groupId, worker, runAfter } = task
  return state ? [{ id, groupId, worker, runAfter, state, errorKind: errorKindOf(task) }] : []
}

export const newestErrorsInModel = (model: Model, taskIds: readonly string[]): NewestError[] =>
  [...model.books.tasks.values()].flatMap(({ id, errors }) =>
    taskIds.includes(id) ? errors.slice(-1).map((error) => ({ taskId: id, error })) : [],
  )

/** All that fails, what of it is of one group or of one worker, and its errors. Groups of one moment may stand in any order. */
export async function compareFailing(model: Model, storage: TaskStorage, task: Task): Promise<void> {
  for (const where of [{}, { groupId: task.groupId }, { worker: task.worker }]) {
    const query = { ...where, limit: 1000 }
    const found = await storage.listFailing(query)
    expect(byId(found)).toEqual(byId(failingInModel(model, query)))
    const createdAt = found.map(({ groupId }) => model.books.groups.get(groupId)?.createdAt ?? 0)
    expect(createdAt).toEqual(createdAt.toSorted((a, b) => b - a))
  }
  const ids = [...model.books.tasks.keys(), 'nobody']
  expect(byId(await storage.listNewestErrors(ids))).toEqual(byId(newestErrorsInModel(model, ids)))
}

const byId = <Thing extends { readonly id?: string; readonly taskId?: string }>(things: readonly Thing[]): Thing[] =>
  things.toSorted((a, b) => ((a.id ?? a.taskId ?? '') < (b.id ?? b.taskId ?? '') ? -1 : 1))
