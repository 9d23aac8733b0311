import { createHash, timingSafeEqual } from 'node:crypto'

/** SHA-256. Of tokens with 256 random bits nothing slower is needed. */
export function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** Compares secrets by their digests, so that neither length nor a common beginning shows in the time it takes. */
export function isSameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(wanted))
}
