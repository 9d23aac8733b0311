import { createCipheriv, createDecipheriv, createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'

/** A text as it is stored: nobody reads it without the key. */
export interface SealedText {
  readonly keyId: string
  /** In base64: the nonce, the text encrypted, the tag. */
  readonly box: string
}

export interface SecretBoxOptions {
  /** 32 bytes. Null: nothing can be sealed. */
  readonly key: Uint8Array | null
  /** The one before it: opens what it sealed. */
  readonly oldKey: Uint8Array | null
}

interface BoxKey {
  readonly id: string
  readonly key: KeyObject
}

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Sealed with, so that a text of another purpose is not taken for one of these. */
const PURPOSE = Buffer.from('crew signing secret')

/** Encrypts small texts for the storage: AES-256-GCM, with a random nonce for each (there are thousands of them at most). */
export class SecretBox {
  readonly #present: BoxKey | null
  readonly #known: ReadonlyMap<string, BoxKey>

  constructor({ key, oldKey }: SecretBoxOptions) {
    this.#present = key && boxKey(key)
    const old = oldKey && boxKey(oldKey)
    this.#known = new Map([old, this.#present].flatMap((one) => (one ? [[one.id, one] as const] : [])))
  }

  get canSeal(): boolean {
    return this.#present !== null
  }

  /** Whether this was sealed with the key that seals now. */
  isPresent({ keyId }: SealedText): boolean {
    return keyId === this.#present?.id
  }

  seal(text: string): SealedText {
    if (this.#present === null) throw new Error('there is no key to seal with')
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, this.#present.key, nonce, { authTagLength: TAG_BYTES }).setAAD(PURPOSE)
    const parts = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
    return { keyId: this.#present.id, box: Buffer.concat(parts).toString('base64') }
  }

  /** Null: it was sealed with another key, or was changed since. */
  open({ keyId, box }: SealedText): string | null {
    const known = this.#known.get(keyId)
    const bytes = Buffer.from(box, 'base64')
    if (known === undefined || bytes.length < NONCE_BYTES + TAG_BYTES) return null
    const nonce = bytes.subarray(0, NONCE_BYTES)
    const cipher = createDecipheriv(CIPHER, known.key, nonce, { authTagLength: TAG_BYTES }).setAAD(PURPOSE)
    try {
      cipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      return cipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + cipher.final('utf8')
    } catch {
      // Expected of a box that was changed: the tag does not fit, and the caller says so.
      return null
    }
  }
}

/** The id tells keys apart and nothing of them: 32 bits of a hash of 256 random ones. */
function boxKey(key: Uint8Array): BoxKey {
  const id = createHash('sha256').update('crew key id ').update(key).digest('hex').slice(0, 8)
  return { id, key: createSecretKey(key) }
}
