/** A secret, ready to check signatures with. */
export interface SignatureKey {
  /** What stands before its signatures. */
  readonly prefix: 'v1' | 'v1a'
  verify(signature: Uint8Array<ArrayBuffer>, content: Uint8Array<ArrayBuffer>): Promise<boolean>
}

const HMAC = { name: 'HMAC', hash: 'SHA-256' }
const ED25519 = { name: 'Ed25519' }

/**
 * Reads `whsec_…` (shared, HMAC-SHA256) or `whpk_…` (public, ed25519): https://www.standardwebhooks.com. Throws at once when it is
 * neither, for a worker that checks nothing must not start. WebCrypto compares in constant time.
 */
export function readSecret(secret: string): SignatureKey {
  const [, kind, text] = /^(whsec|whpk)_(.+)$/s.exec(secret) ?? []
  const bytes = text === undefined ? null : decodeBase64(text)
  if (bytes && kind === 'whsec' && bytes.length >= 24 && bytes.length <= 64) return sharedKey(bytes)
  if (bytes && kind === 'whpk' && bytes.length === 32) return publicKey(bytes)
  // Never the secret itself: this sentence ends in logs.
  throw new TypeError('secret: expected whsec_ and 24 to 64 bytes in base64, or whpk_ and the 32 bytes of a public key')
}

function sharedKey(bytes: Uint8Array<ArrayBuffer>): SignatureKey {
  const key = once(() => crypto.subtle.importKey('raw', bytes, HMAC, false, ['verify']))
  return {
    prefix: 'v1',
    verify: async (signature, content) => crypto.subtle.verify(HMAC, await key(), signature, content),
  }
}

function publicKey(bytes: Uint8Array<ArrayBuffer>): SignatureKey {
  const key = once(() => crypto.subtle.importKey('raw', bytes, ED25519, false, ['verify']))
  return {
    prefix: 'v1a',
    verify: async (signature, content) => crypto.subtle.verify(ED25519, await key(), signature, content),
  }
}

/** At the first request: Cloudflare Workers allow no such work while a module loads. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** Null when it is not base64. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return null
  }
}
