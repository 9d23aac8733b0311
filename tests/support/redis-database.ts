import { Redis } from 'ioredis'

/** Redis has 16 databases unless told; 0 is left alone, as that is where others put theirs. */
const LAST_DATABASE = 15
const LOCK_SECONDS = 3600
const LOCK = 'crew-test:lock'

/** An empty database of a Redis that belongs to others, and how to give it back, emptied. */
export interface ClaimedDatabase {
  readonly url: string
  release(): Promise<void>
}

/** Takes the first database that holds nothing. The lock is a key in it, so that tests side by side take different ones. */
export async function claimDatabase(address: string): Promise<ClaimedDatabase> {
  for (let db = 1; db <= LAST_DATABASE; db++) {
    const url = Object.assign(new URL(address), { pathname: `/${db}` }).href
    const isOurs = await withRedis(url, async (redis) => {
      if ((await redis.dbsize()) > 0) return false
      return (await redis.set(LOCK, '1', 'EX', LOCK_SECONDS, 'NX')) === 'OK'
    }).catch(orNoSuchDatabase)
    if (isOurs) return { url, release: () => withRedis(url, async (redis) => void (await redis.flushdb())) }
  }
  throw new Error(`REDIS_URL names a Redis without an empty database from 1 to ${LAST_DATABASE}: empty one of them.`)
}

function orNoSuchDatabase(error: Error): false {
  if (/DB index is out of range/.test(error.message)) return false
  throw error
}

/** Over a connection of its own. */
export async function withRedis<Result>(url: string, work: (redis: Redis) => Promise<Result>): Promise<Result> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null })
  redis.on('error', () => {}) // connect() rejects with it
  try {
    await redis.connect()
    // ioredis goes on with database 0 when it cannot have the one of the address; this rejects.
    await redis.select(redis.options.db ?? 0)
    return await work(redis)
  } finally {
    redis.disconnect()
  }
}
