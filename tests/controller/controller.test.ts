import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Hold } from '../../server/core/task.ts'
import { pauseGroup, resetGroup, resumeGroup } from '../../server/services/groups.ts'
import { createTask, deleteTask, listAttempts, resetTask, updateTask } from '../../server/services/tasks.ts'
import { holdWorkgroup, resumeWorkgroup } from '../../server/services/workgroups.ts'
import { answer } from '../support/attempts.ts'
import { openControllerWorld } from '../support/controller-world.ts'
import { LEASE_MS } from '../support/service-world.ts'

const many = (count: number, fields: object = {}) =>
  Array.from({ length: count }, (_, at) => ({ id: `t${at}`, ...fields }))

describe('claiming', () => {
  test('runs a diamond in the order of its edges, with the results of the parents', async () => {
    const world = await openControllerWorld()
    await world.graph([
      { id: 'a' },
      { id: 'b', parentIds: ['a'] },
      { id: 'c', parentIds: ['a'] },
      { id: 'd', parentIds: ['c', 'b'] },
    ])
    await world.advance()
    expect(world.workers.openIds).toEqual(['a'])
    await world.reply('a', answer({ output: 'A' }))
    expect(world.workers.openIds).toEqual(['b', 'c'])
    await world.reply('b', answer({ output: 'B' }))
    expect(world.workers.openIds).toEqual(['c'])
    await world.reply('c', answer({ output: 'C' }))
    expect(world.workers.call('d').request.parents).toMatchObject([
      { taskId: 'c', output: 'C' },
      { taskId: 'b', output: 'B' },
    ])
    await world.reply('d')
    expect((await world.storage.getGroup('g'))?.counts.succeeded).toBe(4)
    expect(world.logged).toEqual([])
  })

  test('takes no more than fits, over all and per worker, and goes on as slots come free', async () => {
    const world = await openControllerWorld({ limits: { maxInFlight: 5, maxInFlightPerWorker: 3 } })
    await world.graph(many(12).map((task, at) => ({ ...task, worker: at < 8 ? 'busy' : 'calm' })))
    await world.advance()
    const perWorker = (worker: string) => world.workers.open.filter((call) => call.worker === worker).length
    expect([perWorker('busy'), perWorker('calm')]).toEqual([3, 2])
    expect(world.controller.inFlight).toBe(5)
    expect(world.controller.slotsOf('busy')).toEqual({ inFlight: 3, limit: 3 })
    for (let done = 0; done < 12; done++) {
      world.workers.open[0]?.reply()
      await world.advance(2)
      expect(perWorker('busy')).toBeLessThanOrEqual(3)
      expect(world.workers.open.length).toBeLessThanOrEqual(5)
    }
    expect(world.workers.calls).toHaveLength(12)
    expect(world.controller.inFlight).toBe(0)
  })

  test('goes through a backlog larger than one batch without waiting for the poll', async () => {
    const world = await openControllerWorld({ limits: { maxInFlight: 500, maxInFlightPerWorker: 500 } })
    await world.graph(many(300))
    await world.advance()
    expect(world.workers.open).toHaveLength(300)
  })

  test('reaches what stands behind many duplicates of a running task at once', async () => {
    const world = await openControllerWorld()
    await world.graph([...many(1000, { key: 'k', priority: 1 }), { id: 'behind' }])
    await world.advance(5)
    expect(world.workers.openIds).toEqual(['behind', 't0'])
  })

  test('claims nothing while no worker has an address', async () => {
    const world = await openControllerWorld({ baseUrl: null })
    await world.graph([{ id: 'a' }])
    await world.advance(5000)
    expect(world.workers.calls).toEqual([])
    expect((await world.load('a')).lease).toBe(null)
  })

  test('POSTs to the base URL and the worker’s name, with the timeout of the task', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a', worker: 'ads/build', timeoutSeconds: 7 }])
    await world.advance()
    expect(world.workers.call('a')).toMatchObject({ url: 'http://workers.test/ads/build', timeoutMs: 7000 })
  })
})

