import type { Host } from '../../sdk/typescript/src/host.ts'

/** One request that the SDK sent. */
export interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Headers
  readonly body: unknown
  readonly text: string
  readonly redirect: RequestInit['redirect']
}

type Reply = Response | Error | object

/**
 * A server that records what it is sent and answers what the test says, `{success: true}` unless it says more; an Error is a network
 * error, a plain object JSON.
 */
export interface FakeCrew {
  readonly sent: readonly Sent[]
  readonly fetch: Host['fetch']
  /** What is answered to requests whose path ends like this, one after another, the last one for ever. */
  reply(pathEnd: string, ...replies: readonly Reply[]): void
  /** The paths of what was sent, shortened to their last part. */
  verbs(): string[]
}

export function fakeCrew(): FakeCrew {
  const sent: Sent[] = []
  const replies = new Map<string, Reply[]>()
  const replyTo = (path: string): Reply => {
    const [, queue = []] = [...replies].find(([end]) => path.endsWith(end)) ?? []
    return (queue.length > 1 ? queue.shift() : queue[0]) ?? { success: true }
  }
  return {
    sent,
    reply: (pathEnd, ...given) => void replies.set(pathEnd, [...given]),
    verbs: () => sent.map(({ path }) => path.split('/').at(-1) ?? ''),
    fetch: async (url, { method = 'GET', headers = {}, body, redirect }) => {
      const { pathname, search } = new URL(url)
      const text = typeof body === 'string' ? body : ''
      const path = `${pathname}${search}`
      sent.push({ method, path, headers: new Headers(headers), text, body: text && JSON.parse(text), redirect })
      const reply = replyTo(pathname)
      if (reply instanceof Error) throw reply
      return reply instanceof Response ? reply.clone() : Response.json(reply)
    },
  }
}

export function problem(status: number, code: string, detail: string, headers: Record<string, string> = {}): Response {
  const body = JSON.stringify({ type: 'about:blank', title: 'A problem', status, detail, instance: 'req-1', code })
  return new Response(body, { status, headers: { 'content-type': 'application/problem+json', ...headers } })
}
