import type { ChildInput } from './child-input.ts'
import type { Fault } from './errors.ts'
import { orderGraph } from './graph.ts'
import { newTask } from './new-task.ts'
import type { Task } from './task.ts'
import type { KeyScope } from './task-group.ts'

/** What creating tasks out of an answer needs to know about the store. */
export interface ContinuationContext {
  readonly now: number
  readonly keyScope: KeyScope
  /** Of the group that `keyScope` was read from. */
  readonly groupEpoch: number
  /** Of the ids that the children name: those that tasks have already. */
  readonly takenIds: ReadonlySet<string>
  /** Of the parents that the children name: stored tasks of this group. */
  readonly knownParents: ReadonlySet<string>
  readonly newId: () => string
}

/**
 * The tasks that an answer's children become (WIRE 4.2), parents first, or the fault that fails the attempt. The creator is
 * always a parent as well and comes last; the others keep their order.
 */
export function createContinuations(
  creator: Task,
  children: readonly ChildInput[],
  delayMs: number,
  context: ContinuationContext,
): { tasks: Task[] } | { fault: Fault } {
  if (children.length === 0) return { tasks: [] }
  const named = nameChildren(creator, children, context.newId)
  if ('fault' in named) return named
  const graph = orderGraph({
    nodes: named.nodes,
    takenIds: new Set([...context.takenIds, creator.id]),
    knownParents: new Set([...context.knownParents, creator.id]),
    pointer: (index) => `/children/${index}`,
  })
  if (graph.kind === 'refused') return { fault: graph.faults[0] as Fault }
  const birth = {
    groupId: creator.groupId,
    keyScope: context.keyScope,
    now: context.now,
    createdBy: creator.id,
    runAfter: 0,
  }
  const notBefore = delayMs === 0 ? 0 : context.now + delayMs
  return { tasks: graph.nodes.map((child) => delayed(newTask(child, birth), notBefore)) }
}

/** Ids that children name, whose existence must be looked up before they can be created. */
export function idsNamedBy(children: readonly ChildInput[]): string[] {
  const ids = new Set(children.flatMap((child) => [...(child.id ? [child.id] : []), ...child.parentIds]))
  for (const { localName } of children) if (localName !== null) ids.delete(localName)
  return [...ids]
}

type NamedChild = ChildInput & { readonly id: string }

/** Gives every child its real id, and puts real ids in the place of local names. A local name hides an id that is the same. */
function nameChildren(
  creator: Task,
  children: readonly ChildInput[],
  newId: () => string,
): { nodes: NamedChild[] } | { fault: Fault } {
  const realIds = new Map<string, string>()
  const named: NamedChild[] = []
  for (const [index, child] of children.entries()) {
    const id = child.id || newId()
    named.push({ ...child, id })
    if (child.localName === null) continue
    if (realIds.has(child.localName)) {
      const detail = `the name "${child.localName}" stands twice in the answer`
      return { fault: { pointer: `/children/${index}/_child_id`, detail } }
    }
    realIds.set(child.localName, id)
  }
  const parentsOf = ({ parentIds }: ChildInput): string[] => {
    const ids = new Set(parentIds.map((name) => realIds.get(name) ?? name))
    ids.delete(creator.id)
    return [...ids, creator.id]
  }
  return { nodes: named.map((child) => ({ ...child, parentIds: parentsOf(child) })) }
}

const delayed = (task: Task, notBefore: number): Task => ({ ...task, runAfter: Math.max(task.runAfter, notBefore) })
