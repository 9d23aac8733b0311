import { type Dispatcher, Pool } from 'undici/index.js'
import type { AnswerHeaders } from '../core/rate-limit-headers.ts'
import type { WorkerReply } from '../core/worker-response.ts'
import { CHECKED_TLS, EGRESS_DENIED, type EgressGuardOptions, guardedConnector } from './egress-guard.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** One POST to a worker. */
export interface WorkerCall {
  readonly url: string
  /** Names and values in turn. */
  readonly headers: string[]
  readonly body: string
  readonly timeoutMs: number
  /** It goes to allowed addresses only. */
  readonly isGuarded: boolean
  /** Asked when a connection is there, which may be long after the call was made: whether it is still to be sent. */
  readonly mayStart: () => boolean
}

/** How a call ended; `unsent`: it might not start any more, and the worker has not heard of it. */
export type CallEnd = WorkerReply | { readonly kind: 'unsent' }

/** Calls workers. Never rejects: every way a call can go wrong is a reply. */
export interface WorkerClient {
  post(call: WorkerCall): { readonly reply: Promise<CallEnd>; readonly abort: () => void }
  close(): Promise<void>
}

export interface WorkerClientOptions {
  /** Connections to one origin: as many as attempts may be in flight; undici opens them only while others are busy. */
  readonly connections: number
  /** A larger answer is a failure (WIRE section 7). */
  readonly maxResponseBytes: number
  readonly wheel: TimerWheel
  /** Where guarded calls may go. */
  readonly egress: Pick<EgressGuardOptions, 'allowed' | 'resolve' | 'store' | 'tls'>
}

/** Long enough for a cold start behind a load balancer, short enough to notice an address that swallows packets. */
const CONNECT_TIMEOUT_MS = 10_000
/** Headers are a few hundred bytes; more is an attack or a mistake (PROOF S17). */
const MAX_HEADER_BYTES = 16 * 1024
/** Origins that are kept connected to: URLs may be set again and again. */
const MAX_POOLS = 1000

/**
 * Calls over undici's `dispatch`, the cheapest way it has (22 µs a call against 33–44 for `request` and 77 with an AbortSignal,
 * see PLATFORM). The real undici, never the bare import, which Bun replaces by one without limits. Redirects are not followed.
 */
export function createWorkerClient(options: WorkerClientOptions): WorkerClient {
  const pools = new Map<string, Pool>()
  const guarded = guardedConnector({ ...options.egress, timeoutMs: CONNECT_TIMEOUT_MS })
  const poolOf = (origin: string, isGuarded: boolean): Pool => {
    // Apart from each other, or a connection that nobody checked would serve a call that must be.
    const key = isGuarded ? `guarded ${origin}` : origin
    const known = pools.get(key)
    if (known) return known
    const pool = new Pool(origin, {
      connections: options.connections,
      pipelining: 1,
      allowH2: false,
      connect: isGuarded ? guarded : { timeout: CONNECT_TIMEOUT_MS, ...CHECKED_TLS },
      // The total time is ours (the wheel); these only watch for silence and would cost a timer each.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: MAX_HEADER_BYTES,
    })
    dropOldest(pools)
    pools.set(key, pool)
    return pool
  }
  return {
    post(call) {
      const { origin, path } = splitUrl(call.url)
      const exchange = new Exchange(call, options)
      const request = { path, method: 'POST', headers: call.headers, body: call.body } as const
      poolOf(origin, call.isGuarded).dispatch(request, exchange)
      return { reply: exchange.reply, abort: () => exchange.abort('networkError', 'the call was cut off') }
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
    },
  }
}

/** Its calls are finished first. */
function dropOldest(pools: Map<string, Pool>): void {
  const [oldest] = pools.size >= MAX_POOLS ? pools : []
  if (!oldest) return
  pools.delete(oldest[0])
  void oldest[1].close()
}

/** `new URL` costs more than the call's own bookkeeping, and worker URLs are base plus name: cut at the first slash of the path. */
function splitUrl(url: string): { origin: string; path: string } {
  const slash = url.indexOf('/', url.indexOf('://') + 3)
  return slash < 0 ? { origin: url, path: '/' } : { origin: url.slice(0, slash), path: url.slice(slash) }
}

/** One request and its answer: undici's handler, settled once. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly reply: Promise<CallEnd>
  readonly #maxBytes: number
  readonly #mayStart: () => boolean
  readonly #cancelDeadline: () => void
  #settle: (reply: CallEnd) => void = () => {}
  #controller: Dispatcher.DispatchController | null = null
  #isSettled = false
  #status = 0
  #headers: AnswerHeaders = {}
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(call: WorkerCall, options: WorkerClientOptions) {
    this.#maxBytes = options.maxResponseBytes
    this.#mayStart = call.mayStart
    this.reply = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#cancelDeadline = options.wheel.after(call.timeoutMs, () =>
      this.abort('timeout', `no complete answer within ${call.timeoutMs / 1000} s`),
    )
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (!this.#isSettled && !this.#mayStart()) this.#finish({ kind: 'unsent' })
    if (this.#isSettled) controller.abort(new Error('too late'))
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    // 1xx only announces the answer.
    if (status < 200) return
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes <= this.#maxBytes) this.#chunks.push(chunk)
    else this.abort('responseTooLarge', `the answer is larger than ${this.#maxBytes} bytes`)
  }

  onResponseEnd(): void {
    const body = decode(this.#chunks)
    if (body === null) this.#finish({ kind: 'networkError', message: 'the answer is not valid UTF-8' })
    else this.#finish({ kind: 'answer', status: this.#status, headers: this.#headers, body, bytes: this.#bytes })
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    if (codeOf(error) === EGRESS_DENIED) this.#finish({ kind: 'noAddress', message: EGRESS_DENIED_TEXT })
    else this.#finish({ kind: 'networkError', message: explain(error) })
  }

  abort(kind: 'timeout' | 'networkError' | 'responseTooLarge', message: string): void {
    if (this.#isSettled) return
    this.#finish({ kind, message })
    this.#controller?.abort(new Error(message))
  }

  #finish(reply: CallEnd): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#chunks = []
    this.#cancelDeadline()
    this.#settle(reply)
  }
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Null when the bytes are no UTF-8: payloads are stored as text, byte for byte, and must not change on the way. */
function decode(chunks: readonly Buffer[]): string | null {
  const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
  const text = bytes.toString('utf8')
  // The replacement character is rare: only its presence makes the slower strict check worth while.
  if (!text.includes('\ufffd')) return text
  try {
    return strict.decode(bytes)
  } catch {
    return null
  }
}

/** The same whatever is there, and also when nothing is. */
const EGRESS_DENIED_TEXT =
  "egress denied: CREW_EGRESS_ALLOW does not allow the address of this worker's url, or it is the store's"

const codeOf = (error: Error & { code?: string }): string | undefined =>
  error.code ?? (error.cause as { code?: string } | undefined)?.code

/** Says what is known without echoing addresses that the answer's author chose. */
function explain(error: Error): string {
  const code = codeOf(error)
  return `no answer: ${error.message || error.name}${code && !error.message.includes(code) ? ` (${code})` : ''}`
}
