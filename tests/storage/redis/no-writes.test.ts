import { beforeAll, expect, test } from 'vitest'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { claimOf, type LossyWorld, openLossyWorld } from './lossy-world.ts'

let redis: RedisServer
let world: LossyWorld

beforeAll(async () => {
  redis = await startRedisServer({ isOwn: true })
  world = await openLossyWorld(redis)
  return async () => {
    await world.direct.close()
    await redis.stop()
  }
})

test('what is stored can be read where Redis takes no writes', async () => {
  const { direct, makeRound } = world
  await makeRound('g.')
  // As when its disk is full: every script that may write is refused.
  await redis.command('CONFIG', 'SET', 'min-replicas-to-write', 1)
  await expect(direct.claim(claimOf('g.'))).rejects.toMatchObject({ code: 'storage_unavailable' })
  const all = { page: 1, pageSize: 10 }
  const tasks = { ...all, groupId: 'g.', search: '', skipCompleted: false }
  expect((await direct.listTasks(tasks)).count).toBe(3)
  expect(await direct.getTasks(['g.a', 'g.b'])).toHaveLength(2)
  expect(await direct.getGroup('g.')).toMatchObject({ id: 'g.' })
  expect((await direct.listWorkgroups(all)).count).toBe(1)
  expect((await direct.listWorkers(all)).count).toBe(2)
  expect(await direct.listHolds('workgroup', [])).toEqual([])
  expect(await direct.listExpiredLeases(10)).toEqual([])
  expect(await direct.getGates([{ scope: 'worker', name: 'other' }])).toHaveLength(1)
  expect((await direct.audit()).faults).toEqual([])
  await redis.command('CONFIG', 'SET', 'min-replicas-to-write', 0)
  expect((await direct.claim(claimOf('g.'))).tasks).toHaveLength(1)
})
