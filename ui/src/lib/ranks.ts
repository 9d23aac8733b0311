import { type Adjacency, degreeOf, neighboursOf, sizeOf } from './adjacency.ts'

/**
 * The length of the longest path that leads to each task, in Kahn's order: O(tasks + edges), and no deeper than a loop however deep
 * the graph is. What is in a cycle, which the API refuses, stays where it was reached.
 */
export function ranksOf(parents: Adjacency, children: Adjacency): Uint32Array {
  const count = sizeOf(parents)
  const ranks = new Uint32Array(count)
  const waiting = Uint32Array.from({ length: count }, (_, v) => degreeOf(parents, v))
  const queue = new Uint32Array(count)
  let end = 0
  for (let v = 0; v < count; v++) if (waiting[v] === 0) queue[end++] = v
  for (let at = 0; at < end; at++) {
    const v = queue[at] ?? 0
    const rank = (ranks[v] ?? 0) + 1
    for (const child of neighboursOf(children, v)) {
      if ((ranks[child] ?? 0) < rank) ranks[child] = rank
      const left = (waiting[child] ?? 0) - 1
      waiting[child] = left
      if (left === 0) queue[end++] = child
    }
  }
  return ranks
}
