import { EventEmitter, once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { type RawRequest, readRequests } from '../../../server/selftest/raw-requests.ts'
import { tokenIn } from '../../../server/selftest/work.ts'
import type { Until } from './crew.ts'
import { DEADLINE_MS, pass } from './waiting.ts'

/** One POST as it arrived, and what became of it. Times are of `performance.now`, one clock for the whole history. */
export interface Delivery extends RawRequest {
  /** The worker's name: the path behind the base URL. */
  readonly worker: string
  readonly taskId: string
  readonly attempt: number
  readonly deliveryId: string
  /** For whoever answers later. */
  readonly token: string
  /** Which of several servers sent it, where they are told to say so by CREW_WORKER_AUTHORIZATION_HEADER. */
  readonly instance: string
  /** When the answer was handed to the network; null while it was not. */
  answeredAt: number | null
  /** The connection was closed, by whomever. */
  closedAt: number | null
}

/** What a worker answers; a body that is no string or buffer is sent as JSON. */
export interface WorkerAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Work takes time. */
  readonly delayMs?: number
}

/** An answer, or `taken`: the function has the connection and writes whatever bytes it likes, or none. */
export type Respond = (delivery: Delivery, socket: Socket) => WorkerAnswer | 'taken'

export interface RecordingWorker {
  /** For CREW_WORKER_BASE_URL. */
  readonly url: string
  /** Everything that arrived, in order. */
  readonly deliveries: readonly Delivery[]
  of(taskId: string): Delivery[]
  /** Resolves with the deliveries of a task when there are that many. */
  arrived(taskId: string, count?: number): Promise<Delivery[]>
  /** From now on. */
  respond: Respond
  close(): Promise<void>
}

/** A webhook worker on a free port that records every POST and answers as the test says. Plain sockets: some answers are no HTTP. */
export async function startWorker(
  respond: Respond = () => ({ body: {} }),
  until: Until = onTestFinished,
): Promise<RecordingWorker> {
  const deliveries: Delivery[] = []
  const byTask = new Map<string, Delivery[]>()
  const sockets = new Set<Socket>()
  const arrivals = new EventEmitter().setMaxListeners(0)
  const take = (request: RawRequest, socket: Socket): void => {
    const delivery = deliveryOf(request)
    deliveries.push(delivery)
    byTask.set(delivery.taskId, [...(byTask.get(delivery.taskId) ?? []), delivery])
    socket.once('close', () => {
      delivery.closedAt = performance.now()
    })
    const answer = worker.respond(delivery, socket)
    arrivals.emit(delivery.taskId)
    if (answer !== 'taken') void send(answer, delivery, socket)
  }
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.setMaxListeners(0)
    socket.on('close', () => sockets.delete(socket))
    // A server that is killed or gives up resets connections; that is no fault of the worker.
    socket.on('error', () => {})
    readRequests(socket, (request) => take(request, socket))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as { port: number }
  const of = (taskId: string): Delivery[] => byTask.get(taskId) ?? []
  const worker: RecordingWorker = {
    url: `http://127.0.0.1:${port}`,
    deliveries,
    of,
    async arrived(taskId, count = 1) {
      const signal = AbortSignal.timeout(DEADLINE_MS)
      while (of(taskId).length < count) await once(arrivals, taskId, { signal })
      return of(taskId)
    },
    respond,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((closed) => server.close(() => closed()))
    },
  }
  until(worker.close)
  return worker
}

function deliveryOf(request: RawRequest): Delivery {
  const header = (name: string): string => request.headers.get(name) ?? ''
  return {
    ...request,
    worker: request.path.slice(1),
    taskId: header('crew-task-id'),
    attempt: Number(header('crew-attempt')),
    deliveryId: header('idempotency-key'),
    instance: header('authorization'),
    // Few tests read it.
    get token() {
      return tokenIn(request.body)
    },
    answeredAt: null,
    closedAt: null,
  }
}

async function send({ delayMs = 0, ...answer }: WorkerAnswer, delivery: Delivery, socket: Socket): Promise<void> {
  if (delayMs > 0) await pass(delayMs)
  if (socket.destroyed) return
  // Before, not after: whatever follows from the answer must not seem to have come first.
  delivery.answeredAt = performance.now()
  socket.write(answerBytes(answer))
}

/** A whole answer as it goes over the wire. */
export function answerBytes({ status = 200, headers = {}, body = {} }: WorkerAnswer): Buffer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const lines = Object.entries({ 'content-type': 'application/json', ...headers, 'content-length': bytes.length })
  const head = `HTTP/1.1 ${status} Any\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes])
}
