import { expect, onTestFinished, test } from 'vitest'
import { openRedisStorage } from '../../../storage/redis/open-redis-storage.ts'
import { parseRedisUrl } from '../../../storage/redis/redis-url.ts'
import { changeSet, insertTask, putGroup } from '../../support/changes.ts'
import { makeWorld } from '../../support/make.ts'
import { startRedisServer } from '../../support/redis-server.ts'

/** Almost as far apart as the check at the start allows. */
const SKEW_MS = 4900
const DUE_IN_MS = 4000

// I10 on several servers: none starts a task before its time because its own clock is ahead.
test.each([
  ['ahead', SKEW_MS, DUE_IN_MS, []],
  ['behind', -SKEW_MS, -DUE_IN_MS, ['t']],
])('the time of Redis decides what is due, not that of a server whose clock is %s', async (_, skewMs, dueInMs, due) => {
  const redis = await startRedisServer({ isOwn: true })
  onTestFinished(() => redis.stop())
  const storage = await openRedisStorage({
    address: parseRedisUrl({ text: redis.url }),
    clock: { now: () => Date.now() + skewMs },
    bootId: 'skewed',
  })
  onTestFinished(() => storage.close())
  const world = makeWorld()
  const group = world.group()
  const task = world.task({ id: 't', groupId: group.id, runAfter: Date.now() + dueInMs })
  await storage.commit([changeSet({ changes: [putGroup(group), insertTask(task)] })])
  const many = { limit: 10, slotsPerWorker: 10, slots: new Map(), maxLeasesPerWorker: 10 }
  const { tasks } = await storage.claim({ ...many, until: Date.now() + skewMs + 60_000 })
  expect(tasks.map((claimed) => claimed.task.id)).toEqual(due)
})
