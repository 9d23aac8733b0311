import type { Fault } from './errors.ts'

/** A task that is to be created together with others. */
export interface Node {
  readonly id: string
  readonly parentIds: readonly string[]
}

export interface GraphContext<Item extends Node> {
  readonly nodes: readonly Item[]
  /** Ids that tasks have already, in any group. */
  readonly takenIds: ReadonlySet<string>
  /** Stored tasks of the same group that may be parents. */
  readonly knownParents: ReadonlySet<string>
  /** Where the first node stands in the request. */
  readonly pointer: (index: number) => string
}

export type GraphResult<Item extends Node> =
  | { readonly kind: 'ordered'; readonly nodes: Item[] }
  | { readonly kind: 'refused'; readonly code: 'duplicate_id' | 'unknown_parent' | 'cycle'; readonly faults: Fault[] }

/** Checks a batch and answers it with parents before their children (WIRE section 1): the order in which it can be stored. */
export function orderGraph<Item extends Node>(context: GraphContext<Item>): GraphResult<Item> {
  const duplicates = findDuplicates(context)
  if (duplicates.length > 0) return { kind: 'refused', code: 'duplicate_id', faults: duplicates }
  const unknown = findUnknownParents(context)
  if (unknown.length > 0) return { kind: 'refused', code: 'unknown_parent', faults: unknown }
  const walked = parentsFirst(context.nodes)
  if ('ordered' in walked) return { kind: 'ordered', nodes: walked.ordered }
  return { kind: 'refused', code: 'cycle', faults: [describeCycle(context, walked.cycle)] }
}

function findDuplicates({ nodes, takenIds, pointer }: GraphContext<Node>): Fault[] {
  const seen = new Set<string>()
  const faults: Fault[] = []
  for (const [index, { id }] of nodes.entries()) {
    if (takenIds.has(id)) faults.push({ pointer: `${pointer(index)}/id`, detail: `a task with the id "${id}" exists` })
    else if (seen.has(id))
      faults.push({ pointer: `${pointer(index)}/id`, detail: `the id "${id}" stands twice in the request` })
    seen.add(id)
  }
  return faults
}

function findUnknownParents({ nodes, knownParents, pointer }: GraphContext<Node>): Fault[] {
  const ids = new Set(nodes.map((node) => node.id))
  return nodes.flatMap(({ parentIds }, index) =>
    parentIds.flatMap((id, at) =>
      ids.has(id) || knownParents.has(id)
        ? []
        : [{ pointer: `${pointer(index)}/parentIds/${at}`, detail: `no task "${id}" in this group or request` }],
    ),
  )
}

/**
 * Walks up from each node in turn and places it after its parents, so a request that has them in order keeps its order. Or answers
 * a cycle: ids, each followed by a parent of it. The path is kept by hand, as a chain of 10,000 would fill the call stack.
 */
function parentsFirst<Item extends Node>(nodes: readonly Item[]): { ordered: Item[] } | { cycle: string[] } {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const placed = new Set<Item>()
  const onPath = new Set<Item>()
  for (const root of nodes) {
    const path = placed.has(root) ? [] : [{ node: root, parents: root.parentIds.values() }]
    for (let step = path.at(-1); step; step = path.at(-1)) {
      onPath.add(step.node)
      const { value: parentId, done } = step.parents.next()
      const parent = done ? undefined : byId.get(parentId)
      if (parent && onPath.has(parent)) return { cycle: cycleIn([...onPath], parent) }
      if (parent && !placed.has(parent)) path.push({ node: parent, parents: parent.parentIds.values() })
      if (!done) continue
      placed.add(step.node)
      onPath.delete(step.node)
      path.pop()
    }
  }
  return { ordered: [...placed] }
}

const cycleIn = (path: readonly Node[], start: Node): string[] =>
  [...path.slice(path.indexOf(start)), start].map((node) => node.id)

function describeCycle({ nodes, pointer }: GraphContext<Node>, cycle: string[]): Fault {
  const index = nodes.findIndex((node) => node.id === cycle[0])
  return { pointer: `${pointer(index)}/parentIds`, detail: `a cycle of parents: ${shorten(cycle).join(' → ')}` }
}

const shorten = (ids: string[]): string[] => (ids.length <= 10 ? ids : [...ids.slice(0, 5), '…', ...ids.slice(-4)])
