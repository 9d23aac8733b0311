import { expect, test } from 'vitest'
import { expectSound } from '../e2e/redis/checks.ts'
import { type Instance, openOf } from '../e2e/redis/fleet.ts'
import { storm } from '../e2e/redis/storm.ts'
import type { Delivery } from '../e2e/support/recording-worker.ts'
import { eventually } from '../e2e/support/waiting.ts'
import { makeFakeTime, NO_FAKE_TIME } from './store/fake-time.ts'
import { createLater, earlyOf, firstPostAt, type Later } from './store/later.ts'

const BACK_SECONDS = 60
/** Answers, again and again over that minute. */
const MORE = 40
const MIN_TASKS = 500
/** Two seconds are asked for, and the rest is for a machine that is busy. */
const PATIENCE_MS = 30_000
/** In flight as the clock goes back, in all and at the server that dies. */
const SLOW = 60
const SLOW_MS = 5000
const MIN_LOST = 3

test('a Redis whose clock goes a minute back lets work go on, starts nothing early, and keeps nobody waiting for longer than that', async ({
  skip,
}) => {
  skip(NO_FAKE_TIME !== '', NO_FAKE_TIME)
  const time = makeFakeTime()
  const later: Later = new Map()
  let deliveries: readonly Delivery[] = []
  let since = 0
  // For a minute, so not more than it takes to see.
  const options = { size: 3, redis: { env: time.redisEnv }, everyMs: 150 }
  const aftermath = await storm('clock of Redis back', options, async ({ fleet, groupId, progress, trouble }) => {
    deliveries = fleet.worker.deliveries
    const [victim, ...others] = fleet.instances as [Instance, Instance, Instance]
    await createLater(fleet, groupId, later)
    const tasks = Array.from({ length: SLOW }, (_, at) => ({ worker: `slow${at % 3}`, input: { delayMs: SLOW_MS } }))
    await victim.api.post(`/api/v1/task_group/${groupId}/tasks/batch`, { tasks })
    await eventually('it has some in flight', () => openOf(fleet, victim).length >= MIN_LOST)
    time.set(-BACK_SECONDS)
    since = performance.now()
    // Its leases end by the clock that went back.
    trouble(victim)
    await victim.kill9()
    await createLater({ instances: others }, groupId, later)
    while (performance.now() - since < BACK_SECONDS * 1000) await progress(MORE)
  })
  const { tasks, lost } = expectSound(aftermath)
  expect(lost).toBeGreaterThanOrEqual(MIN_LOST)
  // It is the clock of Redis that says when they are due, and some of the first were before it went back.
  const backAt = performance.timeOrigin + since
  const due = new Map(
    [...later].map(([id, at]) => [id, firstPostAt(deliveries, id) < backAt ? at : at + BACK_SECONDS * 1000]),
  )
  expect(earlyOf(due, deliveries)).toEqual([])
  expect(due.size).toBe(5)
  const waitedMs = Math.max(...[...due.keys()].map((id) => firstPostAt(deliveries, id))) - backAt
  console.log(JSON.stringify({ waitedMs }))
  expect(waitedMs).toBeLessThan(BACK_SECONDS * 1000 + PATIENCE_MS)
  expect(tasks).toBeGreaterThan(MIN_TASKS)
})
