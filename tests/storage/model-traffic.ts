import type { HoldScope } from '../../server/core/change-set.ts'
import { isComplete } from '../../server/core/task.ts'
import type { TrafficRow } from '../../storage/task-storage.ts'
import { isAtGates, type Model, stateInModel } from './model.ts'
import { byClaimOrder } from './model-claims.ts'
import { liveHolds } from './model-gates.ts'

/** A worker or workgroup as lists show it. */
export function trafficRow(model: Model, scope: HoldScope, name: string): TrafficRow {
  const own = [...model.books.tasks.values()].filter((task) => task[scope] === name)
  const hold = liveHolds(model, scope).find((each) => each.name === name)
  const inStates = (...states: string[]) => own.filter((task) => states.includes(stateInModel(model, task))).length
  const dueTasks = own.filter((task) => ['ready', 'throttled'].includes(stateInModel(model, task)))
  const oldest = dueTasks.map(({ runAfter }) => runAfter).filter((at) => at > 0)
  return {
    name,
    heldUntil: hold?.until ?? 0,
    reason: hold?.reason ?? '',
    waiting: dueTasks.length,
    oldestDueAt: oldest.length > 0 ? Math.min(...oldest) : null,
    running: inStates('running'),
    total: own.length,
    completed: own.filter(isComplete).length,
  }
}

/** How many tasks are ahead of one at the least, and at the most when those of its age are ahead as well. */
export function placesOf(model: Model, taskId: string): { least: number; most: number } {
  const task = model.books.tasks.get(taskId)
  if (!task || !isAtGates(model, task)) return { least: 0, most: 0 }
  const rivals = [...model.books.tasks.values()].filter(
    (other) =>
      other.id !== taskId && other.worker === task.worker && other.groupId === task.groupId && isAtGates(model, other),
  )
  const count = (isAhead: (order: number) => boolean) =>
    rivals.filter((other) => isAhead(byClaimOrder(other, task))).length
  return { least: count((order) => order < 0), most: count((order) => order <= 0) }
}