describe('time', () => {
  test('a task starts when it is due, not at the next poll', async () => {
    const world = await openControllerWorld()
    const dueAt = world.clock.now() + 1234
    await world.graph([{ id: 'a', runAfter: dueAt }])
    await world.advance(1233)
    expect(world.workers.calls).toEqual([])
    await world.advance(1)
    expect(world.workers.openIds).toEqual(['a'])
  })

  test('a task that comes due in an hour starts then, to the millisecond', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a', runAfter: world.clock.now() + 3_600_000 }])
    await world.advance(3_599_999)
    expect(world.workers.calls).toEqual([])
    await world.advance(1)
    expect(world.workers.openIds).toEqual(['a'])
  })

  test('a task that becomes due before the one that was waited for is not missed', async () => {
    const world = await openControllerWorld()
    const now = world.clock.now()
    await world.graph([{ id: 'late', runAfter: now + 900 }])
    await world.advance(100)
    await createTask(world.context, 'g', { id: 'soon', worker: 'w', runAfter: now + 300 })
    await world.advance(200)
    expect(world.workers.openIds).toEqual(['soon'])
    await world.advance(600)
    expect(world.workers.openIds).toEqual(['late', 'soon'])
  })

  test('a failed attempt is tried again after its delay, with the same delivery', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a', errorDelayInSeconds: 2.5 }])
    await world.advance()
    await world.reply('a', answer('', 500))
    await world.advance(2497)
    expect(world.workers.open).toEqual([])
    await world.advance(1)
    expect(world.workers.openIds).toEqual(['a'])
    const [first, second] = world.workers.calls.map(({ headers }) => headers[headers.indexOf('idempotency-key') + 1])
    expect(second).toBe(first)
  })

  test('a task is tried as often as it may be, then stays failed', async () => {
    const world = await openControllerWorld()
    await world.graph([
      { id: 'a', remainingAttempts: 3, errorDelayInSeconds: 1 },
      { id: 'b', parentIds: ['a'] },
    ])
    for (let attempt = 0; attempt < 3; attempt++) {
      await world.advance(1100)
      await world.reply('a', answer('', 500))
    }
    await world.advance(3_600_000)
    expect(world.workers.calls).toHaveLength(3)
    expect(await world.load('a')).toMatchObject({ remainingAttempts: 0, errors: Array(3).fill('HTTP 500') })
  })

  test('a rate limit holds the workgroup until its end and then starts one after the other', async () => {
    const world = await openControllerWorld({ limits: { maxInFlight: 1 } })
    await world.graph([{ id: 'a', workgroup: 'ads' }, { id: 'b', workgroup: 'ads' }, { id: 'c' }])
    await world.advance()
    await world.reply('a', answer('', 429, { 'retry-after': '30' }))
    await world.reply('c')
    await world.advance(29_990)
    expect(world.workers.open).toEqual([])
    await world.advance(10)
    expect(world.workers.open).toHaveLength(1)
    expect(await world.load('a')).toMatchObject({ remainingAttempts: 5, errors: [] })
  })

  test('a rate limit of a workgroup that the task is not in does not call again at once', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    await world.reply('a', answer({ workgroup: 'key-7' }, 429, { 'retry-after': '30' }))
    await world.advance(29_000)
    expect(world.workers.calls).toHaveLength(1)
    await world.advance(1000)
    expect(world.workers.calls).toHaveLength(2)
  })

  test('a hold that is ended by hand starts what waited at once', async () => {
    const world = await openControllerWorld()
    await holdWorkgroup(world.context, 'ads', { until: world.clock.now() + 3_600_000, reason: 'test' })
    await world.graph([{ id: 'a', workgroup: 'ads' }])
    await world.advance(5000)
    expect(world.workers.calls).toEqual([])
    await resumeWorkgroup(world.context, 'ads')
    await world.advance()
    expect(world.workers.openIds).toEqual(['a'])
  })
})

describe('parents', () => {
  const dag = fc
    .integer({ min: 1, max: 12 })
    .chain((size) => fc.tuple(...Array.from({ length: size }, (_, at) => fc.subarray(Array.from(Array(at).keys())))))
    .map((all) =>
      all.map((ids, at) => ({ id: `t${at}`, parentIds: ids.map((id) => `t${id}`), errorDelayInSeconds: 0 })),
    )

  test('are complete in the store before any child is POSTed, whatever the graph and the order of answers', async () => {
    await fc.assert(
      fc.asyncProperty(dag, fc.infiniteStream(fc.nat(20)), async (tasks, picks) => {
        const early: string[] = []
        const checks: Promise<void>[] = []
        const world = await openControllerWorld({
          onPost: ({ taskId, request }) => {
            const parents = request.parents.map((parent) => parent.taskId)
            checks.push(
              world.storage.getTasks(parents).then((stored) => {
                if (stored.length !== parents.length || stored.some(({ holds }) => (holds & Hold.complete) === 0))
                  early.push(taskId)
              }),
            )
          },
        })
        await world.graph(tasks)
        await world.advance()
        for (let step = 0; step < 200 && world.workers.open.length > 0; step++) {
          const pick = picks.next().value ?? 0
          const call = world.workers.open[pick % world.workers.open.length]
          call?.reply(answer(pick % 5 === 0 ? { error: 'x', retryAfterSeconds: 0 } : { output: pick }, 200))
          if (pick % 5 === 0) await updateTask(world.context, { taskId: call?.taskId ?? '' }, { name: 'n' })
          await world.advance(2)
        }
        await Promise.all(checks)
        expect(early).toEqual([])
        await world.controller.drain(0)
      }),
      { numRuns: 40 },
    )
  })
})

