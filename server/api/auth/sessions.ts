import type { TaskStorage } from '../../../storage/task-storage.ts'
import type { Clock } from '../../core/clock.ts'
import { CrewError } from '../../core/errors.ts'
import type { Identity } from '../../core/roles.ts'
import { type Account, proofOf } from './accounts.ts'
import { digestOf, isSameSecret } from './digest.ts'
import type { KnownLogins, Login } from './known-logins.ts'

const LIFETIME_MS = 24 * 3600 * 1000
/** 256 bits: nobody guesses one. */
const TOKEN_BYTES = 32

export interface SessionDeps {
  readonly storage: Pick<TaskStorage, 'getRecord' | 'putRecord'>
  readonly clock: Clock
  readonly randomBytes: (size: number) => Uint8Array
  readonly logins: KnownLogins
  readonly findAccount: (name: string) => Promise<Account | null>
}

/** Who is logged in. The storage has only digests: whoever reads it cannot log in with what it says. */
export interface Sessions {
  /** A new token, good for a day while the account stays as it is. */
  open(account: Account): Promise<string>
  /** Whose token this is; null when it is not good now. */
  find(token: string): Promise<Identity | null>
  /** Makes it good for the account as it will be too: what comes next may be the change, or a crash. */
  keep(token: string, next: Account): Promise<void>
  /** Ends it; one that is not open stays so. */
  close(token: string): Promise<void>
}

export function createSessions({ storage, clock, randomBytes, logins, findAccount }: SessionDeps): Sessions {
  async function read(token: string): Promise<Login | null> {
    const session = sessionFrom(await storage.getRecord(keyOf(token)))
    const account = session && (await findAccount(session.username))
    if (!session || !account || !isProven(session, proofOf(token, account))) return null
    const { name, role } = account
    return { identity: { name, role, kind: 'session' }, expiresAt: session.expiresAt }
  }

  return {
    async open(account) {
      const token = Buffer.from(randomBytes(TOKEN_BYTES)).toString('base64url')
      const expiresAt = clock.now() + LIFETIME_MS
      const session: Session = { username: account.name, expiresAt, proof: proofOf(token, account) }
      await storage.putRecord(keyOf(token), JSON.stringify(session), expiresAt)
      return token
    },
    find: (token) => logins.find(keyOf(token), () => read(token)),
    async keep(token, next) {
      const session = sessionFrom(await storage.getRecord(keyOf(token)))
      if (session === null) throw new CrewError('unauthorized', 'The session has ended: log in again.')
      const kept: Session = { ...session, nextProof: proofOf(token, next) }
      await storage.putRecord(keyOf(token), JSON.stringify(kept), session.expiresAt)
    },
    async close(token) {
      // Any credential may ask for it; where nothing ends, no server has to look again who may.
      if ((await storage.getRecord(keyOf(token))) === null) return
      await storage.putRecord(keyOf(token), null)
      await logins.changed()
    },
  }
}

interface Session {
  readonly username: string
  readonly expiresAt: number
  readonly proof: string
  /** Of the account after a change of its password that this session made. */
  readonly nextProof?: string
}

const isProven = ({ proof, nextProof }: Session, wanted: string): boolean =>
  isSameSecret(proof, wanted) || (nextProof !== undefined && isSameSecret(nextProof, wanted))

const keyOf = (token: string): string => `session/${digestOf(token).toString('hex')}`

/** Null: there is none, or it is of a version that did not keep what it was opened for. */
function sessionFrom(record: string | null): Session | null {
  const session = record === null ? null : (JSON.parse(record) as Partial<Session>)
  return typeof session?.proof === 'string' ? (session as Session) : null
}
