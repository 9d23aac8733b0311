/** How a signature is made: `v1` is HMAC-SHA256 by a shared secret, `v1a` ed25519 by a private key. */
export type SignatureVersion = 'v1' | 'v1a'

/** Signs by one secret. */
export interface Signer {
  readonly version: SignatureVersion
  /** The signature of the UTF-8 of a text, in base64. */
  sign(content: string): string
}

/** What a request is signed by, and what must be kept out of whatever is shown or stored. */
export interface Signing {
  /** Each signs; the newest first. None: the request is not signed. */
  readonly signers: readonly Signer[]
  /** Every spelling of the secrets. */
  readonly secrets: readonly string[]
  /** Why it cannot be signed on this server; null: it can. */
  readonly problem: string | null
}

export const UNSIGNED: Signing = { signers: [], secrets: [], problem: null }

/** What is signed of a request. */
export interface SignedParts {
  readonly id: string
  /** When it is sent. */
  readonly now: number
  readonly body: string
}

/** Headers, names and values in turn, and the signatures in them. */
export interface SignedHeaders {
  readonly headers: readonly string[]
  readonly signatures: readonly string[]
}

const nothing: SignedHeaders = { headers: [], signatures: [] }

/** The headers of Standard Webhooks beside `webhook-id` (https://www.standardwebhooks.com): one signature by each signer. */
export function signatureHeaders(signers: readonly Signer[], { id, now, body }: SignedParts): SignedHeaders {
  if (signers.length === 0) return nothing
  const timestamp = Math.floor(now / 1000)
  const content = signedContent({ id, timestamp, body })
  const signatures = signers.map((signer) => signer.sign(content))
  const versioned = signers.map(({ version }, at) => `${version},${signatures[at]}`)
  return {
    headers: ['webhook-timestamp', String(timestamp), 'webhook-signature', versioned.join(' ')],
    signatures,
  }
}

/**
 * What a signature is of; `timestamp` in epoch seconds. An id of Crew may have dots, so this may be split in another way, but never
 * into anything of use: what would be its body then begins `1.2.{`, which is no JSON, and ours always is.
 */
export function signedContent(parts: { id: string; timestamp: number; body: string }): string {
  return `${parts.id}.${parts.timestamp}.${parts.body}`
}

/** What stands for them where a request is shown: a signature could be sent again by whoever reads it. */
export function shownSignature({ signers, problem }: Signing): readonly string[] {
  if (signers.length === 0 && problem === null) return []
  return ['webhook-timestamp', '(set when sent)', 'webhook-signature', '(signed when sent)']
}
