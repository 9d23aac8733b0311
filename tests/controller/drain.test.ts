import { describe, expect, test } from 'vitest'
import { CrewError } from '../../server/core/errors.ts'
import { updateTask } from '../../server/services/tasks.ts'
import type { ClaimResult } from '../../storage/task-storage.ts'
import { answer } from '../support/attempts.ts'
import { type ControllerWorld, openControllerWorld } from '../support/controller-world.ts'
import { settle } from '../support/simulated-timers.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

/** Starts to drain, and tells whether it is done. */
function startDrain(world: ControllerWorld, limitMs: number): { readonly isDone: () => boolean } {
  let isDone = false
  void world.controller.drain(limitMs).then(() => {
    isDone = true
  })
  return { isDone: () => isDone }
}

describe('a drain', () => {
  test('claims nothing more, waits for what runs, and keeps its result', async () => {
    const world = await openControllerWorld({ limits: { maxInFlightPerWorker: 1 } })
    await world.graph([{ id: 'a' }, { id: 'b' }])
    await world.advance()
    const drain = startDrain(world, 30_000)
    await world.advance(10_000)
    expect(drain.isDone()).toBe(false)
    await world.reply('a', answer({ output: 1 }))
    expect(drain.isDone()).toBe(true)
    expect((await world.load('a')).output).toBe('1')
    await world.advance(60_000)
    expect(world.workers.calls).toHaveLength(1)
    expect((await world.load('b')).lease).toBe(null)
  })

  test('with nothing in flight is done at once, even with tasks due in an hour, and leaves no timer', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a', runAfter: world.clock.now() + 3_600_000 }])
    await world.advance(500)
    await world.controller.drain(30_000)
    expect(world.timers.nextAt).toBe(null)
  })

  test('cuts off at its limit what still runs and gives it back', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    const [call] = world.workers.open
    const drain = startDrain(world, 30_000)
    await world.advance(29_999)
    expect(call?.isAborted).toBe(false)
    await world.advance(10)
    expect(call?.isAborted).toBe(true)
    expect(drain.isDone()).toBe(true)
    expect(await world.load('a')).toMatchObject({ lease: null, givenBack: 1, remainingAttempts: 5, errors: [] })
    expect(world.timers.nextAt).toBe(null)
  })

  test('gives back a task that was paused while it ran', async () => {
    const world = await openControllerWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    await updateTask(world.context, { taskId: 'a' }, { isPaused: true })
    startDrain(world, 100)
    await world.advance(1000)
    expect(await world.load('a')).toMatchObject({ lease: null, givenBack: 1 })
  })

  test('renews the leases of what it waits for', async () => {
    const world = await openControllerWorld({ leaseMs: 3000 })
    await world.graph([{ id: 'a' }])
    await world.advance()
    startDrain(world, 30_000)
    await world.advance(20_000)
    expect((await world.load('a')).lease?.until).toBeGreaterThan(world.clock.now())
    await world.reply('a', answer({ output: 1 }))
    expect((await world.load('a')).output).toBe('1')
  })

  test('waits for a claim that is on its way and gives back what it brings without a trace', async () => {
    let release: () => void = () => {}
    const world = await openControllerWorld({
      wrap: (storage) =>
        wrapStorage(storage, {
          async claim(request): Promise<ClaimResult> {
            const result = await storage.claim(request)
            if (result.tasks.length > 0) await new Promise<void>((resolve) => (release = resolve))
            return result
          },
        }),
    })
    await world.graph([{ id: 'a' }])
    await world.advance()
    const drain = startDrain(world, 30_000)
    await settle()
    expect(drain.isDone()).toBe(false)
    release()
    await world.advance(5)
    expect(drain.isDone()).toBe(true)
    expect(world.workers.calls).toEqual([])
    expect(await world.load('a')).toMatchObject({ lease: null, attempts: 0, givenBack: 0 })
    expect(await world.storage.listAttempts('a')).toEqual([])
  })

  test('ends in time although the storage takes no results', async () => {
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
    const drain = startDrain(world, 5000)
    await world.reply('a')
    await world.advance(10_000)
    expect(drain.isDone()).toBe(true)
  })

  test('may be asked for twice', async () => {
    const world = await openControllerWorld()
    await world.controller.drain(10)
    await world.controller.drain(10)
  })
})
