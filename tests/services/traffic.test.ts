import { expect, test } from 'vitest'
import { NO_LIMITS } from '../../server/core/gate.ts'
import { editTraffic, getTraffic } from '../../server/services/traffic.ts'
import { openServiceWorld } from '../support/service-world.ts'

const open = { limits: NO_LIMITS, inFlight: 0, window: null, pace: null, nextStartAt: null, bound: null }

const many = (count: number) => Array.from({ length: count }, (_, at) => ({ id: `t${at}`, worker: `w${at}` }))

test('all tasks together are bounded by nothing unless somebody says so', async () => {
  const world = await openServiceWorld()
  await world.graph(many(3))
  expect(await getTraffic(world.context)).toEqual(open)
  await world.claim()
  expect(await getTraffic(world.context)).toEqual({ ...open, inFlight: 3 })
})

test('all tasks together run no more at once than is allowed, and go on when it is lifted', async () => {
  const world = await openServiceWorld()
  await editTraffic(world.context, { maxConcurrent: 2 })
  await world.graph(many(5))
  expect(await world.claim()).toHaveLength(2)
  expect(await getTraffic(world.context)).toMatchObject({ inFlight: 2, bound: 'concurrency', nextStartAt: null })
  expect(await editTraffic(world.context, { maxConcurrent: null })).toMatchObject({ limits: NO_LIMITS, bound: null })
  expect(await world.claim()).toHaveLength(3)
})

test('all tasks together start no faster than is allowed', async () => {
  const world = await openServiceWorld()
  await editTraffic(world.context, { rate: { count: 1, perMs: 1000, burst: 1 } })
  await world.graph(many(2))
  expect(await world.runAll()).toEqual(['t0'])
  const now = world.clock.now()
  expect(await getTraffic(world.context)).toMatchObject({ bound: 'rate', nextStartAt: now + 1000 })
  world.clock.set(now + 999)
  expect(await world.runAll()).toEqual([])
  world.clock.set(now + 1000)
  expect(await world.runAll()).toEqual(['t1'])
})

test('a limit that is set leaves the others', async () => {
  const world = await openServiceWorld()
  const rate = { count: 5, perMs: 1000, burst: 1 }
  await editTraffic(world.context, { rate })
  expect((await editTraffic(world.context, { maxConcurrent: 9 })).limits).toEqual({
    ...NO_LIMITS,
    rate,
    maxConcurrent: 9,
  })
})
