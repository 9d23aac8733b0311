import { createHash } from 'node:crypto'
import type { Cluster, Redis } from 'ioredis'
import { pause } from './real-time.ts'
import { asRedisError, isUnknownScript } from './redis-errors.ts'
import type { RedisAddress } from './redis-url.ts'
import type { Subscriber, Subscription } from './subscriber.ts'

/** A script as it is sent: by its digest, and whole where Redis does not know it. */
export interface RedisScript {
  readonly text: string
  readonly sha: string
}

export function compileScript(text: string): RedisScript {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

export type RedisArgument = string | number | Buffer

/** Keys of a scan, and where to go on; '0' is the start and the end. */
export interface ScanStep {
  readonly cursor: string
  readonly keys: string[]
}

export interface RedisConnectionParts {
  readonly address: RedisAddress
  readonly client: Redis | Cluster
  readonly subscriber: Subscriber
  /** Called before what is open is closed. */
  onClose(): void
}

/**
 * What the engine asks of Redis. Each command is sent once; one that fails may have been done all the same (I14), and
 * rejects with a CrewError `storage_full` or `storage_unavailable` when Redis is the reason. States: `open`, in which the
 * connection may come and go, → close → `closed`.
 */
export class RedisConnection {
  readonly address: RedisAddress
  readonly #client: Redis | Cluster
  readonly #subscriber: Subscriber
  readonly #onClose: () => void

  constructor({ address, client, subscriber, onClose }: RedisConnectionParts) {
    this.address = address
    this.#client = client
    this.#subscriber = subscriber
    this.#onClose = onClose
  }

  /** In a Cluster the node is found by the command's first key. */
  async command(name: string, ...args: RedisArgument[]): Promise<unknown> {
    try {
      return await this.#client.call(name, ...args)
    } catch (error) {
      throw asRedisError(error)
    }
  }

  /** Runs a script with one key, which finds its node. */
  async run(script: RedisScript, key: string, args: readonly RedisArgument[]): Promise<unknown> {
    try {
      return await this.#client.call('evalsha', script.sha, 1, key, ...args)
    } catch (error) {
      if (!isUnknownScript(error)) throw asRedisError(error)
      return this.command('eval', script.text, 1, key, ...args)
    }
  }

  /** A step over the keys that begin with a hash tag, on the node that has them. */
  async scan(tag: string, cursor: string, count: number): Promise<ScanStep> {
    const [next, keys] = (await this.run(scanScript, tag, [cursor, `${tag}*`, count])) as [string, string[]]
    return { cursor: next, keys }
  }

  /** The same command on every master; on the one server where there is no Cluster. */
  async onMasters(name: string, ...args: RedisArgument[]): Promise<{ node: string; reply: unknown }[]> {
    const masters = 'nodes' in this.#client ? this.#client.nodes('master') : [this.#client]
    const asked = masters.map(async (master) => ({
      node: `${master.options.host}:${master.options.port}`,
      reply: await master.call(name, ...args).catch((error: unknown) => Promise.reject(asRedisError(error))),
    }))
    return Promise.all(asked)
  }

  /** Answers how to stop it. Messages may be missed; `onLive` tells when that may have been. */
  subscribe(subscription: Subscription): () => void {
    return this.#subscriber.subscribe(subscription)
  }

  /** What is under way is rejected. */
  async close(): Promise<void> {
    this.#onClose()
    await this.#subscriber.close()
    // Between two attempts nothing is open, and ioredis tells of no end.
    if (this.#client.status === 'end' || this.#client.status === 'reconnecting') return this.#client.disconnect()
    const ended = new Promise<void>((resolve) => this.#client.once('end', resolve))
    this.#client.disconnect()
    await Promise.race([ended, pause(CLOSE_MS, { isIdle: true })])
  }
}

/** A peer that hangs does not answer the end of a connection; ioredis gives up on it after 2 s. */
const CLOSE_MS = 3000

/** SCAN has no key to find its node by, a script has. */
const scanScript = compileScript(
  `#!lua flags=no-writes\nreturn redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])`,
)
