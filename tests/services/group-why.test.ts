import { setImmediate as othersTurn } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { explainTaskGroup } from '../../server/services/group-why.ts'
import { pauseGroup } from '../../server/services/groups.ts'
import { explainTask } from '../../server/services/tasks.ts'
import type { WorkerContext } from '../../server/services/worker-context.ts'
import { holdWorkgroup } from '../../server/services/workgroups.ts'
import { read } from '../support/attempts.ts'
import { nobodyOutside } from '../support/nobody-outside.ts'
import { openServiceWorld, refusalOf } from '../support/service-world.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import { makeDirectory } from '../support/worker-directory.ts'

/** How often others had a turn. */
function countTurns(): () => number {
  let [turns, isCounting] = [0, true]
  const look = () => {
    turns++
    if (isCounting) setImmediate(look)
  }
  setImmediate(look)
  return () => {
    isCounting = false
    return turns
  }
}

async function openWorld() {
  const world = await openServiceWorld()
  const { directory, settingsTurns, figures } = makeDirectory(world)
  const context: WorkerContext = { ...world.context, directory, settingsTurns, outside: nobodyOutside }
  /** A worker finished that many attempts, each of two seconds. */
  const finished = (worker: string, count: number) => {
    const endedAt = world.clock.now()
    const attempt = { outcome: read({}), startedAt: endedAt - 2000, endedAt, statusCode: 200 }
    for (let at = 0; at < count; at++) figures.record({ id: 'x', worker }, attempt)
  }
  return { ...world, context, finished }
}

const tasksOf = (count: number, worker: string, more: object = {}) =>
  Array.from({ length: count }, (_, at) => ({ id: `${worker}${at}`, worker, ...more }))

describe('why a group does not go on', () => {
  test('is what is most in the way of each of its tasks', async () => {
    const { context, graph, clock, claim } = await openWorld()
    await graph([
      { id: 'done', isComplete: true },
      { id: 'runs', key: 'k' },
      { id: 'twin', key: 'k' },
      { id: 'child', parentIds: ['runs'] },
      { id: 'bad', remainingAttempts: 0 },
      { id: 'below', parentIds: ['bad'] },
      { id: 'later', runAfter: clock.now() + 60_000 },
      ...tasksOf(3, 'v', { workgroup: 'ads' }),
    ])
    await holdWorkgroup(context, 'ads', { until: clock.now() + 5000, reason: 'HTTP 429' })
    expect((await claim()).map(({ task }) => task.id)).toEqual(['runs'])
    const why = await explainTaskGroup(context, 'g')
    expect(why).toMatchObject({ state: 'active', bottleneck: null, secondsLeft: null, isPartial: false })
    expect(why.reasons).toEqual([
      {
        code: 'workgroup_held',
        message: 'Workgroup ads is held: HTTP 429.',
        ref: 'ads',
        until: clock.now() + 5000,
        count: 3,
      },
      expect.objectContaining({ code: 'duplicate_running', count: 1 }),
      expect.objectContaining({ code: 'parent_unfinished', count: 1 }),
      expect.objectContaining({ code: 'no_attempts_left', count: 1 }),
      expect.objectContaining({ code: 'parent_unfinished', ref: 'bad', count: 1 }),
      expect.objectContaining({ code: 'not_due', until: clock.now() + 60_000, count: 1 }),
    ])
    for (const id of ['twin', 'child', 'bad', 'below', 'later', 'v0']) {
      const [first] = (await explainTask(context, { taskId: id })).reasons
      expect(why.reasons.map(({ code }) => code)).toContain(first?.code)
    }
  })

  test('of a paused group is the pause', async () => {
    const { context, graph } = await openWorld()
    await graph(tasksOf(3, 'w'))
    await pauseGroup(context, 'g')
    expect(await explainTaskGroup(context, 'g')).toMatchObject({
      state: 'paused',
      reasons: [{ code: 'group_paused', ref: 'g', count: 3 }],
    })
  })

  test('of a group that nobody knows is refused', async () => {
    const { context } = await openWorld()
    await refusalOf('group_not_found', explainTaskGroup(context, 'nobody'))
  })
})

