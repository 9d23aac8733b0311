import type { Worker } from '../worker/define-worker.ts'
import { onlyPost, Refusal, refusedWith } from '../worker/refusal.ts'

/** Of a request in Node's manner, what is needed; Express and its like have more. */
export interface NodeRequest extends AsyncIterable<Uint8Array | string> {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The body as it was sent, where a platform has read it already. */
  readonly rawBody?: Uint8Array | undefined
}

/** Nobody looks at the address, and one with a name and a password in it makes no request: it is never the caller's. */
const ADDRESS = 'http://worker.invalid/'

export interface RequestParts {
  readonly method: string
  readonly headers: NodeRequest['headers']
  readonly body: BodyInit
  readonly signal?: AbortSignal
}

type BodyInit = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | string

/**
 * The worker's answer to what a platform hands over. Never rejects, whatever the caller sent: an error that nobody catches ends a
 * process of Node. The method is looked at first, as there are some, like TRACE, that no web-standard request may have.
 */
export async function answerOf(worker: Worker, { method, headers, body, signal }: RequestParts): Promise<Response> {
  if (method !== 'POST') return refusedWith(onlyPost(method))
  try {
    const init = { method, headers: webHeaders(headers), body, duplex: 'half' as const, ...(signal && { signal }) }
    return await worker.fetch(new Request(ADDRESS, init))
  } catch (error) {
    return refusedWith(new Refusal(400, `The request is not understood: ${String(error)}`))
  }
}

/** Headers out of an object of them. */
function webHeaders(given: NodeRequest['headers']): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(given)) {
    // Pseudo-headers of HTTP/2 stand among the others in Node, and no request takes them.
    if (value !== undefined && !name.startsWith(':'))
      headers.set(name, typeof value === 'string' ? value : value.join(', '))
  }
  return headers
}
