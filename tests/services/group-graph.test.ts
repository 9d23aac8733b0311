import { expect, test } from 'vitest'
import { taskStates } from '../../server/core/task.ts'
import { MAX_GRAPH_TASKS, readGroupGraph } from '../../server/services/group-graph.ts'
import { pauseGroup } from '../../server/services/groups.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { openServiceWorld, refusalOf, type ServiceWorld } from '../support/service-world.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

const stateWords = async ({ context }: ServiceWorld) => {
  const { states, state } = await readGroupGraph(context, 'g')
  return state.map((place) => states[place])
}

test('a graph over several pages has every task once, and its parents', async () => {
  const world = await openServiceWorld()
  const ids = Array.from({ length: 4500 }, (_, n) => `t${n}`)
  await world.graph(ids.map((id, n) => ({ id, worker: `w${n % 3}`, parentIds: n === 0 ? [] : [`t${n >> 1}`] })))
  const graph = await readGroupGraph(world.context, 'g')
  expect(graph).toMatchObject({ count: 4500, ids, workers: ['w0', 'w1', 'w2'], isPartial: false })
  expect(graph.parents).toEqual(ids.map((_, n) => (n === 0 ? [] : [n >> 1])))
  expect(graph.worker).toEqual(ids.map((_, n) => n % 3))
})

test('the states of a graph are those of the list of tasks', async () => {
  const world = await openServiceWorld()
  const soon = world.clock.now() + 1000
  await world.graph([
    { id: 'a' },
    { id: 'b', parentIds: ['a'] },
    { id: 'c', runAfter: soon },
    { id: 'd', isPaused: true },
  ])
  expect(await stateWords(world)).toEqual(['ready', 'blocked', 'scheduled', 'paused'])
  await pauseGroup(world.context, 'g')
  expect(await stateWords(world)).toEqual(['paused', 'paused', 'paused', 'paused'])
})

test('a graph never reads a payload', async () => {
  const world = await openServiceWorld()
  await world.graph([{ id: 'a', input: '"secret"' }])
  const asked: unknown[] = []
  const spying = listing(world.storage, async (query) => {
    asked.push(query.payloads)
    return world.storage.listTasks(query)
  })
  await readGroupGraph(world.through(spying), 'g')
  expect(asked).toEqual([false])
})

test('a graph of more tasks than it may tell is partial', async () => {
  const world = await openServiceWorld()
  await world.graph([{ id: 'a' }])
  const [task] = [...(await world.loadAll()).values()]
  if (!task) throw new Error('the task is not there')
  const endless = listing(world.storage, async ({ page, pageSize }) => ({
    tasks: Array.from({ length: pageSize }, (_, n) => ({ ...task, id: `${page}-${n}` })),
    count: 1_000_000,
  }))
  const graph = await readGroupGraph(world.through(endless), 'g')
  expect([graph.ids.length, graph.count, graph.isPartial]).toEqual([MAX_GRAPH_TASKS, 1_000_000, true])
  expect(graph.states).toEqual(taskStates)
})

test('a task that moves up while pages are read is told once', async () => {
  const world = await openServiceWorld()
  await world.graph(Array.from({ length: 3000 }, (_, n) => ({ id: `t${n}` })))
  const moving = listing(world.storage, async (query) => {
    const { tasks, count } = await world.storage.listTasks(query)
    const [last] = (await world.storage.listTasks({ ...query, page: 1 })).tasks.slice(-1)
    return { tasks: query.page > 1 && last ? [last, ...tasks] : tasks, count }
  })
  const { ids } = await readGroupGraph(world.through(moving), 'g')
  expect(new Set(ids).size).toBe(ids.length)
})

test('there is no graph of an unknown group', async () => {
  const world = await openServiceWorld()
  await refusalOf('group_not_found', readGroupGraph(world.context, 'nobody'))
})

/** The storage with another list of tasks. */
const listing = (storage: TaskStorage, listTasks: TaskStorage['listTasks']) => wrapStorage(storage, { listTasks })
