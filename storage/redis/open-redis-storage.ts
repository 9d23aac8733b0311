import { randomBytes } from 'node:crypto'
import type { Clock } from '../../server/core/clock.ts'
import type { ConnectOptions } from './connect.ts'
import { EventFeed } from './event-feed.ts'
import { partitionTag } from './keys.ts'
import { openRedis, untilThere } from './open-redis.ts'
import { Partition } from './partition.ts'
import { Partitions } from './partitions.ts'
import { realClock, realElapsed } from './real-time.ts'
import { compileScript, type RedisConnection } from './redis-connection.ts'
import { readRoom } from './redis-size.ts'
import { RedisStorage } from './redis-storage.ts'
import type { PartitionOptions, ScriptRunner } from './script-runner.ts'
import { composeScripts, type ScriptName } from './scripts.ts'
import type { Store } from './store.ts'
import { StoreClock } from './store-clock.ts'

export interface OpenRedisStorageOptions extends ConnectOptions {
  readonly clock: Clock
  readonly bootId: string
  /** CREW_ALLOW_VOLATILE_REDIS. */
  readonly isVolatileAllowed?: boolean
  /** To look at a store that is there: nothing is written, not even that somebody looked. */
  readonly isReadOnly?: boolean
  /** `clock` only in tests, whose time is simulated: what lives by Redis' own time then does not. */
  readonly time?: 'store' | 'clock'
  readonly newToken?: () => string
  /** Smaller in tests of large change sets. */
  readonly maxWeight?: number
}

/** One server has all keys; a Cluster moves slots about, so that more partitions than masters spread better. */
const PARTITIONS = { single: 1, cluster: 16 } as const

/** Opens the store, or rejects with a StorageOpenError whose message says what to do. */
export async function openRedisStorage(options: OpenRedisStorageOptions): Promise<RedisStorage> {
  const { address, bootId, time = 'store', maxWeight, isVolatileAllowed = false, isReadOnly = false } = options
  const partitions = PARTITIONS[address.kind]
  const openingClock = time === 'store' ? options.clock : realClock
  const { connection, durability } = await openRedis({
    ...options,
    isVolatileAllowed,
    isReadOnly,
    partitions,
    clock: openingClock,
  })
  try {
    const runner = await untilThere(() => runScriptsOn(connection, maxWeight), options.signal)
    const feed = new EventFeed({ runner, connection, bootId })
    const storeClock = time === 'store' ? new StoreClock({ clock: options.clock, elapsed: realElapsed }) : null
    const clock = storeClock ?? options.clock
    const store = createStore(partitions, {
      newToken,
      ...options,
      ...(storeClock && { storeClock }),
      clock,
      time,
      runner,
    })
    feed.subscribeRemote((events) => store.noteEvents?.(events))
    const storage = new RedisStorage({
      clock,
      store,
      feed,
      durability,
      isReadOnly,
      isPartitioned: partitions > 1,
      readRoom: () => readRoom(connection),
      onClose: () => connection.close(),
    })
    await untilThere(() => storage.open(), options.signal)
    return storage
  } catch (error) {
    await connection.close()
    throw error
  }
}

/** 96 random bits: a store that fails over repeats its counters, not these. */
const newToken = (): string => randomBytes(12).toString('base64url')

function createStore(partitions: number, options: Omit<PartitionOptions, 'tag'>): Store {
  return partitions === 1
    ? new Partition({ ...options, tag: partitionTag(0) })
    : new Partitions({ ...options, count: partitions })
}

/** A script that Redis does not know is sent again, and whole: what was asked for after it comes before it then. */
const IN_ORDER: readonly ScriptName[] = ['commit', 'commitWhenFull', 'claim']

/** The engine's scripts on a connection. Those whose order counts are known to Redis from the start. */
async function runScriptsOn(connection: RedisConnection, maxWeight?: number): Promise<ScriptRunner> {
  const scripts = composeScripts(maxWeight)
  const texts = Object.entries(scripts) as [ScriptName, string][]
  const compiled = new Map(texts.map(([name, text]) => [name, compileScript(text)]))
  await Promise.all(IN_ORDER.map((name) => connection.onMasters('script', 'load', scripts[name])))
  return {
    run: (name, tag, args) => {
      const script = compiled.get(name)
      if (!script) throw new Error(`there is no script ${name}`)
      return connection.run(script, tag, args)
    },
    command: (name, key, ...args) => connection.command(name, key, ...args),
    scan: (tag, cursor, count) => connection.scan(tag, cursor, count),
  }
}
