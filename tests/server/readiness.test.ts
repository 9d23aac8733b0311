import { expect, test } from 'vitest'
import { createReadiness } from '../../server/readiness.ts'
import { simulatedClock } from '../support/simulated-clock.ts'

function makeReadiness() {
  const clock = simulatedClock()
  const world = { clock, writes: 0, isBroken: false, isStopping: false }
  const durability = { engine: 'sqlite', survives: 'power', detail: 'a file' } as const
  const putRecord = async (): Promise<void> => {
    world.writes++
    if (world.isBroken) throw new Error('disk is full')
  }
  const readiness = createReadiness({ storage: { putRecord, durability }, clock, isStopping: () => world.isStopping })
  return { world, readiness }
}

const detail = (state: string) => ({ state, storage: { engine: 'sqlite', survives: 'power' } })

test('it is ready while the storage can be written', async () => {
  const { world, readiness } = makeReadiness()
  expect(await readiness()).toEqual({ ready: true, detail: detail('ready') })
  world.isBroken = true
  world.clock.advance(1000)
  expect(await readiness()).toEqual({ ready: false, detail: detail('storage cannot be written') })
  world.isBroken = false
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
