import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import { isOurs, placeOf } from './core/client-address.ts'
import type { Clock } from './core/clock.ts'
import type { IpRange } from './core/ip-address.ts'
import { upgradeOptions } from './core/upgrade.ts'
import type { Certificate } from './tls-files.ts'

export interface HttpServerOptions {
  /** Without it, plain HTTP. */
  readonly certificate: Certificate | null
  readonly limits: ConnectionLimits
  readonly clock: Clock
  readonly logger: { warn(fields: object, message: string): void }
}

/** How many connections there may be at once. */
export interface ConnectionLimits {
  readonly maxConnections: number
  /** Of one place (`placeOf`), unless it is a proxy of ours, which is many clients. */
  readonly maxConnectionsPerAddress: number
  readonly trustedProxies: readonly IpRange[] | null
}

/** Longer than load balancers keep a connection (60 s), so that none sends a request into one that is just being closed. */
const KEEP_ALIVE_MS = 72_000
/** A flood is one line now and then. */
const WARN_EVERY_MS = 60_000

/**
 * Makes what Fastify listens by; with `localhost` it listens twice, and all of them count together. A connection that is one too many
 * is closed unheard: an answer would be work, which is what a flood is after. Bun closes one that sends no whole header after 12 s,
 * and knows no limit of its own for a body (tried with 1.4.5): `api/slow-clients.ts` has that.
 */
export function httpServers({ certificate, limits, clock, logger }: HttpServerOptions) {
  const connections = new OpenConnections(limits)
  let warnedAt = Number.NEGATIVE_INFINITY
  const warn = (address: string): void => {
    if (clock.now() - warnedAt < WARN_EVERY_MS) return
    warnedAt = clock.now()
    const { maxConnections, maxConnectionsPerAddress } = limits
    logger.warn(
      { address, maxConnections, maxConnectionsPerAddress },
      'connections are refused: there are as many as CREW_MAX_CONNECTIONS and …_PER_ADDRESS allow',
    )
  }
  const take = (socket: Socket): void => {
    const address = socket.remoteAddress ?? ''
    const giveBack = connections.take(address)
    if (giveBack !== null) return void socket.once('close', giveBack)
    warn(address)
    socket.destroy()
  }
  return (handle: RequestListener): Server => {
    const server =
      certificate === null
        ? createHttpServer(upgradeOptions, handle)
        : createHttpsServer({ ...certificate, ...upgradeOptions, minVersion: 'TLSv1.2' }, handle)
    server.keepAliveTimeout = KEEP_ALIVE_MS
    return server.setTimeout(0).on('connection', take)
  }
}

/** Counts what is open, in all and by place. */
export class OpenConnections {
  readonly #limits: ConnectionLimits
  readonly #byPlace = new Map<string, number>()
  #open = 0

  constructor(limits: ConnectionLimits) {
    this.#limits = limits
  }

  /** One more from there: answers how to give it back, which does so once; null when it is one too many. */
  take(address: string): (() => void) | null {
    const place = placeOf(address)
    const count = this.#byPlace.get(place) ?? 0
    const { maxConnections, maxConnectionsPerAddress, trustedProxies } = this.#limits
    const isFull = count >= maxConnectionsPerAddress && !isOurs(address, trustedProxies ?? [])
    if (isFull || this.#open >= maxConnections) return null
    this.#change(place, 1)
    let isOpen = true
    return () => {
      if (isOpen) this.#change(place, -1)
      isOpen = false
    }
  }

  #change(place: string, by: 1 | -1): void {
    const count = (this.#byPlace.get(place) ?? 0) + by
    this.#open += by
    if (count === 0) this.#byPlace.delete(place)
    else this.#byPlace.set(place, count)
  }
}
