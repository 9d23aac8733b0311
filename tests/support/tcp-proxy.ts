import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { freePort } from './free-port.ts'
import { ProxyLink, type Side } from './tcp-proxy-link.ts'

/** Where a proxy leads to. */
export interface ProxyTarget {
  readonly host: string
  readonly port: number
}

/** Recognises a request by the bytes of one read; a client that writes a command at once is seen whole. */
export type RequestMatch = (request: Buffer) => boolean

/** How all connections of a proxy behave. */
export interface ProxyWeather {
  /** Both ways: bytes are kept until the weather is fine again. */
  isHanging: boolean
  /** Bytes to the server are lost. */
  isLosingRequests: boolean
  /** Bytes back are lost. */
  isSwallowing: boolean
  /** Each answer comes this much later; asked for each. */
  delayMs: () => number
  /** Of answers. */
  bytesPerSecond: number
}

const FINE: ProxyWeather = {
  isHanging: false,
  isLosingRequests: false,
  isSwallowing: false,
  delayMs: () => 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
}

/**
 * Stands between a client and its server, and makes the weather. States: `passing` → swallowReplies, loseRequests, hang, refuse, delay,
 * throttle or breakRequests → bad weather of that kind, several at once if asked for → heal → `passing`; close ends it. What happens once
 * (cut, strand, swallowNextReply, cutAfterBytes, leadTo) is no weather.
 */
export class TcpProxy {
  readonly host = '127.0.0.1'
  #target: ProxyTarget
  readonly #links = new Set<ProxyLink>()
  readonly #weather: ProxyWeather = { ...FINE }
  readonly #waiting = new Set<{ readonly side: Side; seen(bytes: Buffer): void }>()
  #swallow: { readonly match: RequestMatch; swallowed(): void } | null = null
  #breaks: (() => boolean) | null = null
  #cutAfter: { bytesLeft: number; cut(): void } | null = null
  #server: Server | null = null
  #port: number

  private constructor(target: ProxyTarget, port: number) {
    this.#target = target
    this.#port = port
  }

  static async start(target: ProxyTarget): Promise<TcpProxy> {
    // It stays the same while connections are refused.
    const proxy = new TcpProxy(target, await freePort())
    await proxy.#listen()
    return proxy
  }

  get port(): number {
    return this.#port
  }

  /** How many connections there are now. */
  get connections(): number {
    return this.#links.size
  }

  /** Requests reach the server, answers are lost. */
  swallowReplies(): void {
    this.#weather.isSwallowing = true
  }

  /** Requests are lost, answers to what was asked before pass; nobody is told. */
  loseRequests(): void {
    this.#weather.isLosingRequests = true
  }

  /** Nothing passes, and nobody is told; what was sent meanwhile arrives when it heals, as packets that were sent again. */
  hang(): void {
    this.#weather.isHanging = true
  }

  /** Each answer comes this much later; of one connection none overtakes another. */
  delay(ms: number | (() => number)): void {
    this.#weather.delayMs = typeof ms === 'number' ? () => ms : ms
  }

  /** Answers come through at this rate, on each connection. */
  throttle(bytesPerSecond: number): void {
    this.#weather.bytesPerSecond = bytesPerSecond
  }

  /** A request for which it says so is lost, and its connection reset. */
  breakRequests(isBroken: () => boolean): void {
    this.#breaks = isBroken
  }

  /** After this many bytes of answers a connection is reset, in the middle of one; resolves when it was. */
  cutAfterBytes(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#cutAfter = { bytesLeft: bytes, cut: resolve }
    })
  }

  /** Every connection there is goes silent for good, and neither side is told (half open); new ones are welcome. */
  strand(): void {
    for (const link of this.#links) link.strand()
  }

  /** New connections lead there; those that exist stay. */
  leadTo(target: ProxyTarget): void {
    this.#target = target
  }

  /** Resets every connection; new ones are welcome. */
  cut(): void {
    for (const link of [...this.#links]) link.cut()
  }

  /** New connections are refused, as by a machine where nothing listens; those that exist stay. */
  async refuse(): Promise<void> {
    const server = this.#server
    this.#server = null
    // Not awaited: it calls back when the last connection ends, and listening ends at once.
    server?.close()
  }

  /**
   * The next request that matches reaches the server, its answer is lost and its connection cut. Resolves when the server
   * has worked off all that it was sent over that connection, so its effect is there to be seen.
   */
  swallowNextReply(match: RequestMatch = () => true): Promise<void> {
    return new Promise((resolve) => {
      this.#swallow = { match, swallowed: resolve }
    })
  }

  /** Resolves with the next request that matches, as it reaches the server. */
  nextRequest(match: RequestMatch = () => true): Promise<Buffer> {
    return this.#next('request', match)
  }

  /** Resolves with the next bytes that the server answers, whether they get through or not. */
  nextReply(): Promise<Buffer> {
    return this.#next('reply', () => true)
  }

  /** Fine weather. A connection that lost bytes is cut: no network gives half a stream. */
  async heal(): Promise<void> {
    Object.assign(this.#weather, FINE)
    this.#swallow = null
    this.#breaks = null
    this.#cutAfter = null
    for (const link of [...this.#links]) link.heal()
    if (this.#server === null) await this.#listen()
  }

  async close(): Promise<void> {
    await this.refuse()
    this.cut()
  }

  #next(side: Side, match: RequestMatch): Promise<Buffer> {
    return new Promise((resolve) => {
      const waiting = {
        side,
        seen: (bytes: Buffer) => {
          if (!match(bytes)) return
          this.#waiting.delete(waiting)
          resolve(bytes)
        },
      }
      this.#waiting.add(waiting)
    })
  }

  #tell(side: Side, bytes: Buffer): void {
    for (const waiting of [...this.#waiting]) if (waiting.side === side) waiting.seen(bytes)
  }

  /** Answers who to tell when it is this request whose answer is to be lost. */
  #chooseSwallowed(request: Buffer): (() => void) | null {
    const swallow = this.#swallow
    if (!swallow?.match(request)) return null
    this.#swallow = null
    return swallow.swallowed
  }

  #chooseBreak(side: Side, bytes: Buffer): number | null {
    if (side === 'request') return this.#breaks?.() ? 0 : null
    const cutAfter = this.#cutAfter
    if (!cutAfter) return null
    const passing = cutAfter.bytesLeft
    cutAfter.bytesLeft -= bytes.length
    if (cutAfter.bytesLeft > 0) return null
    this.#cutAfter = null
    cutAfter.cut()
    return passing
  }

  #accept(client: Socket): void {
    const link = new ProxyLink({
      client,
      server: createConnection({ ...this.#target, allowHalfOpen: true, noDelay: true }),
      weather: this.#weather,
      onRequest: (bytes) => this.#tell('request', bytes),
      onReply: (bytes) => this.#tell('reply', bytes),
      chooseSwallowed: (bytes) => this.#chooseSwallowed(bytes),
      chooseBreak: (side, bytes) => this.#chooseBreak(side, bytes),
      onGone: () => void this.#links.delete(link),
    })
    this.#links.add(link)
  }

  async #listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client))
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.#port, this.host, () => resolve())
    })
  }
}
