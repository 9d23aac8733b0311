import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { callbackHolder } from '../core/outside.ts'
import type { Callback } from '../core/worker-request.ts'

/** Ids of tasks hold none. */
const SEPARATOR = '~'
/** Of the fingerprint: 132 bits of a SHA-256. */
const FINGERPRINT_LENGTH = 22

/** A token that was sent: which task it is about, and the secret that proves that the attempt was the sender's. */
export interface CallbackCredential {
  readonly taskId: string
  readonly secret: string
}

/**
 * The credentials of attempts. They are worked out from the lease, which nobody outside sees: nothing has to be stored for a task that
 * is answered at once, and they are good as long as the lease is.
 */
export class Callbacks {
  readonly #baseUrl: () => string

  /** `baseUrl`: where workers reach this server or any other on its store, with a slash at its end. */
  constructor(baseUrl: () => string) {
    this.#baseUrl = baseUrl
  }

  of(taskId: string, leaseToken: string): Callback {
    const token = `${taskId}${SEPARATOR}${secretOf(taskId, leaseToken)}`
    return { url: `${this.#baseUrl()}api/v1/attempt/${token}`, token }
  }
}

/** Null when it cannot be one. */
export function parseCallbackToken(token: string): CallbackCredential | null {
  const at = token.indexOf(SEPARATOR)
  return at <= 0 ? null : { taskId: token.slice(0, at), secret: token.slice(at + 1) }
}

export const isCurrent = ({ taskId, secret }: CallbackCredential, leaseToken: string): boolean =>
  isSame(secret, secretOf(taskId, leaseToken))

/** Who holds the lease of an attempt that goes on behind a 202. From the fingerprint nobody gets the secret. */
export const callbackHolderOf = (secret: string): string =>
  callbackHolder(createHash('sha256').update(secret).digest('base64url').slice(0, FINGERPRINT_LENGTH))

export const secretOf = (taskId: string, leaseToken: string): string =>
  createHmac('sha256', leaseToken).update(taskId).digest('base64url')

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
