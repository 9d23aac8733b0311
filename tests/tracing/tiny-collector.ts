import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A span as OTLP/HTTP has it in JSON, with its attributes as an object. */
export interface SentSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status: { readonly code: number; readonly message?: string }
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A collector of traces. */
export interface TinyCollector {
  readonly url: string
  readonly spans: SentSpan[]
  /** Of the requests, with what was sent. */
  readonly requests: {
    readonly path: string
    readonly headers: Readonly<Record<string, unknown>>
    readonly body: string
  }[]
  readonly resources: Readonly<Record<string, unknown>>[]
  /** Resolves when so many spans have come. */
  received(count: number): Promise<SentSpan[]>
  /** What it answers from now on; null: nothing, the request hangs. */
  answerWith(status: number | null): void
}

interface Attribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

const attributesOf = (attributes: readonly Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

export async function openCollector(): Promise<TinyCollector> {
  let status: number | null = 200
  const collector = { spans: [] as SentSpan[], requests: [] as TinyCollector['requests'], resources: [] as object[] }
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts).toString()
      collector.requests.push({ path: request.url ?? '', headers: request.headers, body })
      if (status === 200) take(collector, body)
      if (status !== null) response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
      for (const look of waiting) look()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    ...(collector as Pick<TinyCollector, 'spans' | 'requests' | 'resources'>),
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answerWith: (next) => {
      status = next
    },
    received: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (collector.spans.length < count) return
          waiting.delete(look)
          resolve(collector.spans)
        }
        waiting.add(look)
        look()
      }),
  }
}

function take(collector: { spans: SentSpan[]; resources: object[] }, body: string): void {
  for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
    collector.resources.push(attributesOf(resource.attributes))
    for (const { spans } of scopeSpans)
      for (const span of spans) collector.spans.push({ ...span, attributes: attributesOf(span.attributes) })
  }
}
