import { decodeBase64, readSecret, type SignatureKey } from './secret.ts'

export interface VerifierOptions {
  /** How old, or how far ahead, a request may be; 300 when left out. */
  readonly toleranceSeconds?: number
  /** Epoch milliseconds; for tests. */
  readonly now?: () => number
}

/** Whether a request is Crew's, or why it is not taken to be. */
export type Verdict = { readonly isVerified: true } | { readonly isVerified: false; readonly reason: string }
export type Verifier = (headers: Headers, body: string | Uint8Array) => Promise<Verdict>

const TOLERANCE_SECONDS = 300
/** Two are sent while a secret is replaced; more are somebody trying what an answer costs. */
const MAX_SIGNATURES = 10

/**
 * Checks signatures by Standard Webhooks, for whoever receives Crew's requests without `defineWorker`. One secret or several:
 * while one is replaced, either is good. Throws when a secret is malformed.
 *
 * @example
 * const verify = createVerifier(process.env.CREW_SIGNING_SECRET ?? '')
 * const verdict = await verify(request.headers, await request.text())
 * if (!verdict.isVerified) return Response.json({ error: verdict.reason }, { status: 401 })
 */
export function createVerifier(secrets: string | readonly string[], options: VerifierOptions = {}): Verifier {
  const keys = [secrets].flat().map(readSecret)
  if (keys.length === 0) throw new TypeError('secret: expected at least one')
  const { toleranceSeconds = TOLERANCE_SECONDS, now = Date.now } = options
  return async (headers, body) => {
    const id = headers.get('webhook-id')
    const timestamp = headers.get('webhook-timestamp')
    const signatures = headers.get('webhook-signature')
    if (!id || !timestamp || !signatures)
      return refused('webhook-id, webhook-timestamp or webhook-signature is missing')
    if (!/^\d{1,12}$/.test(timestamp)) return refused('webhook-timestamp is not in seconds')
    const age = now() / 1000 - Number(timestamp)
    if (Math.abs(age) > toleranceSeconds)
      return refused(age > 0 ? 'the request is too old' : 'the request is of the future')
    const content = signedContent(`${id}.${timestamp}.`, body)
    const isVerified = await isAnyGood(signatures.split(' '), keys, content)
    return isVerified ? { isVerified } : refused('no signature fits the secret')
  }
}

const refused = (reason: string): Verdict => ({ isVerified: false, reason })

function signedContent(head: string, body: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder()
  const start = encoder.encode(head)
  const rest = typeof body === 'string' ? encoder.encode(body) : body
  const content = new Uint8Array(start.length + rest.length)
  content.set(start)
  content.set(rest, start.length)
  return content
}

async function isAnyGood(
  signatures: readonly string[],
  keys: readonly SignatureKey[],
  content: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  for (const signature of signatures.slice(0, MAX_SIGNATURES)) {
    const [prefix, text = ''] = signature.split(',')
    const bytes = decodeBase64(text)
    if (!bytes) continue
    for (const key of keys) if (key.prefix === prefix && (await key.verify(bytes, content))) return true
  }
  return false
}
