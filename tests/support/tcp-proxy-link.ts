import type { Socket } from 'node:net'
import type { ProxyWeather } from './tcp-proxy.ts'

/** What a client sends, and what it is answered. */
export type Side = 'request' | 'reply'

export interface ProxyLinkOptions {
  readonly client: Socket
  readonly server: Socket
  readonly weather: Readonly<ProxyWeather>
  onRequest(bytes: Buffer): void
  onReply(bytes: Buffer): void
  /** Answers who to tell when the reply to this request was swallowed; null: it is to pass. */
  chooseSwallowed(request: Buffer): (() => void) | null
  /** Whether the connection breaks at these bytes: how many of them still pass; null: it does not. */
  chooseBreak(side: Side, bytes: Buffer): number | null
  onGone(): void
}

/**
 * One connection through the proxy. States: `passing` → hang → `holding` → heal → `passing`; a request whose reply is
 * lost → `losing` → cut; strand → `stranded` for good; cut, or the end of both sides → gone.
 */
export class ProxyLink {
  readonly #options: ProxyLinkOptions
  /** What hangs, in order. */
  #held: (() => void)[] = []
  #hasLostBytes = false
  /** Set when a reply is to be lost: who waits for it. */
  #swallowed: (() => void) | null = null
  /** Answers on their way to the client, in order: a shorter delay does not overtake a longer one. */
  readonly #onTheirWay: { readonly arrivesAt: number; readonly act: () => unknown }[] = []
  /** When the answers before are through, where the line is narrow. */
  #isFreeAt = 0
  #isStranded = false

  constructor(options: ProxyLinkOptions) {
    this.#options = options
    const { client, server } = options
    client.on('data', (bytes: Buffer) => this.#whenPassing(() => this.#toServer(bytes)))
    client.on('end', () => this.#whenPassing(() => void server.end()))
    server.on('data', (bytes: Buffer) => this.#whenPassing(() => this.#toClient(bytes)))
    server.on('end', () => this.#whenPassing(() => this.#serverEnded()))
    // A side that breaks, or cannot be reached, is shown to the other as a reset.
    client.on('error', () => this.#whenPassing(() => this.cut()))
    server.on('error', () => this.#whenPassing(() => this.cut()))
    client.on('close', () => this.#whenPassing(() => this.#gone()))
    server.on('close', () => this.#whenPassing(() => this.#gone()))
  }

  cut(): void {
    this.#held = []
    this.#onTheirWay.length = 0
    reset(this.#options.client)
    reset(this.#options.server)
    this.#options.onGone()
    this.#swallowed?.()
    this.#swallowed = null
  }

  heal(): void {
    const held = this.#held
    this.#held = []
    if (this.#hasLostBytes) this.cut()
    else for (const act of held) act()
  }

  /** Nothing of it arrives any more, and neither side is told: as when a firewall forgot it. */
  strand(): void {
    this.#held = []
    this.#onTheirWay.length = 0
    this.#isStranded = true
  }

  #whenPassing(act: () => void): void {
    if (this.#isStranded) return
    if (this.#options.weather.isHanging) this.#held.push(act)
    else act()
  }

  #toServer(bytes: Buffer): void {
    const { weather, server, chooseSwallowed, chooseBreak, onRequest } = this.#options
    if (this.#swallowed) return
    if (weather.isLosingRequests) {
      this.#hasLostBytes = true
      return
    }
    const passing = chooseBreak('request', bytes)
    if (passing === null) {
      this.#swallowed = chooseSwallowed(bytes)
      server.write(bytes)
      onRequest(bytes)
    } else this.#breakAfter(server, bytes.subarray(0, passing))
  }

  #toClient(bytes: Buffer): void {
    const { weather, client, server, chooseBreak, onReply } = this.#options
    if (this.#swallowed)
      server.end() // it works off what it has, then sees the end and closes
    else if (weather.isSwallowing) this.#hasLostBytes = true
    else {
      const passing = chooseBreak('reply', bytes)
      if (passing === null) this.#later(() => client.write(bytes), bytes.length)
      else this.#later(() => this.#breakAfter(client, bytes.subarray(0, passing)), passing)
    }
    onReply(bytes)
  }

  /** The reset comes behind the bytes, which are handed to the system before it, and nothing between them. */
  #breakAfter(to: Socket, bytes: Buffer): void {
    this.strand()
    if (bytes.length === 0 || to.destroyed) this.cut()
    else to.write(bytes, () => this.cut())
  }

  /** The client learns of the lost answer when the server is done, so that the effect is there before the retry. */
  #serverEnded(): void {
    if (this.#swallowed) this.cut()
    else this.#later(() => this.#options.client.end())
  }

  #later(act: () => unknown, bytes = 0): void {
    const { delayMs, bytesPerSecond } = this.#options.weather
    const now = performance.now()
    const goesAt = Math.max(now + delayMs(), this.#isFreeAt)
    const arrivesAt = goesAt + (bytes * 1000) / bytesPerSecond
    if (arrivesAt <= now && this.#onTheirWay.length === 0) {
      act()
      return
    }
    this.#isFreeAt = arrivesAt
    this.#onTheirWay.push({ arrivesAt, act })
    setTimeout(() => this.#deliver(), arrivesAt - now)
  }

  #deliver(): void {
    for (let next = this.#onTheirWay[0]; next && next.arrivesAt <= performance.now(); next = this.#onTheirWay[0]) {
      this.#onTheirWay.shift()
      next.act()
    }
    // A timer may fire a little early, and a shorter delay fires while a longer one is still in front of it.
    const [front] = this.#onTheirWay
    if (front) setTimeout(() => this.#deliver(), Math.max(1, front.arrivesAt - performance.now()))
  }

  #gone(): void {
    const { client, server } = this.#options
    if (client.destroyed && server.destroyed) this.#options.onGone()
    else if (client.destroyed) server.end()
  }
}

function reset(socket: Socket): void {
  if (socket.destroyed) return
  // Bun has no reset for sockets that never connected.
  if (typeof socket.resetAndDestroy === 'function' && !socket.connecting) socket.resetAndDestroy()
  else socket.destroy()
}
