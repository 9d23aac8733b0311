import { afterAll } from 'vitest'
import { startRedisServer } from '../support/redis-server.ts'
import { describeTaskStorage } from './conformance.ts'
import { describeStorageModel, modelTestOptions } from './model-run.ts'
import { redisStore } from './redis-factory.ts'

const started = startRedisServer()
afterAll(async () => (await started).stop())

async function redis() {
  const server = await started
  return { url: server.url, empty: () => server.command('FLUSHDB') }
}

describeTaskStorage('Redis', redisStore(redis))
describeTaskStorage('Redis, large changes in parts', redisStore(redis, { maxWeight: 2 }))
describeStorageModel('Redis', redisStore(redis), modelTestOptions({ share: 0.4 }))
describeStorageModel(
  'Redis, large changes in parts',
  redisStore(redis, { maxWeight: 2 }),
  modelTestOptions({ share: 0.2 }),
)
