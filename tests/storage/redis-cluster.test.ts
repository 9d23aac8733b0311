import { afterAll } from 'vitest'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { describeTaskStorage } from './conformance.ts'
import { describeStorageModel, modelTestOptions } from './model-run.ts'
import { redisStore } from './redis-factory.ts'

const started = startRedisCluster()
afterAll(async () => (await started).stop())

async function cluster() {
  const { url, masters } = await started
  return { url, empty: () => Promise.all(masters.map((master) => master.command('FLUSHALL'))) }
}

describeTaskStorage('Redis Cluster', redisStore(cluster, { isPartitioned: true }))
describeStorageModel('Redis Cluster', redisStore(cluster, { isPartitioned: true }), modelTestOptions({ share: 0.1 }))
