import { createServer, type Server, type Socket } from 'node:net'
import type { Delivery } from './history.ts'
import { type RawRequest, readRequests } from './raw-requests.ts'
import { replyTo, tokenIn, type Work } from './work.ts'

/** What the worker does to what arrives. `share`: to how many of it, from 0 to 1; the rest is answered as its input tells. */
export type WorkerMood =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'broken' | 'silent' | 'reset' | 'garbage' | 'limiting'; readonly share: number }

/** What became of a POST. */
export type Said = 'nothing' | 'done' | 'failed' | 'limited' | 'reset' | 'garbage'

export interface WorkerDelivery extends Delivery {
  said: Said
}

const PAUSE_OF_LIMIT_SECONDS = 1

export interface FlakyWorkerOptions {
  /** From 0 up to 1: decides whom a mood hits. */
  readonly random: () => number
  readonly onDelivery: (delivery: WorkerDelivery, groupId: string) => void
}

/**
 * A webhook worker on a free port that is as well as its mood. States: `listening` ⇄ `away` (refuses connections and resets those it
 * has), close ends it. Plain sockets, as some of its answers are no HTTP.
 */
export class FlakyWorker {
  mood: WorkerMood = { kind: 'healthy' }
  readonly #options: FlakyWorkerOptions
  readonly #sockets = new Set<Socket>()
  #server: Server | null = null
  #port = 0

  private constructor(options: FlakyWorkerOptions) {
    this.#options = options
  }

  static async start(options: FlakyWorkerOptions): Promise<FlakyWorker> {
    const worker = new FlakyWorker(options)
    await worker.back()
    return worker
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Nothing listens at its address any more, and open connections are reset. */
  async away(): Promise<void> {
    const server = this.#server
    this.#server = null
    const closed = new Promise<void>((done) => (server ? server.close(() => done()) : done()))
    for (const socket of this.#sockets) resetOf(socket)
    await closed
  }

  /** At the same address again. */
  async back(): Promise<void> {
    if (this.#server) return
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
    this.#server = server
    await new Promise<void>((done, failed) =>
      server.once('error', failed).listen(this.#port, '127.0.0.1', () => done()),
    )
    this.#port = (server.address() as { port: number }).port
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.setMaxListeners(0)
    socket.on('close', () => this.#sockets.delete(socket))
    // A server that is killed or gives up resets connections; that is no fault of the worker.
    socket.on('error', () => {})
    readRequests(socket, (request) => void this.#take(request, socket))
  }

  async #take(request: RawRequest, socket: Socket): Promise<void> {
    const delivery = deliveryOf(request)
    this.#options.onDelivery(delivery, request.headers.get('crew-task-group-id') ?? '')
    const { mood } = this
    if (mood.kind !== 'healthy' && this.#options.random() < mood.share)
      return this.#misbehave(mood.kind, delivery, socket)
    const { input } = JSON.parse(request.body.toString()) as { input: Work }
    const { delayMs, status, body } = replyTo(input, delivery)
    await new Promise((done) => setTimeout(done, delayMs))
    if (socket.destroyed) return
    say(delivery, status === 200 ? 'done' : 'failed')
    socket.write(answerOf({ status, body }))
  }

  #misbehave(kind: Exclude<WorkerMood['kind'], 'healthy'>, delivery: WorkerDelivery, socket: Socket): void {
    switch (kind) {
      case 'silent':
        return
      case 'reset':
        say(delivery, 'reset')
        resetOf(socket)
        return
      case 'garbage':
        say(delivery, 'garbage')
        socket.end('HTP/9.9 oops\r\n\r\n')
        return
      case 'broken':
        say(delivery, 'failed')
        socket.write(answerOf({ status: 500, body: { error: 'broken' } }))
        return
      case 'limiting':
        say(delivery, 'limited')
        socket.write(answerOf({ status: 429, body: {}, headers: `retry-after: ${PAUSE_OF_LIMIT_SECONDS}\r\n` }))
    }
  }
}

function deliveryOf({ headers, firstByteAt, body }: RawRequest): WorkerDelivery {
  const header = (name: string): string => headers.get(name) ?? ''
  return {
    taskId: header('crew-task-id'),
    attempt: Number(header('crew-attempt')),
    deliveryId: header('idempotency-key'),
    token: tokenIn(body),
    instance: header('authorization'),
    firstByteAt,
    answeredAt: null,
    said: 'nothing',
  }
}

/** Before it is written, not after: whatever follows from the answer must not seem to have come first. */
function say(delivery: WorkerDelivery, said: Said): void {
  delivery.said = said
  delivery.answeredAt = performance.now()
}

function answerOf({ status, body, headers = '' }: { status: number; body: object; headers?: string }): string {
  const text = JSON.stringify(body)
  const length = Buffer.byteLength(text)
  return `HTTP/1.1 ${status} Any\r\ncontent-type: application/json\r\n${headers}content-length: ${length}\r\n\r\n${text}`
}

function resetOf(socket: Socket): void {
  if (typeof socket.resetAndDestroy === 'function') socket.resetAndDestroy()
  else socket.destroy()
}
