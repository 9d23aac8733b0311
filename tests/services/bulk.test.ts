import { describe, expect, test } from 'vitest'
import { CrewError } from '../../server/core/errors.ts'
import { isComplete, isExhausted, isPaused } from '../../server/core/task.ts'
import { continueBulk, getBulk, listBulk, startBulk, stopBulk } from '../../server/services/bulk.ts'
import { MAX_KEPT } from '../../server/services/bulk-records.ts'
import { retryTask, updateTask } from '../../server/services/tasks.ts'
import { failedTasks, inGroup, matching, openBulk } from '../support/bulk-world.ts'
import { refusalOf } from '../support/service-world.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

const TEN_MINUTES = 600_000

describe('an operation', () => {
  test('retries a thousand tasks that a filter met, and tells what it did', async () => {
    const world = await openBulk()
    await world.graph(failedTasks(1000))
    const began = performance.now()
    const { operation, state } = await world.run({}, matching({ taskGroup: 'g', states: ['failed'] }))
    expect(performance.now() - began).toBeLessThan(5000)
    expect({ ...operation, state }).toMatchObject({ total: 1000, done: 1000, skipped: 0, failed: 0, state: 'finished' })
    expect(operation).toMatchObject({ actor: 'dana', endedAt: world.clock.now(), faults: [] })
    const tasks = [...(await world.loadAll()).values()]
    expect(tasks.filter((task) => task.remainingAttempts === 5 && !isExhausted(task))).toHaveLength(1000)
  })

  test('meets the frozen list, and nobody who came later', async () => {
    const world = await openBulk()
    await world.graph(failedTasks(2))
    const { id } = await world.order({}, inGroup)
    await world.graph(failedTasks(1, 'new'), { id: 'other' })
    await updateTask(world.context, { taskId: 't0' }, { isComplete: true })
    await startBulk(world.bulk, id, '')
    await world.bulk.bulk.ended(id)
    expect((await getBulk(world.bulk, id)).operation).toMatchObject({ total: 2, done: 1, skipped: 1 })
    expect(isExhausted(await world.load('new0'))).toBe(true)
    expect(await world.load('t0')).toMatchObject({ remainingAttempts: 0 })
  })

  test('pauses and resumes tasks', async () => {
    const world = await openBulk()
    await world.graph([{ id: 'a' }, { id: 'b' }])
    expect((await world.run({ action: 'pause' }, inGroup)).operation).toMatchObject({ done: 2 })
    expect([...(await world.loadAll()).values()].every(isPaused)).toBe(true)
    expect((await world.run({ action: 'resume' }, { ids: ['a'] })).operation).toMatchObject({ done: 1 })
    expect([isPaused(await world.load('a')), isPaused(await world.load('b'))]).toEqual([false, true])
  })

  test('runs now what is due later', async () => {
    const world = await openBulk()
    await world.graph([{ id: 'a', runAfter: world.clock.now() + 1000 }, { id: 'b' }])
    expect((await world.run({ action: 'runNow' }, inGroup)).operation).toMatchObject({ total: 1, done: 1 })
    expect(await world.load('a')).toMatchObject({ runAfter: world.clock.now() })
  })

  test('resets tasks, each with what is around it', async () => {
    const world = await openBulk()
    await world.graph([{ id: 'a', isComplete: true, output: '1' }, { id: 'b' }])
    expect((await world.run({ action: 'reset', remainingAttempts: 3 }, inGroup)).operation).toMatchObject({ done: 2 })
    const task = await world.load('a')
    expect([isComplete(task), task.output, task.remainingAttempts]).toEqual([false, 'null', 3])
  })

  test('deletes tasks; one that went with another was skipped', async () => {
    const world = await openBulk()
    await world.graph([{ id: 'a' }, { id: 'b', parentIds: ['a'] }, { id: 'c' }])
    const { operation } = await world.run({ action: 'delete' }, { ids: ['a', 'b'] })
    expect([operation.done + operation.skipped, operation.failed]).toEqual([2, 0])
    expect([...(await world.loadAll()).keys()]).toEqual(['c'])
  })

  test('does the same to groups', async () => {
    const world = await openBulk()
    await world.graph(failedTasks(2, 'a'), { id: 'a' })
    await world.graph(failedTasks(2, 'b'), { id: 'b' })
    const groups = { target: 'groups' } as const
    const both = { ids: ['a', 'b'] }
    const stateOf = async (id: string) => world.storage.getGroup(id)
    await world.run({ ...groups, action: 'pause' }, both)
    expect((await stateOf('a'))?.isPaused).toBe(true)
    await world.run({ ...groups, action: 'resume' }, both)
    expect((await stateOf('a'))?.isPaused).toBe(false)
    await world.run({ ...groups, action: 'retry' }, both)
    expect((await stateOf('b'))?.counts).toMatchObject({ failed: 0, waiting: 2 })
    await world.run({ ...groups, action: 'reset', remainingAttempts: 1 }, both)
    expect(await world.load('a0')).toMatchObject({ remainingAttempts: 1, holds: 0 })
    expect((await world.run({ ...groups, action: 'delete' }, both)).operation).toMatchObject({ done: 2 })
    expect([await stateOf('a'), await stateOf('b')]).toEqual([null, null])
  })

  test('spreads what it retries, higher priority first', async () => {
    const world = await openBulk()
    await world.graph([...failedTasks(3), { id: 'urgent', remainingAttempts: 0, priority: 1 }])
    const now = world.clock.now()
    await world.run({ spreadMs: 4000 }, inGroup)
    const dueAt = async (id: string) => (await world.load(id)).runAfter - now
    expect(await Promise.all(['t0', 't1', 't2'].map(dueAt))).toEqual([1000, 2000, 3000])
    expect(await dueAt('urgent')).toBeLessThanOrEqual(0)
  })

  test('goes on when one of its tasks cannot be changed', async () => {
    const world = await openBulk()
    await world.graph(failedTasks(3))
    const { id } = await world.order({ action: 'reset' }, inGroup)
    const faulty = world.server(
      wrapStorage(world.storage, {
        getTasks: (ids) =>
          ids.includes('t1') ? Promise.reject(new CrewError('conflict', 'not this one')) : world.storage.getTasks(ids),
      }),
    )
    await startBulk(faulty, id, '')
    await faulty.bulk.ended(id)
    expect((await getBulk(faulty, id)).operation).toMatchObject({
      state: 'finished',
      done: 2,
      failed: 1,
      faults: [{ id: 't1', message: 'not this one' }],
    })
  })

  test('of a task that changes all the time fails for that one alone', async () => {
    const world = await openBulk()
    await world.graph(failedTasks(2))
    const { id } = await world.order({}, inGroup)
    const racing = world.server(
      wrapStorage(world.storage, {
        async commit(changeSets) {
          const results = await world.storage.commit(changeSets.filter(({ events }) => !named(events, 't1')))
          return changeSets.map(({ events }) => (named(events, 't1') ? 'conflict' : (results.shift() ?? 'conflict')))
        },
      }),
    )
    await startBulk(racing, id, '')
    await racing.bulk.ended(id)
    const { operation } = await getBulk(racing, id)
    expect(operation).toMatchObject({ done: 1, failed: 1, faults: [{ id: 't1' }] })
  })

  test('lets others write in between', async () => {
    const world = await openBulk()
    await world.graph(failedTasks(1000))
    const sizes: number[] = []
    const watched = world.server(
      wrapStorage(world.storage, {
        commit(changeSets) {
          sizes.push(changeSets.length)
          return world.storage.commit(changeSets)
        },
      }),
    )
    const { id } = await world.order({}, inGroup)
    await startBulk(watched, id, '')
    await retryTask(world.context, { taskId: 't999' }, { remainingAttempts: 2 })
    await watched.bulk.ended(id)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(200)
  })
})

