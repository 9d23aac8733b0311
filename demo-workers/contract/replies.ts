import type { WorkerReply } from './worker.ts'

/** The HTTP answer for a worker's reply. */
export function toResponse(reply: WorkerReply): Response {
  switch (reply.kind) {
    case 'done':
      return json(200, { output: reply.output, ...(reply.children && { children: reply.children }) }, reply.headers)
    case 'failed':
      return json(reply.status ?? 500, {
        error: reply.error,
        ...(reply.isRetryable === false && { retryable: false }),
      })
    case 'rateLimited':
      return json(429, { error: reply.error }, { ...reply.headers, 'retry-after': String(reply.retryAfterSeconds) })
  }
}

/** A JSON answer. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  })
}
