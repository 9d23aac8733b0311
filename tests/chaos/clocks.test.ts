import { expect, test } from 'vitest'
import { expectSound } from '../e2e/redis/checks.ts'
import { LEASE_MS } from '../e2e/redis/fleet.ts'
import { storm } from '../e2e/redis/storm.ts'
import { readAttempts, readTask } from '../e2e/support/api-client.ts'
import type { Delivery } from '../e2e/support/recording-worker.ts'
import { eventually } from '../e2e/support/waiting.ts'
import { makeWorld } from '../e2e/support/world.ts'
import { makeFakeTime, NO_FAKE_TIME } from './store/fake-time.ts'
import { createLater, earlyOf, type Later } from './store/later.ts'

const HOUR = 3600
const MIN_TASKS = 200

test('servers whose clocks go an hour forward and back on Redis start nothing early, and leave nothing waiting', async ({
  skip,
}) => {
  skip(NO_FAKE_TIME !== '', NO_FAKE_TIME)
  const time = makeFakeTime()
  const due: Later = new Map()
  let deliveries: readonly Delivery[] = []
  const options = { size: 2, env: time.env, everyMs: 40 }
  const aftermath = await storm('clocks of servers', options, async ({ fleet, groupId, progress }) => {
    deliveries = fleet.worker.deliveries
    for (const aheadSeconds of [HOUR, -HOUR, 0]) {
      time.set(aheadSeconds)
      await createLater(fleet, groupId, due)
      await progress(60)
    }
    await eventually('what comes later ran', () => [...due.keys()].every((id) => fleet.worker.of(id).length > 0))
  })
  const { lost, tasks } = expectSound(aftermath)
  expect(earlyOf(due, deliveries)).toEqual([])
  expect(lost).toBe(0)
  expect(tasks).toBeGreaterThan(MIN_TASKS)
})

const AHEAD = 60
/** What is written in the moment before servers hear of it waits for as long. */
const BACK = 5

test('a Redis whose clock goes a minute forward ends leases, and one that goes back keeps nobody waiting for longer than that', async ({
  skip,
}) => {
  skip(NO_FAKE_TIME !== '', NO_FAKE_TIME)
  const time = makeFakeTime()
  const options = { size: 2, redis: { env: time.redisEnv }, everyMs: 40 }
  const aftermath = await storm('clock of Redis', options, async ({ fleet, progress, trouble, recovered }) => {
    for (const aheadSeconds of [AHEAD, AHEAD - BACK]) {
      // Every lease is over at once, whoever has it.
      for (const instance of fleet.instances) {
        trouble(instance)
        recovered(instance)
      }
      time.set(aheadSeconds)
      const since = fleet.worker.deliveries.length
      await progress(60)
      expect(fleet.worker.deliveries.length).toBeGreaterThan(since)
    }
  })
  expect(expectSound(aftermath).tasks).toBeGreaterThan(MIN_TASKS)
})

const IN_FLIGHT = 20
const WORK_MS = 1500

test('a server on SQLite whose clock goes an hour forward and back does everything once, also what it had in flight', async ({
  skip,
}) => {
  skip(NO_FAKE_TIME !== '', NO_FAKE_TIME)
  const time = makeFakeTime()
  const respond = ({ taskId, attempt }: Delivery) => ({
    delayMs: WORK_MS,
    status: taskId.endsWith('fails') && attempt === 1 ? 500 : 200,
  })
  const { api, worker, createTask } = await makeWorld({ env: { ...time.env, CREW_LEASE_MS: `${LEASE_MS}` }, respond })
  for (const aheadSeconds of [0, HOUR, 0]) {
    const ids = Array.from({ length: IN_FLIGHT }, (_, at) => `${worker.deliveries.length}-${at}`)
    for (const id of ids) await createTask({ id })
    await createTask({ id: `${ids[0]}-child`, parentIds: [ids[0]] })
    await createTask({ id: `${ids[0]}-fails`, errorDelayInSeconds: 0.05 })
    await eventually('all of them run', () => ids.every((id) => worker.of(id).length > 0))
    time.set(aheadSeconds === 0 ? HOUR : 0)
    const all = [...ids, `${ids[0]}-child`, `${ids[0]}-fails`]
    for (const id of all) await eventually(`${id} is done`, async () => (await readTask(api, id)).state === 'succeeded')
    const outcomes = await Promise.all(
      all.map(async (id) => (await readAttempts(api, id)).map(({ outcome }) => outcome)),
    )
    expect(outcomes.slice(0, -1)).toEqual(all.slice(1).map(() => ['succeeded']))
    expect(outcomes.at(-1)).toEqual(['failed', 'succeeded'])
    time.set(aheadSeconds)
  }
})