const named = (events: readonly object[], taskId: string): boolean =>
  events.some((event) => 'taskId' in event && event.taskId === taskId)

describe('a snapshot', () => {
  test('executed twice, also at the same moment, is one operation', async () => {
    const world = await openBulk()
    await world.graph(failedTasks(1))
    const { id } = await world.order({}, inGroup)
    const started = await Promise.all([startBulk(world.bulk, id, 'a'), startBulk(world.bulk, id, 'b')])
    await world.bulk.bulk.ended(id)
    const again = await startBulk(world.bulk, id, 'c')
    expect([...started, again].map(({ operation }) => operation.actor)).toEqual(['a', 'a', 'a'])
    expect(await listBulk(world.bulk, { page: 1, pageSize: 20 })).toMatchObject({ count: 1 })
  })

  test('is good for ten minutes, and then says so', async () => {
    const world = await openBulk()
    await world.graph(failedTasks(1))
    const { id } = await world.order({}, inGroup)
    world.clock.advance(TEN_MINUTES)
    await refusalOf('snapshot_expired', startBulk(world.bulk, id, ''))
    expect(await listBulk(world.bulk, { page: 1, pageSize: 20 })).toMatchObject({ count: 0 })
  })

  test.each(['nobody', '', 'a/b', '\ud800'])('that is not known (%j) is refused', async (id) => {
    const world = await openBulk()
    await refusalOf('bulk_not_found', startBulk(world.bulk, id, ''))
    await refusalOf('bulk_not_found', getBulk(world.bulk, id))
    await refusalOf('bulk_not_found', stopBulk(world.bulk, id))
    await refusalOf('bulk_not_found', continueBulk(world.bulk, id))
  })
})

test('operations are listed newest first, in pages, and the newest hundred are kept', async () => {
  const world = await openBulk()
  const ids: string[] = []
  for (let index = 0; index < MAX_KEPT + 2; index++) {
    world.clock.advance(1)
    const { operation } = await world.run({}, { ids: [] })
    ids.push(operation.id)
  }
  const { operations, count } = await listBulk(world.bulk, { page: 2, pageSize: 3 })
  expect(count).toBe(MAX_KEPT)
  expect(operations.map(({ operation }) => operation.id)).toEqual(ids.toReversed().slice(3, 6))
  await refusalOf('bulk_not_found', getBulk(world.bulk, ids[0] ?? ''))
})
