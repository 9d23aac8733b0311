import { decodeBase64 } from '../signature/secret.ts'
import type { Worker } from '../worker/define-worker.ts'
import { answerOf } from './web-request.ts'

/** Of an event of a function URL, or of an HTTP API of API Gateway (payload format 2.0), what is needed. */
export interface LambdaEvent {
  readonly rawPath?: string
  readonly rawQueryString?: string
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly requestContext?: { readonly http?: { readonly method?: string } }
  readonly body?: string | null
  readonly isBase64Encoded?: boolean
}

export interface LambdaResult {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: string
  readonly isBase64Encoded: boolean
}

/**
 * The worker as an AWS Lambda behind a function URL or an HTTP API (payload format 2.0). A Lambda stops when it has answered: do not `accept`
 * there.
 *
 * @example
 * export const handler = toLambdaHandler(worker)
 */
export function toLambdaHandler(worker: Worker): (event: LambdaEvent) => Promise<LambdaResult> {
  return async (event) => {
    const method = event.requestContext?.http?.method
    if (method === undefined) return result(400, {}, JSON.stringify({ error: NOT_UNDERSTOOD }))
    const answer = await answerOf(worker, { method, headers: event.headers ?? {}, body: bodyOf(event) })
    return result(answer.status, Object.fromEntries(answer.headers), await answer.text())
  }
}

const NOT_UNDERSTOOD = 'Expected the event of a function URL or of an HTTP API with payload format 2.0.'

const result = (statusCode: number, headers: Record<string, string>, body: string): LambdaResult => ({
  statusCode,
  headers: { 'content-type': 'application/json', ...headers },
  body,
  isBase64Encoded: false,
})

function bodyOf({ body, isBase64Encoded }: LambdaEvent): Uint8Array<ArrayBuffer> | string {
  return (isBase64Encoded ? decodeBase64(body ?? '') : body) ?? ''
}
