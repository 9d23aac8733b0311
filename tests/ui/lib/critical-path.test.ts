import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { criticalPathOf, MAX_ASKED, maskOfPath, type Run } from '../../../ui/src/lib/critical-path.ts'
import type { TaskState } from '../../../ui/src/lib/states.ts'
import { chain, fanOut, graphOf, type Sketch } from './graphs.ts'

/** The graph with every task in this state, and who tells when they ran; `asked` has whom he was asked about. */
function world(sketch: Sketch, ends: readonly (number | null)[], states?: readonly TaskState[]) {
  const graph = graphOf({ ...sketch, states: states ?? ends.map(() => 'succeeded') })
  const asked: number[] = []
  const readRuns = async (tasks: readonly number[]): Promise<ReadonlyMap<number, Run>> => {
    asked.push(...tasks)
    return new Map(
      tasks.flatMap((v) => {
        const endedAt = ends[v] ?? null
        return endedAt === null ? [] : [[v, { startedAt: endedAt - 1, endedAt }] as const]
      }),
    )
  }
  return { graph, asked, path: () => criticalPathOf(graph, readRuns) }
}

const diamond: Sketch = { parents: [[], [0], [0], [1, 2]], workers: ['a', 'b', 'b', 'c'] }

describe('the critical path', () => {
  test('goes back from what ended last, each time to the parent that ended last', async () => {
    expect(await world(diamond, [1, 5, 3, 7]).path()).toEqual({ tasks: [0, 1, 3], tookMs: 7 })
    expect(await world(diamond, [1, 3, 5, 7]).path()).toEqual({ tasks: [0, 2, 3], tookMs: 7 })
  })

  test('ends where the group did, also when that is not at its end', async () => {
    const states: TaskState[] = ['succeeded', 'succeeded', 'failed', 'blocked']
    expect(await world(diamond, [1, 3, 9, null], states).path()).toEqual({ tasks: [0, 2], tookMs: 9 })
  })

  test('is asked of nobody where there is one parent alone', async () => {
    const { asked, path } = world(
      chain(1000),
      Array.from({ length: 1000 }, (_, v) => v + 1),
    )
    expect((await path())?.tasks.length).toBe(1000)
    expect(asked).toEqual([999, 0, 999])
  })

  test('is none where nothing has run, and goes over tasks of which nothing is known', async () => {
    expect(await world(diamond, [null, null, null, null]).path()).toBeNull()
    expect(await world(diamond, [null, null, null, 7]).path()).toEqual({ tasks: [0, 1, 3], tookMs: null })
  })

  test('is not looked for among more tasks than can be asked about', async () => {
    const count = MAX_ASKED + 2
    const { path } = world(
      fanOut(count),
      Array.from({ length: count }, (_, v) => v + 1),
    )
    await expect(path()).rejects.toThrow('too many')
  })

  test('is a chain of parents from a task without one to what ended last, whatever the graph', async () => {
    const sketches = fc.array(fc.tuple(fc.array(fc.nat(), { maxLength: 4 }), fc.nat(50)), {
      minLength: 1,
      maxLength: 30,
    })
    await fc.assert(
      fc.asyncProperty(sketches, async (drawn) => {
        const parents = drawn.map(([given], v) =>
          [...new Set(given.map((n) => n % Math.max(1, v)))].filter((p) => p < v),
        )
        // Each ends after all its parents, as it began after them.
        const ends: number[] = []
        for (const [v, [, own]] of drawn.entries())
          ends[v] = own + 1 + Math.max(0, ...(parents[v] ?? []).map((p) => ends[p] ?? 0))
        const { graph, path } = world({ parents, workers: parents.map(() => 'w') }, ends)
        const tasks = (await path())?.tasks ?? []
        expect(parents[tasks[0] ?? -1]).toEqual([])
        expect(ends[tasks.at(-1) ?? -1]).toBe(Math.max(...ends))
        for (const [i, v] of tasks.slice(1).entries()) {
          const before = tasks[i] ?? -1
          expect(parents[v]).toContain(before)
          expect(ends[before]).toBe(Math.max(...(parents[v] ?? []).map((p) => ends[p] ?? 0)))
        }
        const mask = maskOfPath({ tasks, tookMs: null }, graph)
        expect([...mask].reduce((sum, on) => sum + on, 0)).toBe(tasks.length)
      }),
    )
  })
})
