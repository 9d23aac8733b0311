import { decodeBase64 } from './base64.ts'
import type { Fault } from './errors.ts'
import type { SignatureVersion } from './signature.ts'
import { missingSecret } from './worker-headers.ts'

/** A secret that signs, read from its text. */
export interface SigningSecret {
  readonly version: SignatureVersion
  /** Of `v1` the key; of `v1a` the seed of 32 bytes that the private key is made of. */
  readonly bytes: Uint8Array
  /** The public half that some write behind the seed; null: it was not given. */
  readonly publicKey: Uint8Array | null
}

/** A secret as it is stored: the name of one in the environment, or encrypted. */
export type KeptSecret = { readonly kind: 'named'; readonly name: string } | SealedSecret

export interface SealedSecret {
  readonly kind: 'sealed'
  /** What people see of it. */
  readonly shown: string
  /** Which key it was encrypted with. */
  readonly keyId: string
  /** In base64. */
  readonly box: string
}

/** A secret as a caller gave it; `shown`: the masked text of one that is stored, which is to stay. */
export type GivenSecret =
  | { readonly kind: 'plain'; readonly text: string }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'shown'; readonly text: string }

/** What this server keeps secrets by. */
export interface SecretKeeper {
  /** It has a key to encrypt with: without one only names of secrets are taken. */
  readonly canSeal: boolean
  /** Why a text, or `secret:NAME`, cannot sign here; null: it can. */
  faultOf(text: string): string | null
  /** Encrypts; only where `canSeal`. */
  seal(text: string): SealedSecret
  /** Encrypted with the present key, where it was with an older one that is known. */
  renew(kept: KeptSecret): KeptSecret
}

/** A new one and the one before it: while receivers change over, both sign. */
export const MAX_SIGNING_SECRETS = 2

/** Standard Webhooks: 24 to 64 bytes. */
const HMAC_BYTES = { min: 24, max: 64 }
const SEED_BYTES = 32
const KEY_PAIR_BYTES = 64

export const SIGNING_SECRET_ALLOWED =
  'whsec_ with the base64 of 24 to 64 bytes, or whsk_ with that of an ed25519 private key (64 bytes, or its seed of 32)'

const NAMED = /^secret:([A-Z][A-Z0-9_]{0,63})$/
const SHOWN = /^(whsec_|whsk_)\*{4}.{4}$/

/** Reads `whsec_…` or `whsk_…`; null when it is neither. */
export function readSigningSecret(text: string): SigningSecret | null {
  const [, prefix, encoded = ''] = /^(whsec_|whsk_)(.{1,100})$/.exec(text) ?? []
  const bytes = prefix === undefined ? null : decodeBase64(encoded)
  if (bytes === null) return null
  if (prefix === 'whsec_') {
    const isFit = bytes.length >= HMAC_BYTES.min && bytes.length <= HMAC_BYTES.max
    return isFit ? { version: 'v1', bytes, publicKey: null } : null
  }
  if (bytes.length === SEED_BYTES) return { version: 'v1a', bytes, publicKey: null }
  if (bytes.length !== KEY_PAIR_BYTES) return null
  return { version: 'v1a', bytes: bytes.subarray(0, SEED_BYTES), publicKey: bytes.subarray(SEED_BYTES) }
}

/** What a worker that tells a secret may call it: with its prefix and without. */
export const spellingsOfSecret = (text: string): string[] => [text, text.slice(text.indexOf('_') + 1)]

/** What people see of a secret: which it is, not what it is. */
export const maskSecret = (text: string): string => `${text.slice(0, text.indexOf('_') + 1)}****${text.slice(-4)}`

/** A stored secret as people see it. */
export const shownSecret = (kept: KeptSecret): string => (kept.kind === 'named' ? `secret:${kept.name}` : kept.shown)

/** Stored secrets as a client reads and writes them: none, one, or a list. */
export function shownSecrets(kept: readonly KeptSecret[]): string | readonly string[] | null {
  const [first = null, ...more] = kept.map(shownSecret)
  return first === null || more.length === 0 ? first : [first, ...more]
}

