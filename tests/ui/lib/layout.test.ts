import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { adjacencyOf, neighboursOf, reversed } from '../../../ui/src/lib/adjacency.ts'
import { type Layout, layOut } from '../../../ui/src/lib/layout.ts'
import { layerAt } from '../../../ui/src/lib/layout-order.ts'
import { HUB_EDGES, wiresOf } from '../../../ui/src/lib/layout-wires.ts'
import { relativesOf, subgraphOf } from '../../../ui/src/lib/subgraph.ts'
import { quickestMs } from '../../support/quickest.ts'
import { accounts, chain, fanOut, linksOf } from './graphs.ts'

/** Tasks whose parents come before them, in any order that is. */
const anyGraph = fc
  .array(fc.array(fc.nat(60), { maxLength: 4 }), { minLength: 1, maxLength: 60 })
  .map((lists) => lists.map((list, v) => [...new Set(list.filter((parent) => parent < v))]))

const layoutOf = (parents: readonly (readonly number[])[], before?: Float64Array): Layout =>
  layOut({ ...linksOf(parents), ...(before && { before }) })

/** Each column's rows, as they are drawn. */
function rowsByColumn({ layers, rows }: Layout): number[][] {
  return Array.from({ length: layers.starts.length - 1 }, (_, c) => [...layerAt(layers, c)].map((v) => rows[v] ?? -1))
}

function expectNoOverlap(layout: Layout): void {
  for (const rows of rowsByColumn(layout))
    for (const [i, row] of rows.entries()) {
      expect(row).toBeGreaterThan(-1e-6)
      expect(row).toBeLessThan(layout.height)
      if (i > 0) expect(row - (rows[i - 1] ?? 0)).toBeGreaterThan(1 - 1e-6)
    }
}

describe('a layout', () => {
  test('leads each edge to the right, covers nothing and leaves nobody out', () => {
    fc.assert(
      fc.property(anyGraph, (parents) => {
        const layout = layoutOf(parents)
        for (const [child, list] of parents.entries())
          for (const parent of list) expect(layout.columns[parent]).toBeLessThan(layout.columns[child] ?? -1)
        expect([...layout.layers.nodes].sort((a, b) => a - b)).toEqual(parents.map((_, v) => v))
        for (const [c, rows] of rowsByColumn(layout).entries()) {
          expect(rows).toHaveLength(layerAt(layout.layers, c).length)
          for (const v of layerAt(layout.layers, c)) expect(layout.columns[v]).toBe(c)
        }
        expectNoOverlap(layout)
      }),
    )
  })

  test('is the same each time', () => {
    fc.assert(fc.property(anyGraph, (parents) => void expect(layoutOf(parents)).toEqual(layoutOf(parents))))
  })

  test('keeps the order of those that were there when tasks are added', () => {
    fc.assert(
      fc.property(anyGraph, fc.array(fc.array(fc.nat(60), { maxLength: 3 }), { maxLength: 10 }), (parents, added) => {
        const old = layoutOf(parents)
        const lists = [
          ...parents,
          ...added.map((list) => [...new Set(list.filter((parent) => parent < parents.length))]),
        ]
        const before = Float64Array.from(lists, (_, v) => old.rows[v] ?? Number.NaN)
        const now = layoutOf(lists, before)
        expectNoOverlap(now)
        const isLinked = (v: number): boolean => lists.some((list, u) => (u === v ? list.length > 0 : list.includes(v)))
        for (let c = 0; c < now.layers.starts.length - 1; c++) {
          const known = [...layerAt(now.layers, c)].filter((v) => v < parents.length && isLinked(v))
          const stayed = known.filter((v) => old.columns[v] === c)
          expect(stayed).toEqual([...stayed].sort((a, b) => (old.rows[a] ?? 0) - (old.rows[b] ?? 0)))
        }
      }),
    )
  })

  test('keeps lines that do not cross apart', () => {
    const { rows } = layoutOf([[], [], [], [2], [1], [0]])
    expect([...rows]).toEqual([0, 1, 2, 2, 1, 0])
  })

  test('puts one parent beside the middle of its children, and a source beside its first child', () => {
    const { rows, columns } = layoutOf([[], [0], [0], [0], [], [1, 2, 3, 4]])
    expect(rows[0]).toBeCloseTo(rows[2] ?? -1, 3)
    expect(columns[4]).toBe(1)
  })

  test('does not squash a column for the sake of what joins it', () => {
    const { rows } = layoutOf(accounts(1001).parents)
    const syncs = [...rows.subarray(1, 112)]
    expect(Math.max(...syncs) - Math.min(...syncs)).toBeGreaterThan(600)
  })

  test('of tasks without edges is a block', () => {
    const layout = layoutOf(Array.from({ length: 1000 }, () => []))
    expect(layout.layers.starts.length - 1).toBe(20)
    expect(layout.height).toBe(50)
    expectNoOverlap(layout)
  })

  test('has nobody beside its columns', () => {
    const { layers } = layoutOf([[], [0], [0]])
    expect([-1, 0, 1, 2, 3].map((column) => layerAt(layers, column).length)).toEqual([0, 1, 2, 0, 0])
  })

  test('bears a cycle, which no server sends', () => {
    expectNoOverlap(layoutOf([[2], [0], [1], [2]]))
  })

  test.each([
    ['a chain', chain(50_000)],
    ['a fan-out', fanOut(50_000)],
    ['accounts', accounts(50_000)],
  ])('of %s of 50,000 tasks comes soon', (_name, { parents }) => {
    const links = linksOf(parents)
    expect(quickestMs(3000, () => layOut(links))).toBeLessThan(3000)
    const layout = layOut(links)
    expect(layout.layers.nodes.length).toBe(50_000)
    expectNoOverlapQuickly(layout)
  })
})

