import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TaskStorage } from '../../storage/task-storage.ts'
import type { Clock } from '../core/clock.ts'
import { CrewError } from '../core/errors.ts'
import type { Identity } from '../core/roles.ts'
import { ADMIN_RECORD, adminText } from '../core/user.ts'
import type { PeopleContext } from '../services/people-context.ts'
import { Turns } from '../services/turns.ts'
import { changeOwnPassword } from '../services/users.ts'
import { createAccounts } from './auth/accounts.ts'
import { createApiTokens } from './auth/api-tokens.ts'
import { digestOf } from './auth/digest.ts'
import { createGate, type Gate } from './auth/gate.ts'
import { KnownLogins } from './auth/known-logins.ts'
import { createPasswordProof, makePassword } from './auth/password-proof.ts'
import { createSessions } from './auth/sessions.ts'

/**
 * How the server is protected: not at all (loopback only), by the application that it runs in, or by users and tokens, of which the
 * configuration has one each.
 */
export type AuthMode =
  | { readonly kind: 'off' }
  | {
      readonly kind: 'application'
      /** Who sends a request; null when nobody known does. */
      readonly identify: (request: IncomingMessage) => Promise<Identity | null>
    }
  | {
      readonly kind: 'on'
      readonly username: string
      /** CREW_AUTH_PASSWORD; without it the first start makes one. */
      readonly password?: string | undefined
      /** CREW_AUTH_TOKEN: for programs. */
      readonly token?: string | undefined
    }

export interface AuthenticatorDeps {
  readonly storage: Pick<TaskStorage, 'getRecord' | 'putRecord' | 'listRecords'>
  readonly clock: Clock
  readonly mode: AuthMode
  readonly randomBytes: (size: number) => Uint8Array
  readonly hashPassword: (password: string) => Promise<string>
  readonly verifyPassword: (password: string, hash: string) => Promise<boolean>
}

/** A change of one's own password. */
export interface OwnPasswordChange {
  readonly username: string
  /** The session that asks, and stays. */
  readonly token: string
  readonly currentPassword: string
  readonly newPassword: string
  readonly address: string
}

/** Decides who may use the API, and as what. */
export interface Authenticator {
  /** `on`: one logs in here. */
  readonly kind: AuthMode['kind']
  /** What use cases of users and tokens work with. */
  readonly people: PeopleContext
  /** Makes the admin's password when there is none yet. It is told this once; the storage keeps its hash. */
  ensureAdmin(): Promise<{ generatedPassword: string | null }>
  /** A token for the right name and password, else `login_failed` or `too_many_requests`. */
  login(username: string, password: string, address: string): Promise<string>
  /** Sets another password of whoever has this session, who tells the one before: refused as `login` is. */
  changePassword(change: OwnPasswordChange): Promise<void>
  /** Whose token this is; null when it is not good. */
  identify(token: string): Promise<Identity | null>
  /** Whose request this is, where the application decides; null when nobody's, and wherever one logs in. */
  identifySender(request: IncomingMessage): Promise<Identity | null>
  /** Whether it is anybody's. */
  check(token: string): Promise<boolean>
  /** Ends what `login` gave. Another token has an end of its own. */
  logout(token: string): Promise<void>
  /** Asks whether another server changed something about who may; at most once a second. */
  refresh(): Promise<void>
  /** Calls back when somebody may be logged in no longer. */
  onChange(listener: () => void): void
}

/** crew-go's clients want a token even where none is needed; in the websocket's address this one stands for none. */
export const NO_TOKEN = '-'

/** Where login is off nobody can be told from anybody. */
export const ANYONE: Identity = { name: 'anyone', role: 'admin', kind: 'off' }
const CONFIGURED_TOKEN: Identity = { name: 'CREW_AUTH_TOKEN', role: 'admin', kind: 'token' }

/** A hash takes 64 MiB and a core for 170 ms: two at once, and a queue that is over in two seconds. */
const HASH_GATE = { atOnce: 2, waiting: 20 }
/** No token is longer; hashing megabytes for nobody is work. */
const MAX_TOKEN_LENGTH = 1024

