import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  sign as signBytes,
} from 'node:crypto'
import type { Signer } from '../core/signature.ts'
import type { SigningSecret } from '../core/signing-secret.ts'

/** Imports the key of a secret, once for all that it signs: an import costs as much as a signature. */
export function createSigner({ version, bytes }: SigningSecret): Signer {
  if (version === 'v1') {
    const key = createSecretKey(bytes)
    return { version, sign: (content) => createHmac('sha256', key).update(content, 'utf8').digest('base64') }
  }
  const key = privateKeyOf(bytes)
  return { version, sign: (content) => signBytes(null, Buffer.from(content, 'utf8'), key).toString('base64') }
}

/** What stands before a seed in PKCS #8 (RFC 8410 section 7). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')
const KEY_BYTES = 32

function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' })
}

/** The ed25519 public key that belongs to a seed. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  const spki = createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' })
  return new Uint8Array(spki.subarray(-KEY_BYTES))
}
