import type { Worker } from '../worker/define-worker.ts'
import { answerOf, type NodeRequest } from './web-request.ts'

export type { NodeRequest }

/** Of a response in Node's manner, what is needed. */
export interface NodeResponse {
  readonly writableFinished?: boolean
  writeHead(status: number, headers: Record<string, string>): unknown
  end(body: Uint8Array): unknown
  on(event: 'close', listener: () => void): unknown
}

/**
 * The worker as a handler of `node:http`, and of everything that speaks like it (Express, Fastify's `raw`). It has to get the body as it came:
 * no body parser before it.
 *
 * @example
 * createServer(toNodeHandler(worker)).listen(3000)
 */
export function toNodeHandler(worker: Worker): (request: NodeRequest, response: NodeResponse) => Promise<void> {
  return async (request, response) => {
    const gone = new AbortController()
    response.on('close', () => {
      if (!response.writableFinished) gone.abort(new Error('the caller has gone'))
    })
    const answer = await answerOf(worker, {
      method: request.method ?? 'POST',
      headers: request.headers,
      body: request.rawBody ? new Uint8Array(request.rawBody) : streamOf(request),
      signal: gone.signal,
    })
    const body = new Uint8Array(await answer.arrayBuffer())
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    response.end(body)
  }
}

/** By hand: Node's own conversion is a module of Node, and this file has to load anywhere. */
function streamOf(request: NodeRequest): ReadableStream<Uint8Array> {
  const chunks = request[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value)
    },
  })
}
