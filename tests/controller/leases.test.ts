import { describe, expect, test } from 'vitest'
import { reapLeases } from '../../server/controller/lease-reaper.ts'
import { MAX_GIVEN_BACK } from '../../server/core/attempt.ts'
import { CrewError } from '../../server/core/errors.ts'
import { updateTask } from '../../server/services/tasks.ts'
import { answer } from '../support/attempts.ts'
import { openControllerWorld } from '../support/controller-world.ts'
import { noObserver } from '../support/no-observer.ts'
import { LEASE_MS } from '../support/service-world.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

describe('the lease of an attempt in flight', () => {
  test('is renewed for as long as the worker takes', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    await world.advance(10 * LEASE_MS)
    expect(world.workers.calls).toHaveLength(1)
    await world.reply('a', answer({ output: 1 }))
    expect(await world.load('a')).toMatchObject({ output: '1', givenBack: 0 })
  })

  test('is not taken for lost by its own server after the machine slept', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    await world.timers.jump(2 * LEASE_MS)
    expect(world.workers.calls).toHaveLength(1)
    await world.reply('a', answer({ output: 1 }))
    expect(await world.load('a')).toMatchObject({ output: '1', givenBack: 0 })
  })

  test('lets its POST start while it lasts, however often it was renewed, and not when it is over', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    await world.advance(3 * LEASE_MS)
    const { mayStart } = world.workers.call('a')
    expect(mayStart()).toBe(true)
    world.clock.advance(LEASE_MS)
    expect(mayStart()).toBe(false)
  })

  test('is given up without a trace when its POST might not start any more', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    await world.reply('a', { kind: 'unsent' })
    expect(world.workers.calls).toHaveLength(2)
    expect(await world.load('a')).toMatchObject({ attempts: 1, remainingAttempts: 5, givenBack: 0 })
    await world.reply('a', answer({ output: 1 }))
    expect((await world.storage.listAttempts('a')).map(({ number, outcome }) => [number, outcome])).toEqual([
      [1, 'succeeded'],
    ])
  })

  test('lasts until its result is durable, however long the storage fails', async () => {
    let isFailing = false
    const world = await openControllerWorld({
      wrap: (storage) =>
        wrapStorage(storage, {
          async commit(changeSets) {
            if (isFailing) throw new CrewError('storage_full', 'The disk is full.')
            return storage.commit(changeSets)
          },
        }),
    })
    await world.graph([{ id: 'a' }])
    await world.advance()
    isFailing = true
    await world.reply('a', answer({ output: 1 }))
    await world.advance(3 * LEASE_MS)
    isFailing = false
    await world.advance(5000)
    expect(world.workers.calls).toHaveLength(1)
    expect(await world.load('a')).toMatchObject({ output: '1', givenBack: 0 })
  })
})

describe('a lease that ended without a result', () => {
  test('of another boot is given back at the start, and the task runs again', async () => {
    const world = await openControllerWorld({ isStarted: false })
    await world.graph([{ id: 'a' }])
    await world.claim()
    world.clock.advance(LEASE_MS)
    await world.controller.start()
    await world.advance()
    expect(world.workers.openIds).toEqual(['a'])
    expect(await world.load('a')).toMatchObject({ givenBack: 1, remainingAttempts: 5, attempts: 2 })
  })

  test('is given back within a second of its end', async () => {
    const world = await openControllerWorld({ isStarted: false })
    await world.graph([{ id: 'a' }])
    await world.claim()
    await world.controller.start()
    await world.advance(LEASE_MS - 1)
    expect(world.workers.calls).toEqual([])
    await world.advance(1001)
    expect(world.workers.openIds).toEqual(['a'])
  })

  test('counts as a failure when it was given back ten times before', async () => {
    const world = await openControllerWorld({ isStarted: false })
    const { storage, clock, book, figures } = world
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
    await world.graph([{ id: 'a' }])
    for (let time = 1; time <= MAX_GIVEN_BACK; time++) {
      await world.claim()
      clock.advance(LEASE_MS)
      expect(
        await reapLeases({
          storage,
          clock,
          book,
          random: () => 0,
          logger,
          figures,
          observer: noObserver,
          isOwn: () => false,
        }),
      ).toBe(1)
      expect(await world.load('a')).toMatchObject({ remainingAttempts: 5, givenBack: time, errors: [] })
    }
    await world.claim()
    clock.advance(LEASE_MS)
    await reapLeases({
      storage,
      clock,
      book,
      random: () => 0,
      logger,
      figures,
      observer: noObserver,
      isOwn: () => false,
    })
    const task = await world.load('a')
    expect(task.remainingAttempts).toBe(4)
    expect(task.errors).toHaveLength(1)
  })

  test('belongs to nobody whose late answer would count', async () => {
    const world = await openControllerWorld({ isStarted: false })
    await world.graph([{ id: 'a' }])
    const [claimed] = await world.claim()
    world.clock.advance(LEASE_MS)
    await world.controller.start()
    await world.advance()
    if (claimed) expect(await world.finish(claimed, answer({ output: 'late' }))).toBe('leaseLost')
    await world.reply('a', answer({ output: 'fresh' }))
    expect((await world.load('a')).output).toBe('"fresh"')
  })

  test('of a hundred and more tasks are all given back at once, and run again as fast as their worker takes them', async () => {
    const world = await openControllerWorld({
      isStarted: false,
      limits: { maxInFlight: 500, maxInFlightPerWorker: 500 },
    })
    await world.graph(Array.from({ length: 250 }, (_, at) => ({ id: `t${at}` })))
    await world.claim()
    world.clock.advance(LEASE_MS)
    await world.controller.start()
    const tasks = [...(await world.loadAll()).values()]
    expect(tasks.every(({ givenBack }) => givenBack === 1)).toBe(true)
    await world.advance()
    for (let round = 0; world.workers.open.length > 0; round++) {
      expect(world.workers.open.length).toBe(Math.min(2 ** round, 250 + 1 - 2 ** round))
      for (const call of world.workers.open) call.reply()
      await world.advance(5)
    }
    expect(world.workers.calls).toHaveLength(250)
  })
})

describe('an edit while the task runs', () => {
  test('that comes between the answer and its commit is decided on again', async () => {
    let meanwhile: (() => Promise<unknown>) | null = null
    const world = await openControllerWorld({
      wrap: (storage) =>
        wrapStorage(storage, {
          async commit(changeSets) {
            const edit = meanwhile
            meanwhile = null
            await edit?.()
            return storage.commit(changeSets)
          },
        }),
    })
    await world.graph([{ id: 'a' }])
    await world.advance()
    meanwhile = () => updateTask(world.context, { taskId: 'a' }, { name: 'edited', isPaused: true })
    await world.reply('a', answer({ output: 1 }))
    expect(await world.load('a')).toMatchObject({ name: 'edited', holds: 3, output: '1' })
  })
})
