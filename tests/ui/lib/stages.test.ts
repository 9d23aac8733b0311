import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countsOf, foldStages, type Stages } from '../../../ui/src/lib/stages.ts'
import { TASK_STATES } from '../../../ui/src/lib/states.ts'
import { withKnownTopology } from '../../../ui/src/lib/task-graph.ts'
import { MAX_SQUARES, sharesOf, squaresOf } from '../../../ui/src/lib/waffle.ts'
import { accounts, chain, graphOf, type Sketch } from './graphs.ts'

const stagesOf = (sketch: Sketch): Stages => foldStages(graphOf(sketch).topology)
const shapeOf = ({ stages }: Stages) => stages.map(({ worker, depth, members }) => [worker, depth, members.length])

describe('stages', () => {
  test('fold a fan-out and its join, with counts by state', () => {
    const graph = graphOf({
      parents: [[], [0], [0], [1, 2]],
      workers: ['list', 'fetch', 'fetch', 'merge'],
      states: ['succeeded', 'failed', 'running', 'blocked'],
    })
    const folded = foldStages(graph.topology)
    expect(shapeOf(folded)).toEqual([
      ['list', 0, 1],
      ['fetch', 1, 2],
      ['merge', 2, 1],
    ])
    const [, fetch] = folded.stages
    expect(fetch && countsOf(fetch, graph)).toMatchObject({ failed: 1, running: 1, blocked: 0 })
    expect(folded.edges).toEqual([
      { from: '0:list', to: '1:fetch', count: 2 },
      { from: '1:fetch', to: '2:merge', count: 2 },
    ])
  })

  test('put a task behind its deepest parent', () => {
    const { stages } = stagesOf({ parents: [[], [0], [0, 1]], workers: ['a', 'b', 'c'] })
    expect(stages.find(({ worker }) => worker === 'c')?.depth).toBe(2)
  })

  test('fold runs of one worker into their first', () => {
    const { stages, edges } = stagesOf({
      parents: [[], [0], [1], [2], [2], [3, 4]],
      workers: ['list', 'page', 'page', 'page', 'merge', 'publish'],
    })
    expect(stages.map(({ worker, depth, length, members }) => [worker, depth, length, members])).toEqual([
      ['list', 0, 1, [0]],
      ['page', 1, 3, [1, 2, 3]],
      ['merge', 3, 1, [4]],
      ['publish', 4, 1, [5]],
    ])
    expect(edges).toEqual([
      { from: '0:list', to: '1:page', count: 1 },
      { from: '1:page', to: '3:merge', count: 1 },
      { from: '1:page', to: '4:publish', count: 1 },
      { from: '3:merge', to: '4:publish', count: 1 },
    ])
  })

  test('never lead back, and leave nobody out', () => {
    const sketches = fc.array(fc.tuple(fc.nat(2), fc.array(fc.nat(40), { maxLength: 4 })), { maxLength: 40 })
    fc.assert(
      fc.property(sketches, (nodes) => {
        const { stages, edges } = stagesOf({
          parents: nodes.map(([, parents], v) => [...new Set(parents.filter((p) => p < v))]),
          workers: nodes.map(([worker]) => `w${worker}`),
        })
        const depth = new Map(stages.map((stage) => [stage.id, stage.depth]))
        for (const { from, to } of edges) expect(depth.get(from)).toBeLessThan(depth.get(to) ?? -1)
        const members = stages.flatMap((stage) => stage.members)
        expect(members.sort((a, b) => a - b)).toEqual(nodes.map((_, v) => v))
      }),
    )
  })

  test('of 50,000 tasks come at once', () => {
    expect(stagesOf(chain(50_000, ['a', 'b', 'c'])).stages.length).toBe(50_000)
    expect(shapeOf(stagesOf(chain(50_000)))).toEqual([['next', 0, 50_000]])
    expect(shapeOf(stagesOf(accounts(50_000)))).toHaveLength(4)
  })
})

describe('a graph that is read again', () => {
  const parents = [[], [0], [0]]
  const workers = ['a', 'b', 'b']
  const older = graphOf({ parents, workers })

  test('keeps its topology when only states changed', () => {
    const newer = withKnownTopology(older, graphOf({ parents, workers, states: ['failed'] }))
    expect(newer.topology).toBe(older.topology)
    expect(newer.states[0]).toBe(TASK_STATES.indexOf('failed'))
  })

  test.each([
    ['a task more', { parents: [...parents, [1]], workers: [...workers, 'b'] }],
    ['another parent', { parents: [[], [0], [1]], workers }],
    ['another worker', { parents, workers: ['a', 'b', 'c'] }],
  ])('has a new one with %s', (_what, sketch) => {
    expect(withKnownTopology(older, graphOf(sketch)).topology).not.toBe(older.topology)
  })
})

describe('the squares of a stage', () => {
  test('are its tasks in their order, while they are few', () => {
    expect(squaresOf([2, 0, 1], 9)).toEqual([2, 0, 1])
  })

  test('are shares in the order of the states, when they are many', () => {
    const states = Array.from({ length: 10_000 }, (_, i) => (i % 50 === 0 ? 5 : 0))
    const squares = squaresOf(states, 9)
    expect(squares).toEqual([...squares].sort((a, b) => a - b))
    expect(squares.filter((state) => state === 5)).toHaveLength(7)
  })

  test('are as many as there is room for, near the truth, and hide nothing', () => {
    const some = fc.array(fc.nat(100_000), { minLength: 1, maxLength: 9 }).filter((counts) => counts.some((n) => n > 0))
    fc.assert(
      fc.property(some, (counts) => {
        const shares = sharesOf(counts, MAX_SQUARES)
        const sum = counts.reduce((all, n) => all + n, 0)
        expect(shares.reduce((all, n) => all + n, 0)).toBe(MAX_SQUARES)
        for (const [i, count] of counts.entries()) {
          expect((shares[i] ?? 0) > 0).toBe(count > 0)
          const exact = (count * MAX_SQUARES) / sum
          expect(Math.abs((shares[i] ?? 0) - exact)).toBeLessThanOrEqual(exact < 1 ? 1 : 9)
        }
      }),
    )
  })
})
