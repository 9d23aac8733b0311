/**
 * Who follows whom, by index, in two flat arrays that a worker can be given: the neighbours of `v` are those in `ends` from
 * `starts[v]` up to `starts[v + 1]`.
 */
export interface Adjacency {
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

/** Of lists of indexes. One that leads nowhere or to itself is left out. */
export function adjacencyOf(lists: readonly (readonly number[])[]): Adjacency {
  const isEdge = (from: number, to: number): boolean => to !== from && to >= 0 && to < lists.length
  const starts = new Uint32Array(lists.length + 1)
  let size = 0
  for (const [from, list] of lists.entries()) {
    for (const to of list) if (isEdge(from, to)) size++
    starts[from + 1] = size
  }
  const ends = new Uint32Array(size)
  let at = 0
  for (const [from, list] of lists.entries()) for (const to of list) if (isEdge(from, to)) ends[at++] = to
  return { starts, ends }
}

/** The same edges from their other ends, in the order of the nodes they come from. */
export function reversed(adjacency: Adjacency): Adjacency {
  const count = sizeOf(adjacency)
  const starts = new Uint32Array(count + 1)
  for (const to of adjacency.ends) starts[to + 1] = (starts[to + 1] ?? 0) + 1
  for (let v = 0; v < count; v++) starts[v + 1] = (starts[v + 1] ?? 0) + (starts[v] ?? 0)
  const next = starts.slice(0, count)
  const ends = new Uint32Array(adjacency.ends.length)
  for (let from = 0; from < count; from++)
    for (const to of neighboursOf(adjacency, from)) {
      const at = next[to] ?? 0
      ends[at] = from
      next[to] = at + 1
    }
  return { starts, ends }
}

/** How many nodes there are. */
export const sizeOf = ({ starts }: Adjacency): number => starts.length - 1

export const neighboursOf = ({ starts, ends }: Adjacency, v: number): Uint32Array =>
  ends.subarray(starts[v], starts[v + 1])

export const degreeOf = ({ starts }: Adjacency, v: number): number => (starts[v + 1] ?? 0) - (starts[v] ?? 0)
