import type { TaskStorage } from '../../../storage/task-storage.ts'
import type { Clock } from '../../core/clock.ts'
import { digestOf } from './digest.ts'

const LIFETIME_MS = 24 * 3600 * 1000
/** 256 bits: nobody guesses one. */
const TOKEN_BYTES = 32
/** Sessions that need no look into the storage. */
const MAX_CACHED = 1000

export interface SessionDeps {
  readonly storage: Pick<TaskStorage, 'getRecord' | 'putRecord'>
  readonly clock: Clock
  readonly randomBytes: (size: number) => Uint8Array
}

/** Who is logged in. The storage has only digests: whoever reads it cannot log in with what it says. */
export interface Sessions {
  /** A new token, good for a day. */
  open(username: string): Promise<string>
  /** Whether a token with this digest is good now. */
  isOpen(digest: Buffer): Promise<boolean>
}

export function createSessions({ storage, clock, randomBytes }: SessionDeps): Sessions {
  /** Key of the record → when it ends. */
  const cache = new Map<string, number>()

  function remember(key: string, expiresAt: number): void {
    cache.delete(key)
    cache.set(key, expiresAt)
    if (cache.size > MAX_CACHED) for (const oldest of cache.keys()) return void cache.delete(oldest)
  }

  return {
    async open(username) {
      const token = Buffer.from(randomBytes(TOKEN_BYTES)).toString('base64url')
      const key = keyOf(digestOf(token))
      const expiresAt = clock.now() + LIFETIME_MS
      await storage.putRecord(key, JSON.stringify({ username, expiresAt }), expiresAt)
      remember(key, expiresAt)
      return token
    },
    async isOpen(digest) {
      const key = keyOf(digest)
      const cached = cache.get(key)
      if (cached !== undefined) return cached > clock.now()
      const expiresAt = expiryOf(await storage.getRecord(key))
      if (expiresAt <= clock.now()) return false
      remember(key, expiresAt)
      return true
    },
  }
}

const keyOf = (digest: Buffer): string => `session/${digest.toString('hex')}`

function expiryOf(record: string | null): number {
  if (record === null) return 0
  const { expiresAt } = JSON.parse(record) as { expiresAt?: unknown }
  return typeof expiresAt === 'number' ? expiresAt : 0
}
