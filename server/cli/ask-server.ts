import { Agent } from 'undici/index.js'

/** What a server answered. */
export interface ServerAnswer {
  readonly status: number
  /** Its clock, as the header has it; '' when it did not say. */
  readonly date: string
  readonly text: string
}

/**
 * Asks the server of this machine. Not by Bun's `fetch`, which would go through the proxy that the environment names for the world
 * outside: it does not know this server, and would be told its token. Rejects when nobody answers. A certificate is of the name that others
 * call it by, not of the loopback address: it is checked only where a credential is sent.
 */
export async function askServer(
  url: string,
  { headers = {}, signal }: { readonly headers?: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<ServerAnswer> {
  const { origin, pathname, search } = new URL(url)
  const agent = new Agent({ connect: { rejectUnauthorized: Object.keys(headers).length > 0 } })
  try {
    const answer = await agent.request({ origin, path: pathname + search, method: 'GET', headers, signal })
    const text = await answer.body.text()
    return { status: answer.statusCode, date: String(answer.headers.date ?? ''), text }
  } finally {
    await agent.destroy()
  }
}