/** The same without a promise for each of 50,000. */
function expectNoOverlapQuickly(layout: Layout): void {
  const tight = rowsByColumn(layout).flatMap((rows) => rows.filter((row, i) => row - (rows[i - 1] ?? -1) < 1 - 1e-6))
  expect(tight).toEqual([])
}

describe('wires', () => {
  test('carry every edge once: one by one, or as a stub of a hub', () => {
    const wide = fanOut(100).parents.map((list, v) => (v === 99 ? Array.from({ length: 99 }, (_, i) => i) : list))
    const random = anyGraph.map((parents) => [...parents, parents.map((_, v) => v)])
    fc.assert(
      fc.property(fc.oneof(random, fc.constant(wide)), (parents) => {
        const links = linksOf(parents)
        const { edges, buses } = wiresOf(links, layOut(links))
        const found = Array.from({ length: edges.length / 2 }, (_, i) => `${edges[2 * i]} ${edges[2 * i + 1]}`)
        for (const { hub, isOut, members } of buses)
          for (const v of members) found.push(isOut ? `${hub} ${v}` : `${v} ${hub}`)
        const given = parents.flatMap((list, child) => list.map((parent) => `${parent} ${child}`))
        expect(found.sort()).toEqual(given.sort())
      }),
    )
  })

  test('of a fan-out are one trunk', () => {
    const links = linksOf(fanOut(10_000).parents)
    const { edges, buses } = wiresOf(links, layOut(links))
    expect(edges).toHaveLength(0)
    expect(buses).toMatchObject([{ hub: 0, isOut: true, column: 1 }])
    expect(buses[0]?.members.length).toBeGreaterThan(HUB_EDGES)
  })
})

describe('a part of a graph', () => {
  test('has the edges between its tasks', () => {
    const links = linksOf([[], [0], [0], [1, 2], [3]])
    const part = subgraphOf(links, Uint8Array.from([1, 1, 0, 1, 0]))
    expect([...part.nodes]).toEqual([0, 1, 3])
    expect([0, 1, 2].map((v) => [...neighboursOf(part.parents, v)])).toEqual([[], [0], [1]])
  })

  test('that is a family has ancestors and descendants, and nobody else', () => {
    const links = linksOf([[], [], [0], [2], [2, 1], [1]])
    expect([...relativesOf(links, 2)]).toEqual([1, 0, 1, 1, 1, 0])
  })
})

test('edges turned twice are the same edges', () => {
  fc.assert(
    fc.property(anyGraph, (parents) => {
      const sorted = adjacencyOf(parents.map((list) => [...list].sort((a, b) => a - b)))
      expect(reversed(reversed(sorted))).toEqual(sorted)
    }),
  )
})
