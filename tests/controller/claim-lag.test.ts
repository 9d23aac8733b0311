import { expect, test } from 'vitest'
import { CrewError } from '../../server/core/errors.ts'
import { openControllerWorld } from '../support/controller-world.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

test('a server that asks in time has no lag, however long tasks wait for their worker', async () => {
  const world = await openControllerWorld({ limits: { maxInFlight: 1 } })
  await world.graph([{ id: 'a' }, { id: 'b' }])
  await world.advance(30_000)
  expect(world.controller.claimLagMs).toBeLessThan(10)
})

test('timers that fire late are its lag, for about a minute', async () => {
  const world = await openControllerWorld({ timerGrainMs: 700 })
  await world.graph([{ id: 'later', runAfter: world.clock.now() + 150 }])
  await world.advance(1000)
  const lag = world.controller.claimLagMs
  expect(lag).toBeGreaterThan(300)
  expect(lag).toBeLessThan(700)
  await world.advance(70_000)
  expect(world.controller.claimLagMs).toBeLessThan(10)
})

test('while the storage does not answer it grows', async () => {
  let isAway = false
  const world = await openControllerWorld({
    wrap: (storage) =>
      wrapStorage(storage, {
        async claim(request) {
          if (isAway) throw new CrewError('storage_unavailable', 'away')
          return storage.claim(request)
        },
      }),
  })
  isAway = true
  await world.advance(9000)
  expect(world.controller.claimLagMs).toBeGreaterThan(7000)
  isAway = false
  await world.advance(100_000)
  expect(world.controller.claimLagMs).toBeLessThan(10)
})
