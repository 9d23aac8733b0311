import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type GraphResult, type Node, orderGraph } from '../../server/core/graph.ts'

const pointer = (index: number): string => `/tasks/${index}`

function order(
  nodes: readonly Node[],
  store: { takenIds?: readonly string[]; knownParents?: readonly string[] } = {},
): GraphResult<Node> {
  const { takenIds = [], knownParents = [] } = store
  return orderGraph({ nodes, takenIds: new Set(takenIds), knownParents: new Set(knownParents), pointer })
}

const node = (id: string, ...parentIds: string[]): Node => ({ id, parentIds })

const idsOf = (result: GraphResult<Node>): string[] => {
  if (result.kind === 'refused') throw new Error(`refused: ${result.code}`)
  return result.nodes.map(({ id }) => id)
}

describe('an order', () => {
  test('of nothing is nothing', () => {
    expect(order([])).toEqual({ kind: 'ordered', nodes: [] })
  })

  test('keeps what was asked for where parents allow it', () => {
    expect(idsOf(order([node('c'), node('a'), node('b')]))).toEqual(['c', 'a', 'b'])
    expect(idsOf(order([node('a'), node('b', 'a'), node('c', 'b'), node('d')]))).toEqual(['a', 'b', 'c', 'd'])
  })

  test('puts parents before their children', () => {
    expect(idsOf(order([node('d', 'b', 'c'), node('c', 'a'), node('b', 'a'), node('a')]))).toEqual(['a', 'b', 'c', 'd'])
  })

  test('takes stored parents as given', () => {
    expect(idsOf(order([node('a', 'stored')], { takenIds: ['stored'], knownParents: ['stored'] }))).toEqual(['a'])
  })
})

describe('a batch is refused', () => {
  test('for every id that is taken or stands twice', () => {
    expect(order([node('a'), node('b'), node('a')], { takenIds: ['b'] })).toEqual({
      kind: 'refused',
      code: 'duplicate_id',
      faults: [
        { pointer: '/tasks/1/id', detail: 'a task with the id "b" exists' },
        { pointer: '/tasks/2/id', detail: 'the id "a" stands twice in the request' },
      ],
    })
  })

  test('for every parent that is in neither the group nor the batch', () => {
    const nodes = [node('a', 'x'), node('b', 'a', 'far')]
    expect(order(nodes, { takenIds: ['far'] })).toEqual({
      kind: 'refused',
      code: 'unknown_parent',
      faults: [
        { pointer: '/tasks/0/parentIds/0', detail: 'no task "x" in this group or request' },
        { pointer: '/tasks/1/parentIds/1', detail: 'no task "far" in this group or request' },
      ],
    })
  })

  test('for a cycle, which is named with a pointer into it', () => {
    const nodes = [node('free'), node('behind', 'a'), node('a', 'c'), node('b', 'a'), node('c', 'free', 'b')]
    expect(order(nodes)).toEqual({
      kind: 'refused',
      code: 'cycle',
      faults: [{ pointer: '/tasks/2/parentIds', detail: 'a cycle of parents: a → c → b → a' }],
    })
  })

  test('for a task that is its own parent', () => {
    expect(order([node('a', 'a')])).toMatchObject({
      faults: [{ pointer: '/tasks/0/parentIds', detail: 'a cycle of parents: a → a' }],
    })
  })

  test('for a long cycle, of which both ends are shown', () => {
    const size = 10_000
    const nodes = Array.from({ length: size }, (_, at) => node(`t${at}`, `t${(at + 1) % size}`))
    expect(order(nodes)).toMatchObject({
      faults: [{ detail: 'a cycle of parents: t0 → t1 → t2 → t3 → t4 → … → t9997 → t9998 → t9999 → t0' }],
    })
  })
})

/** Edges only from later to earlier, then shuffled: any acyclic graph. */
const dag = fc
  .integer({ min: 0, max: 25 })
  .chain((size) => fc.tuple(...Array.from({ length: size }, (_, at) => fc.subarray(Array.from(Array(at).keys())))))
  .map((parents) => parents.map((ids, at) => node(`t${at}`, ...ids.map((id) => `t${id}`))))
  .chain((nodes) => fc.shuffledSubarray(nodes, { minLength: nodes.length }))

test('any graph without a cycle comes out whole, with parents before children', () => {
  fc.assert(
    fc.property(dag, (nodes) => {
      const ordered = idsOf(order(nodes))
      expect(ordered.toSorted()).toEqual(nodes.map(({ id }) => id).toSorted())
      const at = new Map(ordered.map((id, index) => [id, index]))
      for (const { id, parentIds } of nodes)
        for (const parent of parentIds) expect(at.get(parent)).toBeLessThan(at.get(id) as number)
    }),
  )
})

test('any graph with an edge that closes a cycle is refused, and every step of the named cycle is an edge', () => {
  fc.assert(
    fc.property(
      dag.filter((nodes) => nodes.some(({ parentIds }) => parentIds.length > 0)),
      fc.nat(),
      (nodes, pick) => {
        const withParents = nodes.filter(({ parentIds }) => parentIds.length > 0)
        const child = withParents[pick % withParents.length] as Node
        const [parent] = child.parentIds
        const closed = nodes.map((one) => (one.id === parent ? node(one.id, ...one.parentIds, child.id) : one))
        const result = order(closed)
        expect(result).toMatchObject({ kind: 'refused', code: 'cycle' })
        if (result.kind !== 'refused') return
        const [, path = ''] = result.faults[0]?.detail.split(': ') ?? []
        const ids = path.split(' → ')
        expect(ids.at(0)).toBe(ids.at(-1))
        const parentsOf = new Map(closed.map((one) => [one.id, one.parentIds]))
        if (!ids.includes('…'))
          for (const [index, id] of ids.slice(0, -1).entries()) expect(parentsOf.get(id)).toContain(ids[index + 1])
      },
    ),
  )
})
