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
  const ordered = parentsFirst(context.nodes)
  if (ordered.length === context.nodes.length) return { kind: 'ordered', nodes: ordered }
  return { kind: 'refused', code: 'cycle', faults: [describeCycle(context, new Set(ordered.map((node) => node.id)))] }
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

/** Kahn's algorithm over the edges inside the batch; whatever is on or behind a cycle is left out. Stable: input order where free. */
function parentsFirst<Item extends Node>(nodes: readonly Item[]): Item[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const children = new Map<string, Item[]>()
  const unmet = new Map<string, number>()
  for (const node of nodes) {
    const inside = node.parentIds.filter((id) => byId.has(id))
    unmet.set(node.id, inside.length)
    for (const id of inside) (children.get(id) ?? children.set(id, []).get(id))?.push(node)
  }
  const ordered = nodes.filter((node) => unmet.get(node.id) === 0)
  for (let at = 0; at < ordered.length; at++) {
    for (const child of children.get((ordered[at] as Item).id) ?? []) {
      const left = (unmet.get(child.id) as number) - 1
      unmet.set(child.id, left)
      if (left === 0) ordered.push(child)
    }
  }
  return ordered
}

/** Walks up from any task that could not be ordered until one comes again. */
function describeCycle({ nodes, pointer }: GraphContext<Node>, ordered: ReadonlySet<string>): Fault {
  const left = new Map(nodes.filter((node) => !ordered.has(node.id)).map((node) => [node.id, node]))
  const path: string[] = []
  let id = left.keys().next().value as string
  while (!path.includes(id)) {
    path.push(id)
    id = left.get(id)?.parentIds.find((parentId) => left.has(parentId)) as string
  }
  const cycle = [...path.slice(path.indexOf(id)), id]
  const index = nodes.findIndex((node) => node.id === id)
  return { pointer: `${pointer(index)}/parentIds`, detail: `a cycle of parents: ${shorten(cycle).join(' → ')}` }
}

const shorten = (ids: string[]): string[] => (ids.length <= 10 ? ids : [...ids.slice(0, 5), '…', ...ids.slice(-4)])
