import { CrewError, type Fault } from '../core/errors.ts'
import { orderGraph } from '../core/graph.ts'
import { newTask } from '../core/new-task.ts'
import type { Task } from '../core/task.ts'
import type { TaskGroup } from '../core/task-group.ts'
import type { TaskInput } from '../core/task-input.ts'
import { creationTime } from './keyed-request.ts'
import type { ServiceContext } from './service-context.ts'

const refusals = {
  duplicate_id: 'An id is taken; nothing was created.',
  unknown_parent:
    'A parent does not exist; nothing was created. Parents must be in the same group or the same request.',
  cycle: 'The parents form a cycle; nothing was created.',
} as const

/** At most this many faults are listed in one answer. */
const MAX_FAULTS = 100

/**
 * Checks a batch of new tasks against the store and answers them ready to insert, parents first. The group may still be on its
 * way, so that it and what the tasks name are read in one batch. Without `isTrusting` ids that are taken and parents that do not
 * exist are found here, with their pointers; with it only the commit finds them.
 */
export async function prepareTasks(
  context: ServiceContext,
  loading: TaskGroup | Promise<TaskGroup>,
  inputs: readonly TaskInput[],
  pointer: (index: number) => string,
  { isTrusting } = { isTrusting: false },
): Promise<Task[]> {
  const nodes = requireWorkers(inputs, pointer).map((input) => ({
    ...input,
    id: input.id || context.newId(),
    parentIds: input.parentIds ?? [],
  }))
  const named = new Set(nodes.flatMap((node) => [node.id, ...node.parentIds]))
  const [group, stored] = await Promise.all([loading, isTrusting ? [] : context.storage.getTasks([...named])])
  const graph = orderGraph({
    nodes,
    takenIds: new Set(stored.map((task) => task.id)),
    knownParents: new Set(stored.filter((task) => task.groupId === group.id).map((task) => task.id)),
    pointer,
  })
  if (graph.kind === 'refused') throw new CrewError(graph.code, refusals[graph.code], graph.faults.slice(0, MAX_FAULTS))
  const now = creationTime(context)
  const birth = { groupId: group.id, keyScope: group.keyScope, now, createdBy: '', runAfter: now }
  return graph.nodes.map((input) => newTask(input, birth))
}

function requireWorkers(
  inputs: readonly TaskInput[],
  pointer: (index: number) => string,
): (TaskInput & { worker: string })[] {
  const faults: Fault[] = []
  const complete = inputs.flatMap((input, index) => {
    const { worker } = input
    if (worker !== undefined) return [{ ...input, worker }]
    faults.push({ pointer: `${pointer(index)}/worker`, detail: 'expected the name of a worker' })
    return []
  })
  if (faults.length > 0) {
    throw new CrewError('invalid_request', 'A task names no worker; nothing was created.', faults.slice(0, MAX_FAULTS))
  }
  return complete
}
