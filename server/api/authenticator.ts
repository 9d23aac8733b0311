import { timingSafeEqual } from 'node:crypto'
import type { TaskStorage } from '../../storage/task-storage.ts'
import type { Clock } from '../core/clock.ts'
import { CrewError } from '../core/errors.ts'
import { digestOf, isSameSecret } from './auth/digest.ts'
import { createGate } from './auth/gate.ts'
import { createLoginThrottle } from './auth/login-throttle.ts'
import { createSessions } from './auth/sessions.ts'

/** How the server is protected: not at all (loopback only), or by one user and one fixed token. */
export type AuthMode =
  | { readonly kind: 'off' }
  | {
      readonly kind: 'on'
      readonly username: string
      /** CREW_AUTH_PASSWORD; without it the first start makes one. */
      readonly password?: string | undefined
      /** CREW_AUTH_TOKEN: for programs. */
      readonly token?: string | undefined
    }

export interface AuthenticatorDeps {
  readonly storage: Pick<TaskStorage, 'getRecord' | 'putRecord'>
  readonly clock: Clock
  readonly mode: AuthMode
  readonly randomBytes: (size: number) => Uint8Array
  readonly hashPassword: (password: string) => Promise<string>
  readonly verifyPassword: (password: string, hash: string) => Promise<boolean>
}

/** Decides who may use the API. */
export interface Authenticator {
  readonly isOn: boolean
  /** Makes the admin's password when there is none yet. It is told this once; the storage keeps its hash. */
  ensureAdmin(): Promise<{ generatedPassword: string | null }>
  /** A token for the right name and password, else `login_failed` or `too_many_requests`. */
  login(username: string, password: string, address: string): Promise<string>
  check(token: string): Promise<boolean>
}

/** crew-go's clients want a token even where none is needed; in the websocket's address this one stands for none. */
export const NO_TOKEN = '-'

const ADMIN_RECORD = 'auth/admin'
/** 144 bits, 24 characters to copy. */
const PASSWORD_BYTES = 18
/** A hash takes 64 MiB and a core for 170 ms: two at once, and a queue that is over in two seconds. */
const HASH_GATE = { atOnce: 2, waiting: 20 }
/** No token is longer; hashing megabytes for nobody is work. */
const MAX_TOKEN_LENGTH = 1024

export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  return deps.mode.kind === 'off' ? openAuthenticator : protectedAuthenticator(deps, deps.mode)
}

const openAuthenticator: Authenticator = {
  isOn: false,
  ensureAdmin: async () => ({ generatedPassword: null }),
  login: async () => NO_TOKEN,
  check: async () => true,
}

function protectedAuthenticator(deps: AuthenticatorDeps, mode: AuthMode & { kind: 'on' }): Authenticator {
  const { storage } = deps
  const sessions = createSessions(deps)
  const throttle = createLoginThrottle(deps)
  const gate = createGate(HASH_GATE)
  const tokenDigest = mode.token === undefined || mode.token === '' ? null : digestOf(mode.token)

  async function ensureAdmin() {
    if (hasPassword(mode) || (await storage.getRecord(ADMIN_RECORD)) !== null) return { generatedPassword: null }
    const generatedPassword = passwordOf(deps.randomBytes(PASSWORD_BYTES))
    await storage.putRecord(ADMIN_RECORD, JSON.stringify({ passwordHash: await deps.hashPassword(generatedPassword) }))
    return { generatedPassword }
  }

  /** The password is checked whoever the user says he is, so that the time does not tell which names exist. */
  async function isRightPassword(password: string): Promise<boolean> {
    if (hasPassword(mode)) return isSameSecret(password, mode.password)
    const hash = adminHash(await storage.getRecord(ADMIN_RECORD))
    return hash !== null && (await gate.run(() => deps.verifyPassword(password, hash)))
  }

  return {
    isOn: true,
    ensureAdmin,
    async login(username, password, address) {
      const attempt = throttle.begin(username, address)
      const isRight = await isRightPassword(password)
      const isUser = isSameSecret(username, mode.username)
      if (!isRight || !isUser) throw new CrewError('login_failed', 'The user name or the password is wrong.')
      attempt.succeed()
      return sessions.open(username)
    },
    async check(token) {
      if (token === '' || token.length > MAX_TOKEN_LENGTH) return false
      const digest = digestOf(token)
      if (tokenDigest !== null && timingSafeEqual(digest, tokenDigest)) return true
      return sessions.isOpen(digest)
    },
  }
}

/** Letters and digits only: a leading `-` would be read as an option where the password is pasted. */
function passwordOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url').replace(/[-_]/g, '0')
}

function hasPassword(mode: AuthMode & { kind: 'on' }): mode is typeof mode & { password: string } {
  return mode.password !== undefined && mode.password !== ''
}

function adminHash(record: string | null): string | null {
  if (record === null) return null
  const { passwordHash } = JSON.parse(record) as { passwordHash?: unknown }
  return typeof passwordHash === 'string' ? passwordHash : null
}
