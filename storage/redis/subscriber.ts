import { Redis } from 'ioredis'
import { type commonOptions, retryDelayMs } from './client-options.ts'
import { pause, repeat } from './real-time.ts'
import type { RedisNode } from './redis-url.ts'

export interface Subscription {
  readonly channel: string
  onMessage(text: string): void
  /** Called each time it begins to hear, the first time too: what was published before may have been missed. */
  onLive?(): void
}

export interface SubscriberOptions {
  /** Where to listen; the next one is tried when one ends. In a Cluster every node hears what is published at any. */
  nodes(): readonly RedisNode[]
  readonly redis: ReturnType<typeof commonOptions>
}

/** Nothing is sent on a connection that only listens, so nobody would notice that it is dead. */
const HEARTBEAT_MS = 5000

/**
 * Listens to channels over a connection of its own. States: `idle` → subscribe → `connecting` → `live` → the connection
 * ends → `connecting` …; close ends it. Messages are hints: what is missed is found by the next poll.
 */
export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #subscriptions = new Set<Subscription>()
  readonly #closed = new AbortController()
  #live: Redis | null = null
  #running: Promise<void> | null = null

  constructor(options: SubscriberOptions) {
    this.#options = options
  }

  /** Answers how to stop it. */
  subscribe(subscription: Subscription): () => void {
    const isHeard = this.#channels().includes(subscription.channel)
    this.#subscriptions.add(subscription)
    this.#running ??= this.#listen()
    if (this.#live && isHeard) subscription.onLive?.()
    else if (this.#live) void this.#hear(this.#live, [subscription.channel])
    return () => this.#unsubscribe(subscription)
  }

  async close(): Promise<void> {
    this.#closed.abort()
    await this.#running
  }

  #unsubscribe(subscription: Subscription): void {
    this.#subscriptions.delete(subscription)
    if (this.#channels().includes(subscription.channel)) return
    // Best effort: a message on a channel that nobody asked for is dropped.
    this.#live?.unsubscribe(subscription.channel).catch(() => {})
  }

  async #listen(): Promise<void> {
    const { signal } = this.#closed
    let failures = 0
    for (let turn = 0; !signal.aborted; turn++) {
      const wasLive = await this.#listenOnce(turn)
      failures = wasLive ? 1 : failures + 1
      await pause(retryDelayMs(failures), { signal })
    }
  }

  /** Until the connection ends; answers whether it got as far as listening. */
  async #listenOnce(turn: number): Promise<boolean> {
    const nodes = this.#options.nodes()
    const node = nodes[turn % nodes.length] as RedisNode
    const redis = new Redis({ ...this.#options.redis, ...node, connectionName: 'crew-hints', retryStrategy: null })
    redis.on('error', () => {}) // `end` follows, and the connection of the commands tells why
    redis.on('message', (channel: string, text: string) => this.#tell(channel, text))
    const stop = () => redis.disconnect()
    this.#closed.signal.addEventListener('abort', stop)
    try {
      const ended = new Promise<void>((resolve) => redis.once('end', resolve))
      await redis.connect()
      beat(redis)
      this.#live = redis
      await this.#hear(redis, this.#channels())
      await ended
      return true
    } catch {
      return false
    } finally {
      this.#live = null
      this.#closed.signal.removeEventListener('abort', stop)
      redis.disconnect()
    }
  }

  async #hear(redis: Redis, channels: readonly string[]): Promise<void> {
    try {
      if (channels.length > 0) await redis.subscribe(...channels)
      for (const each of this.#subscriptions) if (channels.includes(each.channel)) each.onLive?.()
    } catch {
      redis.disconnect() // the next one hears all channels
    }
  }

  #tell(channel: string, text: string): void {
    for (const each of this.#subscriptions) if (each.channel === channel) each.onMessage(text)
  }

  #channels(): string[] {
    return [...new Set([...this.#subscriptions].map(({ channel }) => channel))]
  }
}

function beat(redis: Redis): void {
  const stop = repeat(HEARTBEAT_MS, () => void redis.ping().catch(() => redis.disconnect()))
  redis.once('end', stop)
}
