import { Agent } from 'undici/index.js'
import { onTestFinished } from 'vitest'
import type { FuzzAnswer } from './judge.ts'
import type { FuzzRequest } from './requests.ts'

/** Sends requests over connections that are kept. */
export interface FuzzClient {
  /** Rejects when the connection broke, or nothing came. */
  send(request: FuzzRequest): Promise<FuzzAnswer>
}

const TIMEOUT_MS = 60_000

export function makeClient(origin: string, connections = 1): FuzzClient {
  const agent = new Agent({ connections, allowH2: false, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS })
  onTestFinished(() => agent.destroy())
  return {
    async send({ method, url, headers, body }) {
      const {
        statusCode,
        headers: received,
        body: stream,
      } = await agent.request({
        origin,
        path: url,
        method: method as 'GET',
        headers,
        body: body ?? null,
      })
      const isEndless = String(received['content-type']).startsWith('text/event-stream')
      if (isEndless) stream.on('error', () => {}).destroy()
      return { status: statusCode, headers: received, text: isEndless ? '' : await stream.text() }
    },
  }
}
