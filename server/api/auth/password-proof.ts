import type { Clock } from '../../core/clock.ts'
import type { Account } from './accounts.ts'
import { isSameSecret } from './digest.ts'
import type { Gate } from './gate.ts'
import { createLoginThrottle } from './login-throttle.ts'

/** 144 bits, 24 characters to copy. */
const PASSWORD_BYTES = 18

export interface PasswordProofDeps {
  readonly clock: Clock
  readonly randomBytes: (size: number) => Uint8Array
  readonly hashPassword: (password: string) => Promise<string>
  readonly verifyPassword: (password: string, hash: string) => Promise<boolean>
  readonly findAccount: (name: string) => Promise<Account | null>
  readonly gate: Gate
}

/** Who says that he is somebody, and from where. */
export interface Claim {
  readonly username: string
  readonly password: string
  readonly address: string
}

/** Answers the account when this is its password, else null; throws `too_many_requests` after too many that were not. */
export function createPasswordProof(deps: PasswordProofDeps) {
  const throttle = createLoginThrottle(deps)
  const isPassword = createPasswordCheck(deps)

  return async ({ username, password, address }: Claim): Promise<Account | null> => {
    const attempt = throttle.begin(username, address)
    const account = await deps.findAccount(username)
    if (!(await isPassword(password, account))) return null
    attempt.succeed()
    return account
  }
}

/** One hash is checked whoever the user says he is, so that the time does not tell which names exist. */
function createPasswordCheck({ hashPassword, verifyPassword, randomBytes, gate }: PasswordProofDeps) {
  let decoy: Promise<string> | undefined

  return async (password: string, account: Account | null): Promise<boolean> => {
    decoy ??= hashPassword(makePassword(randomBytes)).catch((error: unknown) => {
      decoy = undefined
      throw error
    })
    const known = account?.password
    const hash = known?.kind === 'hash' ? known.text : await decoy
    const isHashRight = await gate.run(() => verifyPassword(password, hash))
    if (known === undefined) return false
    return known.kind === 'fixed' ? isSameSecret(password, known.text) : isHashRight
  }
}

/** Letters and digits only: a leading `-` would be read as an option where the password is pasted. */
export function makePassword(randomBytes: (size: number) => Uint8Array): string {
  return Buffer.from(randomBytes(PASSWORD_BYTES)).toString('base64url').replace(/[-_]/g, '0')
}