describe('a pause', () => {
  test('lets no new POST start once it is acknowledged, and attempts in flight finish and count', async () => {
    const world = await openControllerWorld({ limits: { maxInFlightPerWorker: 2 } })
    await world.graph(many(6))
    await world.advance()
    expect(world.workers.openIds).toEqual(['t0', 't1'])
    await pauseGroup(world.context, 'g')
    const posted = world.workers.calls.length
    await world.reply('t0', answer({ output: 1 }))
    await world.reply('t1', answer('', 500))
    await world.advance(120_000)
    expect(world.workers.calls).toHaveLength(posted)
    expect(await world.load('t0')).toMatchObject({ holds: Hold.complete, output: '1' })
    expect(await world.load('t1')).toMatchObject({ remainingAttempts: 4 })
    await resumeGroup(world.context, 'g')
    await world.advance()
    expect(world.workers.open).toHaveLength(2)
  })

  test('of a task that runs is not undone by its answer', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a', errorDelayInSeconds: 1 }])
    await world.advance()
    await updateTask(world.context, { taskId: 'a' }, { isPaused: true })
    await world.reply('a', answer('', 500))
    await world.advance(10_000)
    expect(world.workers.calls).toHaveLength(1)
    expect(await world.load('a')).toMatchObject({ holds: Hold.paused, remainingAttempts: 4 })
  })

  test('acknowledged while a claim is on its way lets nothing start', async () => {
    const world = await openControllerWorld()
    await world.graph(many(5), { isPaused: true })
    for (let round = 0; round < 20; round++) {
      const resumed = resumeGroup(world.context, 'g')
      const paused = resumed.then(() => pauseGroup(world.context, 'g'))
      await paused
      const posted = world.workers.calls.length
      for (const { taskId } of world.workers.open) await world.reply(taskId, answer('', 500))
      await world.advance(100)
      expect(world.workers.calls).toHaveLength(posted)
    }
  })
})

describe('a late answer', () => {
  test('after a reset changes nothing, and the task runs again', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }, { id: 'b', parentIds: ['a'] }])
    await world.advance()
    const late = world.workers.call('a')
    await resetTask(world.context, { taskId: 'a' }, { remainingAttempts: 5, descendants: false })
    await world.advance()
    expect(world.workers.calls).toHaveLength(2)
    late.reply(answer({ output: 'late', children: [{ worker: 'w' }] }))
    await world.advance(2)
    expect([...(await world.loadAll()).keys()]).toEqual(['a', 'b'])
    expect((await world.load('a')).output).toBe('null')
    await world.reply('a', answer({ output: 'fresh' }))
    expect((await world.load('a')).output).toBe('"fresh"')
  })

  test('after a deletion changes nothing', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }, { id: 'b' }])
    await world.advance()
    await deleteTask(world.context, { taskId: 'a' })
    await world.reply('a', answer({ children: [{ worker: 'w' }], workgroupDelayInSeconds: 9, workgroup: 'ads' }))
    expect([...(await world.loadAll()).keys()]).toEqual(['b'])
    expect(await world.storage.listHolds('workgroup')).toEqual([])
  })

  test('of an attempt that was reset is cut off at the next renewal', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    const late = world.workers.call('a')
    await resetTask(world.context, { taskId: 'a' }, { remainingAttempts: 5, descendants: false })
    await world.advance(LEASE_MS / 3)
    expect(late.isAborted).toBe(true)
    expect((await world.load('a')).remainingAttempts).toBe(5)
  })
})

