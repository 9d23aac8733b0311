import type { TaskStorage } from '../../../storage/task-storage.ts'
import type { Clock } from '../../core/clock.ts'
import { CrewError } from '../../core/errors.ts'
import type { Identity } from '../../core/roles.ts'

/** Logins that need no look into the storage. */
const MAX_KNOWN = 1000
/** How long one looked up stays good, whatever the stamp says. */
const RECHECK_MS = 10_000
/** How long another server may not have noticed a change. */
const STAMP_MS = 1000
/** Another random value after every change of a user, a token or a session. */
const STAMP_RECORD = 'auth/stamp'
const STAMP_BYTES = 12

export interface KnownLoginsDeps {
  readonly storage: Pick<TaskStorage, 'getRecord' | 'putRecord'>
  readonly clock: Clock
  readonly randomBytes: (size: number) => Uint8Array
}

/** Who a credential stands for, and until when (Infinity: for ever). */
export interface Login {
  readonly identity: Identity
  readonly expiresAt: number
}

/**
 * Remembers who is logged in, so that a request costs no read. What is known is **good** while the stamp in the storage is the one
 * that was there before it was read; the stamp is asked for at most once a second, however many credentials are in use. So what is
 * revoked on one server stops within a second on all, and at once on that one. A change is written before its stamp, so a login
 * that was read before the change was read under an older stamp.
 */
export class KnownLogins {
  readonly #deps: KnownLoginsDeps
  readonly #known = new Map<string, Login & { readonly readAt: number }>()
  readonly #listeners = new Set<() => void>()
  /** Undefined: not read yet. */
  #stamp: string | null | undefined
  #stampReadAt = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | null = null
  /** Raised whenever all is forgotten, so that a slow read does not bring back what was before. */
  #generation = 0

  constructor(deps: KnownLoginsDeps) {
    this.#deps = deps
  }

  /** Whose credential this is; `key` is its digest, `read` looks it up. */
  async find(key: string, read: () => Promise<Login | null>): Promise<Identity | null> {
    await this.refresh()
    const known = this.#known.get(key)
    if (known !== undefined && this.#isWithin(known.readAt, RECHECK_MS)) return this.#identityOf(known)
    const [generation, readAt] = [this.#generation, this.#deps.clock.now()]
    const login = await read()
    this.#known.delete(key)
    if (login === null || this.#identityOf(login) === null) return null
    if (generation === this.#generation) this.#remember(key, { ...login, readAt })
    return login.identity
  }

  /** Looks whether another server changed something, unless that was done a moment ago. */
  async refresh(): Promise<void> {
    if (this.#isWithin(this.#stampReadAt, STAMP_MS)) return
    this.#reading ??= this.#readStamp().finally(() => {
      this.#reading = null
    })
    await this.#reading
  }

  /** Sees to it that there is a stamp while there is room for one. */
  async begin(): Promise<void> {
    await this.refresh()
    if (this.#stamp === null) this.#stamp = await this.#writeStamp(this.#newStamp())
  }

  /** Something about who may was changed, and is written. */
  async changed(): Promise<void> {
    this.#forget()
    this.#stamp = await this.#writeStamp(this.#newStamp())
  }

  /** Calls back whenever what was known is no longer. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  async #readStamp(): Promise<void> {
    const readAt = this.#deps.clock.now()
    const stamp = await this.#deps.storage.getRecord(STAMP_RECORD)
    this.#stampReadAt = readAt
    // Without a stamp nothing tells one change from the next, so nothing is known for longer than a second.
    if (stamp !== null && stamp === this.#stamp) return
    const isFirst = this.#stamp === undefined
    this.#stamp = stamp
    if (!isFirst) this.#forget()
  }

  #newStamp(): string {
    return Buffer.from(this.#deps.randomBytes(STAMP_BYTES)).toString('base64url')
  }

  /** A full storage takes no new record but drops one, which is no stamp any more: revoking must not need room. */
  async #writeStamp(stamp: string): Promise<string | null> {
    try {
      await this.#deps.storage.putRecord(STAMP_RECORD, stamp)
      return stamp
    } catch (error) {
      if (!(error instanceof CrewError) || error.code !== 'storage_full') throw error
      await this.#deps.storage.putRecord(STAMP_RECORD, null)
      return null
    }
  }

  #forget(): void {
    this.#generation++
    this.#known.clear()
    for (const listener of this.#listeners) listener()
  }

  #remember(key: string, login: Login & { readonly readAt: number }): void {
    this.#known.set(key, login)
    if (this.#known.size > MAX_KNOWN) for (const oldest of this.#known.keys()) return void this.#known.delete(oldest)
  }

  #identityOf({ identity, expiresAt }: Login): Identity | null {
    return expiresAt > this.#deps.clock.now() ? identity : null
  }

  /** Also when the clock was put back: an hour must not be added to what is good for a second. */
  #isWithin(at: number, ms: number): boolean {
    return Math.abs(this.#deps.clock.now() - at) < ms
  }
}
