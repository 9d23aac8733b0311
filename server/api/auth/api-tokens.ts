import { timingSafeEqual } from 'node:crypto'
import type { TaskStorage } from '../../../storage/task-storage.ts'
import { tokenFrom, tokenIdOf, tokenKey, tokenUsedKey } from '../../core/api-token.ts'
import type { Clock } from '../../core/clock.ts'
import type { Identity } from '../../core/roles.ts'
import { UNSET } from '../../core/time.ts'
import { digestOf } from './digest.ts'
import type { KnownLogins, Login } from './known-logins.ts'

/** How often a token in use is noted: a write each time would be felt. */
const NOTE_EVERY_MS = 60_000
/** After so long nobody asks any more when a token was used that is gone. */
const KEEP_NOTE_MS = 400 * 24 * 3600 * 1000
/** Tokens whose last note is remembered. */
const MAX_NOTED = 1000

export interface ApiTokenDeps {
  readonly storage: Pick<TaskStorage, 'getRecord' | 'putRecord'>
  readonly clock: Clock
  readonly logins: KnownLogins
}

/** Answers whose token this is; undefined when it is not of their form, null when it is not good now. */
export function createApiTokens({ storage, clock, logins }: ApiTokenDeps) {
  const notedAt = new Map<string, number>()

  async function read(id: string, digest: Buffer): Promise<Login | null> {
    const text = await storage.getRecord(tokenKey(id))
    if (text === null) return null
    const { name, role, digest: wanted, expiresAt } = tokenFrom(tokenKey(id), text)
    const isRight = timingSafeEqual(digest, Buffer.from(wanted, 'hex'))
    if (!isRight) return null
    return {
      identity: { name, role, kind: 'token', tokenId: id },
      expiresAt: expiresAt === UNSET ? Number.POSITIVE_INFINITY : expiresAt,
    }
  }

  function remember(id: string, now: number): void {
    notedAt.delete(id)
    notedAt.set(id, now)
    if (notedAt.size > MAX_NOTED) for (const oldest of notedAt.keys()) return void notedAt.delete(oldest)
  }

  /** Best effort: a list that is a minute behind is no reason to refuse a request, or to make it wait. */
  function note(id: string): void {
    const now = clock.now()
    if (Math.abs(now - (notedAt.get(id) ?? Number.NEGATIVE_INFINITY)) < NOTE_EVERY_MS) return
    remember(id, now)
    storage.putRecord(tokenUsedKey(id), String(now), now + KEEP_NOTE_MS).catch(() => {})
  }

  return async (token: string): Promise<Identity | null | undefined> => {
    const id = tokenIdOf(token)
    if (id === null) return undefined
    const digest = digestOf(token)
    const identity = await logins.find(`token/${digest.toString('hex')}`, () => read(id, digest))
    if (identity !== null) note(id)
    return identity
  }
}
