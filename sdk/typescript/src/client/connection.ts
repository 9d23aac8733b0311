import { type Host, hostWith } from '../host.ts'
import { retrying } from '../http/retrying.ts'
import { CrewProblem, problemOf } from './crew-problem.ts'

export interface ClientOptions {
  /** Where the server is, with its base path if it has one: `https://crew.example.com`. */
  readonly url: string
  /** `CREW_AUTH_TOKEN`, or one of `POST /api/v1/tokens`. Without it the server's login must be off. */
  readonly token?: string | undefined
  /** How long one try may take; 30 when left out. */
  readonly timeoutSeconds?: number
  /** For how long what may be sent again is, while the server is away or busy; 30 when left out, 0 is never. */
  readonly retrySeconds?: number
  /** Instead of the runtime's. */
  readonly fetch?: Host['fetch']
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /**
   * The same key gives the same answer and one effect, for 24 hours; with another body it is refused. A call with a key is sent again
   * when the server did not answer.
   */
  readonly idempotencyKey?: string
  /** How long one try of this call may take. */
  readonly timeoutSeconds?: number
}

/** JSON text to be sent; null sends no body. */
export interface Message {
  readonly method: string
  /** Behind the server's address, without a slash before it. */
  readonly path: string
  readonly body: string | null
}

/** A way to a server, for what is no operation of its API. */
export interface Connection {
  readonly host: Host
  /** The text of a 2xx; else a CrewProblem is thrown. Sent again only when it reads or has an idempotency key. */
  send(message: Message, options?: CallOptions): Promise<string>
  /** One try, and its answer whatever the status. */
  sendOnce(message: Message, signal: AbortSignal): Promise<Response>
}

const TIMEOUT_SECONDS = 30
const RETRY_SECONDS = 30

export function connect(options: ClientOptions): Connection {
  const base = serverAddress(options.url)
  const host = hostWith(options.fetch && { fetch: options.fetch })
  const sendOnce = ({ method, path, body }: Message, signal: AbortSignal, key?: string): Promise<Response> =>
    host.fetch(`${base}/${path}`, {
      method,
      headers: headersFor(options.token, body, key),
      body,
      signal,
      redirect: 'manual',
    })
  return {
    host,
    sendOnce: (message, signal) => sendOnce(message, signal),
    async send(message, { signal, idempotencyKey, timeoutSeconds } = {}) {
      const mayRepeat = message.method === 'GET' || idempotencyKey !== undefined
      const retry = {
        host,
        signal,
        forMs: mayRepeat ? (options.retrySeconds ?? RETRY_SECONDS) * 1000 : 0,
        timeoutMs: (timeoutSeconds ?? options.timeoutSeconds ?? TIMEOUT_SECONDS) * 1000,
      }
      try {
        const response = await retrying((each) => sendOnce(message, each, idempotencyKey), retry)
        // A server that goes away half-way through its answer is away as well.
        if (response.ok) return await response.text()
        throw await problemOf(response)
      } catch (error) {
        signal?.throwIfAborted()
        throw error instanceof CrewProblem ? error : unreachable(base, error)
      }
    },
  }
}

function serverAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && ['http:', 'https:'].includes(url.protocol)) return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
  throw new TypeError(`url is "${text}": expected the address of a server, like http://127.0.0.1:8090`)
}

function headersFor(token: string | undefined, body: string | null, key: string | undefined): Record<string, string> {
  return {
    accept: 'application/json',
    ...(body !== null && { 'content-type': 'application/json' }),
    ...(token && { authorization: `Bearer ${token}` }),
    ...(key !== undefined && { 'idempotency-key': key }),
  }
}

function unreachable(base: string, cause: unknown): CrewProblem {
  const detail = `No Crew server answers at ${base}: ${cause instanceof Error ? cause.message : cause}`
  return new CrewProblem({ status: 0, code: 'unreachable', title: 'No answer', detail }, { cause })
}