type Policy = Pick<SecretKeeper, 'canSeal' | 'faultOf'>

/** Reads null, one secret, or a list of one or two. Faults point at `pointer` or below it, and repeat no value. */
export function parseSigningSecrets(
  value: unknown,
  { pointer, policy }: { readonly pointer: string; readonly policy: Policy },
): { given: GivenSecret[]; faults: Fault[] } {
  if (value === null) return { given: [], faults: [] }
  const refused = (detail: string) => ({ given: [], faults: [{ pointer, detail }] })
  if (!Array.isArray(value) && typeof value !== 'string')
    return refused('expected null, a signing secret or a list of two')
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0 || list.length > MAX_SIGNING_SECRETS)
    return refused('expected one signing secret, or two: the new one first')
  const faults = list.flatMap((text, at) => {
    const detail = list.indexOf(text) < at ? 'is there twice' : faultOf(text, policy)
    return detail === null ? [] : [{ pointer: Array.isArray(value) ? `${pointer}/${at}` : pointer, detail }]
  })
  return faults.length > 0 ? { given: [], faults } : { given: list.map((text) => given(text as string)), faults }
}

function faultOf(text: unknown, policy: Policy): string | null {
  if (typeof text !== 'string') return 'expected a string'
  if (SHOWN.test(text)) return null
  const fault = policy.faultOf(text)
  if (fault !== null || NAMED.test(text) || policy.canSeal) return fault
  return (
    'this server has no key to encrypt it with: set CREW_SECRET_KEY (openssl rand -base64 32) and start it again, ' +
    'or put the secret into the environment as CREW_SECRET_X and write secret:X'
  )
}

function given(text: string): GivenSecret {
  const name = NAMED.exec(text)?.[1]
  if (name !== undefined) return { kind: 'named', name }
  return { kind: SHOWN.test(text) ? 'shown' : 'plain', text }
}

/** Why a text cannot sign, by the secrets of this environment and what the public key of a seed is; null: it can. */
export function faultOfSecret(
  text: string,
  around: { secretOf(name: string): string | undefined; publicKeyOf(seed: Uint8Array): Uint8Array },
): string | null {
  const name = NAMED.exec(text)?.[1]
  const value = name === undefined ? text : around.secretOf(name)
  if (value === undefined) return missingSecret(name as string)
  const secret = readSigningSecret(value)
  const [what, allowed] =
    name === undefined
      ? ['', `${SIGNING_SECRET_ALLOWED}, or secret:NAME`]
      : [`CREW_SECRET_${name}: `, SIGNING_SECRET_ALLOWED]
  if (secret === null) return `${what}expected ${allowed}`
  const isPair = secret.publicKey === null || `${secret.publicKey}` === `${around.publicKeyOf(secret.bytes)}`
  return isPair ? null : `${what}its last 32 bytes are not the public key of its first 32`
}

/** Makes of what was given what is stored. A masked text means the stored secret that is shown so, first the one in its place. */
export function keepSecrets(
  wanted: readonly GivenSecret[],
  { before, keeper, pointer }: { before: readonly KeptSecret[]; keeper: SecretKeeper; pointer: string },
): { kept: KeptSecret[]; faults: Fault[] } {
  const faults: Fault[] = []
  const kept = wanted.flatMap((secret, at): KeptSecret[] => {
    if (secret.kind === 'named') return [secret]
    if (secret.kind === 'plain') return [keeper.seal(secret.text)]
    const known = [before[at], ...before].find((one) => one?.kind === 'sealed' && one.shown === secret.text)
    if (known) return [keeper.renew(known)]
    const place = wanted.length > 1 ? `${pointer}/${at}` : pointer
    faults.push({ pointer: place, detail: 'no such secret is stored: give all of it, not what is shown of it' })
    return []
  })
  return { kept, faults }
}