describe('what is left to do in a group', () => {
  test('is estimated from what its workers did lately', async () => {
    const { context, graph, finished } = await openWorld()
    await graph([...tasksOf(40, 'fetch'), { id: 'm', worker: 'merge', parentIds: ['fetch0'] }])
    finished('fetch', 25)
    const { stages, bottleneck, secondsLeft } = await explainTaskGroup(context, 'g')
    // 40 tasks, 20 at once, of about two seconds each; the other worker is taken to be as fast.
    expect(stages).toMatchObject([
      { worker: 'fetch', waiting: 40, running: 0, limit: '20 at once' },
      { worker: 'merge', waiting: 1, limit: 'waits for parents' },
    ])
    expect(stages[0]?.secondsLeft).toBeGreaterThanOrEqual(4)
    expect(stages[0]?.secondsLeft).toBeLessThanOrEqual(5)
    expect(stages[1]).not.toHaveProperty('secondsLeft')
    expect(bottleneck?.worker).toBe('fetch')
    expect(secondsLeft).toBeGreaterThanOrEqual(6)
    expect(secondsLeft).toBeLessThanOrEqual(7)
  })

  test('is not estimated from few attempts', async () => {
    const { context, graph, finished } = await openWorld()
    await graph(tasksOf(2, 'fetch'))
    finished('fetch', 19)
    expect(await explainTaskGroup(context, 'g')).toMatchObject({ bottleneck: null, secondsLeft: null })
    finished('fetch', 1)
    expect((await explainTaskGroup(context, 'g')).secondsLeft).toBeGreaterThan(0)
  })

  test('waits for a hold, of the workgroup that all of a stage is in', async () => {
    const { context, graph, finished, clock } = await openWorld()
    await graph([
      ...tasksOf(2, 'a', { workgroup: 'ads' }),
      ...tasksOf(2, 'b', { workgroup: 'ads' }),
      { id: 'b9', worker: 'b' },
    ])
    for (const worker of ['a', 'b']) finished(worker, 20)
    await holdWorkgroup(context, 'ads', { until: clock.now() + 60_000, reason: '' })
    const { stages } = await explainTaskGroup(context, 'g')
    expect(stages).toMatchObject([
      { worker: 'a', limit: 'its workgroup ads is held' },
      { worker: 'b', limit: '20 at once' },
    ])
    expect(stages[0]?.secondsLeft).toBeGreaterThanOrEqual(62)
  })

  test('is that of a part when there is too much', async () => {
    const { context, graph, storage, load } = await openWorld()
    await graph([{ id: 'a' }])
    const task = await load('a')
    const endless = wrapStorage(storage, {
      async listTasks({ page, pageSize }) {
        return { tasks: Array.from({ length: pageSize }, (_, at) => ({ ...task, id: `${page}-${at}` })), count: 1e6 }
      },
    })
    const why = await explainTaskGroup({ ...context, storage: endless }, 'g')
    expect(why).toMatchObject({ isPartial: true, stages: [{ waiting: 50_000 }] })
  })
})

test.each([
  ['one behind the other', (at: number) => (at === 0 ? [] : [`t${at - 1}`])],
  [
    'in levels',
    (at: number) => (at < 100 ? [] : [1, 2, 3].map((by) => `t${at - 100 - (at % 100) + ((at * by) % 100)}`)),
  ],
])('50,000 tasks %s are explained while others have their turns', async (_how, parentsOf) => {
  const { context, graph, storage, load, finished } = await openWorld()
  await graph([{ id: 'a' }])
  const task = { ...(await load('a')), unfinishedParents: 1 }
  const large = wrapStorage(storage, {
    async listTasks({ page, pageSize }) {
      await othersTurn()
      const places = Array.from({ length: pageSize }, (_, at) => (page - 1) * pageSize + at)
      return { tasks: places.map((at) => ({ ...task, id: `t${at}`, parentIds: parentsOf(at) })), count: 50_000 }
    },
  })
  finished('w', 25)
  // Each look at the time finds it a millisecond later, so that a turn is ten steps on any machine.
  let time = 0
  const looks = vi.spyOn(performance, 'now').mockImplementation(() => ++time)
  const turns = countTurns()
  const why = await explainTaskGroup({ ...context, storage: large }, 'g').finally(() => looks.mockRestore())
  expect(turns()).toBeGreaterThan(10_000)
  expect(why.stages).toMatchObject([{ waiting: 50_000 }])
  expect(why.secondsLeft).toBeGreaterThan(0)
})
