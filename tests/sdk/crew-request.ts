import { createHmac, type KeyObject, sign } from 'node:crypto'

/** The vector that https://www.standardwebhooks.com and its implementations are tested with. */
export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
export const NOW = Date.UTC(2026, 10, 22, 10)

export interface RequestOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Signs it; several as while a secret is replaced. */
  readonly secrets?: readonly string[]
  /** When it was signed, epoch ms. */
  readonly at?: number
}

/** A POST of Crew. A body that is a string is sent as it is. */
export function crewRequest({ body = {}, headers = {}, secrets = [], at = NOW }: RequestOptions = {}): Request {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return new Request('http://worker.test/any', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': 'delivery-1',
      'idempotency-key': 'delivery-1',
      'crew-timeout': '30',
      ...(secrets.length > 0 && signatureHeaders(text, secrets, at)),
      ...headers,
    },
    body: text,
  })
}

/** By Node's own cryptography: the SDK has that of the web. */
export function signatureHeaders(body: string, secrets: readonly string[], at: number): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000))
  const content = `delivery-1.${timestamp}.${body}`
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
    return `v1,${createHmac('sha256', key).update(content).digest('base64')}`
  })
  return { 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}

export function ed25519Signature(body: string, key: KeyObject, at: number): string {
  const content = `delivery-1.${Math.floor(at / 1000)}.${body}`
  return `v1a,${sign(null, Buffer.from(content), key).toString('base64')}`
}