export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const logins = new KnownLogins(deps)
  const gate = createGate(HASH_GATE)
  const { mode } = deps
  if (mode.kind === 'on') return protectedAuthenticator(deps, mode, logins, gate)
  const open = openAuthenticator(createPeople(deps, logins, gate, null))
  return mode.kind === 'off' ? open : { ...open, ...foreignAuthenticator(mode) }
}

/** No token is anybody's: only the application knows. */
const foreignAuthenticator = ({ kind, identify }: AuthMode & { kind: 'application' }): Partial<Authenticator> => ({
  kind,
  identifySender: identify,
  identify: async () => null,
  check: async () => false,
})

/** Users may be prepared while login is off. */
const openAuthenticator = (people: PeopleContext): Authenticator => ({
  kind: 'off',
  people,
  ensureAdmin: async () => ({ generatedPassword: null }),
  login: async () => NO_TOKEN,
  changePassword: async () => {
    throw new CrewError('forbidden', 'Nobody logs in here with a password of Crew.')
  },
  identify: async () => ANYONE,
  identifySender: async () => null,
  check: async () => true,
  logout: async () => {},
  refresh: async () => {},
  onChange: () => {},
})

function protectedAuthenticator(
  deps: AuthenticatorDeps,
  mode: AuthMode & { kind: 'on' },
  logins: KnownLogins,
  gate: Gate,
): Authenticator {
  const { storage } = deps
  const configured = { name: mode.username, password: mode.password || null }
  const findAccount = createAccounts({ storage, configured })
  const sessions = createSessions({ ...deps, logins, findAccount })
  const apiTokens = createApiTokens({ ...deps, logins })
  const tokenDigest = mode.token ? digestOf(mode.token) : null
  const prove = createPasswordProof({ ...deps, findAccount, gate })
  const people = createPeople(deps, logins, gate, {
    name: configured.name,
    hasFixedPassword: configured.password !== null,
  })

  async function ensureAdmin() {
    // Best effort: logins cost a read a second without it.
    await logins.begin().catch(() => {})
    if (configured.password !== null || (await storage.getRecord(ADMIN_RECORD)) !== null)
      return { generatedPassword: null }
    const generatedPassword = makePassword(deps.randomBytes)
    await storage.putRecord(ADMIN_RECORD, adminText(await deps.hashPassword(generatedPassword)))
    return { generatedPassword }
  }

  async function identify(token: string): Promise<Identity | null> {
    if (token === '' || token.length > MAX_TOKEN_LENGTH) return null
    if (tokenDigest !== null && timingSafeEqual(digestOf(token), tokenDigest)) return CONFIGURED_TOKEN
    const identity = await apiTokens(token)
    return identity === undefined ? sessions.find(token) : identity
  }

  const changePassword = ({ token, newPassword, currentPassword, ...claim }: OwnPasswordChange): Promise<void> =>
    changeOwnPassword(people, claim.username, newPassword, async () => {
      const account = await prove({ ...claim, password: currentPassword })
      if (account === null) throw wrongCurrentPassword()
      return (text) => sessions.keep(token, { ...account, password: { kind: 'hash', text } })
    })

  return {
    kind: 'on',
    people,
    ensureAdmin,
    async login(username, password, address) {
      const account = await prove({ username, password, address })
      if (account === null) throw new CrewError('login_failed', 'The user name or the password is wrong.')
      return sessions.open(account)
    },
    changePassword,
    identify,
    identifySender: async () => null,
    check: async (token) => (await identify(token)) !== null,
    logout: (token) => sessions.close(token),
    refresh: () => logins.refresh(),
    onChange: (listener) => logins.onChange(listener),
  }
}

const wrongCurrentPassword = (): CrewError =>
  new CrewError('login_failed', 'The current password is wrong: nothing was changed.', [
    { pointer: '/currentPassword', detail: 'is not your password' },
  ])

function createPeople(
  { storage, clock, randomBytes, hashPassword }: AuthenticatorDeps,
  logins: KnownLogins,
  gate: Gate,
  configured: PeopleContext['configured'],
): PeopleContext {
  return {
    storage,
    clock,
    randomBytes,
    configured,
    turns: new Turns(),
    hashPassword: (password) => gate.run(() => hashPassword(password)),
    accessChanged: () => logins.changed(),
  }
}
