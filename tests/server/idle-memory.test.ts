import { expect, test } from 'vitest'
import { IdleMemory } from '../../server/idle-memory.ts'
import { simulatedClock } from '../support/simulated-clock.ts'
import { simulatedTimers } from '../support/simulated-timers.ts'

const COLLECTION_MS = 60

function makeServer() {
  const timers = simulatedTimers(simulatedClock())
  const world = { cpuMs: 400, collections: 0 }
  const memory = new IdleMemory({
    timers,
    cpuMs: () => world.cpuMs,
    collect: () => {
      world.collections++
      world.cpuMs += COLLECTION_MS
    },
  })
  memory.start()
  /** For so many seconds with that much work in each. */
  const work = async (seconds: number, cpuMsEach: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      world.cpuMs += cpuMsEach
      await timers.advance(1000)
    }
  }
  return { world, memory, timers, work }
}

test('what a burst left is given back within a second or two of its end, once', async () => {
  const { world, work } = makeServer()
  await work(10, 300)
  expect(world.collections).toBe(0)
  await work(1, 20)
  expect(world.collections).toBe(1)
  await work(90, 20)
  expect(world.collections).toBe(1)
})

test('a server that has only started, or does little, is left alone', async () => {
  const { world, work } = makeServer()
  await work(600, 1)
  expect(world.collections).toBe(0)
})

test('one that does a little all the time gives back now and then', async () => {
  const { world, work } = makeServer()
  await work(600, 40)
  expect(world.collections).toBe(Math.floor((400 + 600 * 40) / 2000))
})

test('nothing is stopped while there is work, however long', async () => {
  const { world, work } = makeServer()
  await work(3600, 60)
  expect(world.collections).toBe(0)
})

test('after the stop nothing looks any more', async () => {
  const { memory, timers } = makeServer()
  memory.stop()
  expect(timers.nextAt).toBeNull()
})
