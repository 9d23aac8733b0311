import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Of a shop's data: each does what its name says, some badly, so that every state can be seen. */
export interface ShopWorkers {
  readonly url: string
  close(): void
}

const SLOW_MS = 600_000

export async function startShopWorkers(): Promise<ShopWorkers> {
  const held: ServerResponse[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { input } = JSON.parse(Buffer.concat(chunks).toString()) as { input: { page?: number; mode?: string } | null }
    response.setHeader('content-type', 'application/json')
    const answer = answerOf(request.url ?? '', input ?? {})
    if (answer === 'slow') {
      held.push(response)
      setTimeout(() => response.end('{}'), SLOW_MS).unref()
      return
    }
    response.statusCode = answer.status
    for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value)
    response.end(JSON.stringify(answer.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      for (const response of held) response.destroy()
      server.close()
    },
  }
}

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

function answerOf(worker: string, { page = 0, mode = '' }: { page?: number; mode?: string }): Answer | 'slow' {
  if (mode === 'slow') return 'slow'
  if (mode === 'held')
    return { status: 429, headers: { 'retry-after': '1800' }, body: { error: 'Too many requests for acme-ads' } }
  if (mode === 'bad')
    return { status: 503, body: { error: `503 from api.acme.test for page ${page} (request ${1000 + page})` } }
  if (mode === 'revoked')
    return { status: 400, body: { error: 'invalid_grant: the token was revoked', retryable: false } }
  return {
    status: 200,
    body: { output: { worker: worker.slice(1), rows: 20 + page, cursor: `9007199254740${993 + page}` } },
  }
}
