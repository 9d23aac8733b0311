import { openRedisStorage } from '../../storage/redis/open-redis-storage.ts'
import { parseRedisUrl } from '../../storage/redis/redis-url.ts'
import type { OpenOptions, StorageFactory } from './storage-world.ts'

/** A Redis that tests share one after the other. */
export interface TestRedis {
  readonly url: string
  /** Takes away everything in it. */
  empty(): Promise<unknown>
}

/** The engine on a Redis; each store begins with an empty one. `maxWeight`: change sets beyond it are applied in parts. */
export function redisStore(
  redis: () => Promise<TestRedis>,
  { maxWeight, isPartitioned = false }: { maxWeight?: number; isPartitioned?: boolean } = {},
): StorageFactory {
  const openAt = ({ url }: TestRedis, options: OpenOptions) =>
    openRedisStorage({
      address: parseRedisUrl({ text: url }),
      time: 'clock',
      ...(maxWeight !== undefined && { maxWeight }),
      ...options,
    })
  return {
    open: async (options) => {
      const server = await redis()
      await server.empty()
      return openAt(server, options)
    },
    reopen: async (options) => openAt(await redis(), options),
    isDurable: true,
    isUnordered: maxWeight !== undefined || isPartitioned,
    isPartitioned,
    cleanup: async () => {},
  }
}
