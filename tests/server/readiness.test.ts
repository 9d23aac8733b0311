import { expect, test } from 'vitest'
import { CrewError } from '../../server/core/errors.ts'
import { createReadiness, type Lag } from '../../server/readiness.ts'
import { simulatedClock } from '../support/simulated-clock.ts'

function makeReadiness() {
  const clock = simulatedClock()
  const world = {
    clock,
    writes: 0,
    error: null as Error | null,
    isStopping: false,
    lag: { schedulerMs: 0, eventLoopMs: 0 } as Lag,
  }
  const durability = { engine: 'sqlite', survives: 'power', detail: 'a file' } as const
  const putRecord = async (): Promise<void> => {
    world.writes++
    if (world.error) throw world.error
  }
  const readiness = createReadiness({
    storage: { putRecord, durability },
    clock,
    isStopping: () => world.isStopping,
    lag: () => world.lag,
  })
  return { world, readiness }
}

const detail = (state: string) => ({
  state,
  storage: { engine: 'sqlite', survives: 'power' },
  lag: { schedulerMs: 0, eventLoopMs: 0, isLate: false },
})

test('it is ready while the storage can be written', async () => {
  const { world, readiness } = makeReadiness()
  expect(await readiness()).toEqual({ ready: true, detail: detail('ready') })
  world.error = new CrewError('storage_full', 'The disk is full.')
  world.clock.advance(1000)
  expect(await readiness()).toEqual({ ready: false, detail: detail('read-only') })
  world.error = new CrewError('storage_unavailable', 'Redis at 10.1.2.3 is away.')
  world.clock.advance(1000)
  expect(await readiness()).toEqual({ ready: false, detail: detail('storage away') })
  world.error = null
  world.clock.advance(1000)
  expect((await readiness()).ready).toBe(true)
})

test('however many ask, the storage is tried once a second', async () => {
  const { world, readiness } = makeReadiness()
  await Promise.all(Array.from({ length: 50 }, readiness))
  world.clock.advance(999)
  await readiness()
  expect(world.writes).toBe(1)
})

test('it is not ready from the moment it stops', async () => {
  const { world, readiness } = makeReadiness()
  await readiness()
  world.isStopping = true
  expect(await readiness()).toEqual({ ready: false, detail: detail('stopping') })
})

test.each([
  [{ schedulerMs: 1000, eventLoopMs: 100 }, false],
  [{ schedulerMs: 1001, eventLoopMs: 0 }, true],
  [{ schedulerMs: 0, eventLoopMs: 101 }, true],
])('it tells that it is late and stays ready: %j', async (lag, isLate) => {
  const { world, readiness } = makeReadiness()
  world.lag = lag
  expect(await readiness()).toMatchObject({ ready: true, detail: { lag: { ...lag, isLate } } })
})
