import type { TaskView } from './snapshot.ts'

/** A task in the tree; `joins` counts the parents it really waits for. */
export interface TreeNode {
  readonly task: TaskView
  readonly joins: number
  readonly children: TreeNode[]
}

/**
 * A graph with several parents drawn as a tree. A task stands below the nearest task that all its ways lead through (its
 * immediate dominator): a join of twelve ads beside the ad sets, not below the last ad. Parents that another parent
 * implies are left out first, else every continuation would stand directly below its creator.
 */
export function arrangeTasks(tasks: readonly TaskView[]): readonly TreeNode[] {
  const places = new Map<string, Place>()
  const roots: TreeNode[] = []
  for (const task of parentsFirst(tasks)) {
    const parents = essential(task.parentIds.flatMap((id) => places.get(id) ?? []))
    const above = parents.reduce<Place | undefined>(commonPlace, parents[0])
    const place = { node: { task, joins: parents.length, children: [] }, above, ancestors: ancestorsOf(parents) }
    places.set(task.id, place)
    const siblings = above ? above.node.children : roots
    siblings.push(place.node)
  }
  return roots
}

interface Place {
  readonly node: TreeNode
  readonly above: Place | undefined
  /** All tasks before this one in the graph, not only those above it in the tree. */
  readonly ancestors: ReadonlySet<Place>
}

/** Every task after its parents, otherwise in the given order. A parent that is not listed is ignored. */
function parentsFirst(tasks: readonly TaskView[]): ReadonlySet<TaskView> {
  const byId = new Map(tasks.map((task) => [task.id, task]))
  const ordered = new Set<TaskView>()
  const visited = new Set<TaskView>()
  const visit = (task: TaskView) => {
    if (visited.has(task)) return
    visited.add(task)
    for (const parent of task.parentIds.flatMap((id) => byId.get(id) ?? [])) visit(parent)
    ordered.add(task)
  }
  for (const task of tasks) visit(task)
  return ordered
}

function essential(parents: readonly Place[]): readonly Place[] {
  return [...new Set(parents)].filter((parent) => !parents.some((other) => other.ancestors.has(parent)))
}

function ancestorsOf(parents: readonly Place[]): ReadonlySet<Place> {
  return new Set(parents.flatMap((parent) => [parent, ...parent.ancestors]))
}

/** The nearest place above both in the tree, or one of them; undefined when they hang on different roots. */
function commonPlace(one: Place | undefined, other: Place): Place | undefined {
  const line = new Set<Place>()
  for (let place = one; place; place = place.above) line.add(place)
  let place: Place | undefined = other
  while (place && !line.has(place)) place = place.above
  return place
}
