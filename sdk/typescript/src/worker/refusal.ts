/** A request that is not answered by the handler, with the status and the sentence that say why. */
export class Refusal extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

export const onlyPost = (method: string): Refusal =>
  new Refusal(405, `${method} is not understood here, only POST.`, { allow: 'POST' })

export const refusedWith = ({ status, message, headers }: Refusal): Response =>
  jsonResponse(status, JSON.stringify({ error: message }), headers)

/** A JSON answer. */
export function jsonResponse(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } })
}