describe('children of an answer', () => {
  test('run after their creator, and before what waits below them', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    const children = [
      { _child_id: 'join', channel: 'w', _parent_ids: ['x', 'y'] },
      { _child_id: 'x', channel: 'w' },
      { _child_id: 'y', channel: 'w' },
    ]
    await world.reply('a', answer({ children }))
    expect(world.workers.open).toHaveLength(2)
    for (const call of world.workers.open) call.reply(answer({ output: 1 }))
    await world.advance(2)
    expect(world.workers.open[0]?.request.parents.map(({ taskId }) => taskId).at(-1)).toBe('a')
    expect(world.workers.open[0]?.request.parents).toHaveLength(3)
  })

  test('that are bad fail the attempt with the pointer and create nothing', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }, { id: 'taken', isPaused: true }])
    await world.advance()
    await world.reply('a', answer({ children: [{ worker: 'w' }, { worker: 'w', id: 'taken' }] }))
    expect(await world.load('a')).toMatchObject({
      remainingAttempts: 4,
      errors: ['/children/1/id: a task with the id "taken" exists'],
    })
    expect((await world.loadAll()).size).toBe(2)
  })

  test('of two answers at the same time with the same id are created once', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }, { id: 'b' }])
    await world.advance()
    const reply = answer({ children: [{ id: 'c', worker: 'w' }] })
    world.workers.call('a').reply(reply)
    world.workers.call('b').reply(reply)
    await world.advance(2)
    const tasks = await world.loadAll()
    expect(tasks.size).toBe(3)
    expect([tasks.get('a')?.errors.length, tasks.get('b')?.errors.length].toSorted()).toEqual([0, 1])
  })
})

describe('duplicates', () => {
  test('run one at a time and all end with its result, in any group of the worker', async () => {
    const world = await openControllerWorld()
    await world.graph(
      [
        { id: 'a', key: 'k' },
        { id: 'b', key: 'k' },
        { id: 'below', parentIds: ['b'] },
      ],
      {
        keyScope: 'worker',
      },
    )
    await world.graph([{ id: 'far', key: 'k' }], { id: 'h', keyScope: 'worker' })
    await world.advance()
    expect(world.workers.open).toHaveLength(1)
    const [call] = world.workers.open
    await world.reply(call?.taskId ?? '', answer({ output: 'one' }))
    for (const id of ['a', 'b', 'far']) expect((await world.load(id)).output).toBe('"one"')
    expect(world.workers.openIds).toEqual(['below'])
    expect(world.workers.calls).toHaveLength(2)
  })

  test('share a failure, and one of them tries again', async () => {
    const world = await openControllerWorld()
    await world.graph(many(3, { key: 'k', errorDelayInSeconds: 1 }))
    await world.advance()
    await world.reply(world.workers.open[0]?.taskId ?? '', answer('', 500))
    for (const id of ['t0', 't1', 't2'])
      expect(await world.load(id)).toMatchObject({ remainingAttempts: 4, errors: ['HTTP 500'] })
    await world.advance(1000)
    expect(world.workers.open).toHaveLength(1)
  })

  test('that are added while it runs get its result too', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a', key: 'k' }])
    await world.advance()
    await createTask(world.context, 'g', { id: 'b', worker: 'w', key: 'k' })
    await world.reply('a', answer({ output: 7 }))
    expect((await world.load('b')).output).toBe('7')
  })
})

test('retention deletes groups that finished long ago, and no others', async () => {
  const world = await openControllerWorld({ retention: { keepMs: 3_600_000, keepFailedMs: 7_200_000, maxBytes: null } })
  await world.graph([{ id: 'a' }])
  await world.graph([{ id: 'b', isPaused: true }], { id: 'open' })
  await world.advance()
  await world.reply('a')
  await world.advance(3_500_000)
  expect(await world.storage.getGroup('g')).not.toBe(null)
  await world.advance(1_000_000)
  expect(await world.storage.getGroup('g')).toBe(null)
  expect(await world.storage.getGroup('open')).not.toBe(null)
})

test('every attempt has its record', async () => {
  const world = await openControllerWorld()
  await world.graph([{ id: 'a', errorDelayInSeconds: 0 }])
  await world.advance()
  await world.advance(40)
  await world.reply('a', answer('oops', 500))
  await world.advance(5)
  await world.reply('a', answer({ output: 1 }))
  expect((await listAttempts(world.context, { taskId: 'a' })).attempts).toMatchObject([
    { number: 2, outcome: 'succeeded', statusCode: 200, error: null },
    { number: 1, outcome: 'failed', statusCode: 500, error: 'HTTP 500: oops', bytes: 4, instance: 'boot-1' },
  ])
})

test('a group reset fences all that runs, and everything runs again from the start', async () => {
  const world = await openControllerWorld()
  await world.graph([{ id: 'a' }, { id: 'b', parentIds: ['a'] }, { id: 'c', parentIds: ['b'] }])
  await world.advance()
  await world.reply('a')
  const late = world.workers.call('b')
  await resetGroup(world.context, 'g', { remainingAttempts: 5 })
  await world.advance()
  expect(world.workers.openIds).toEqual(['a', 'b'])
  late.reply(answer({ output: 'late' }))
  await world.advance(2)
  expect(world.workers.openIds).toEqual(['a'])
  await world.reply('a')
  await world.reply('b', answer({ output: 'fresh' }))
  expect((await world.load('b')).output).toBe('"fresh"')
})
