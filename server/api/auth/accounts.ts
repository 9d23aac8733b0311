import { createHmac } from 'node:crypto'
import type { TaskStorage } from '../../../storage/task-storage.ts'
import type { Role } from '../../core/roles.ts'
import { ADMIN_RECORD, adminHashFrom, USER_NAME_PATTERN, userFrom, userKey } from '../../core/user.ts'

/** The user of the configuration, who is always an admin. */
export interface ConfiguredUser {
  readonly name: string
  /** CREW_AUTH_PASSWORD; null: the first start made one, of which the storage has the hash. */
  readonly password: string | null
}

/** Who may log in, with what. */
export interface Account {
  readonly name: string
  readonly role: Role
  readonly password: { readonly kind: 'fixed' | 'hash'; readonly text: string }
  readonly createdAt: number
}

/** Finds accounts by name; the user of the configuration comes before one of that name in the storage. */
export function createAccounts({
  storage,
  configured,
}: {
  readonly storage: Pick<TaskStorage, 'getRecord'>
  readonly configured: ConfiguredUser
}) {
  return async (name: string): Promise<Account | null> => {
    // One read whoever it is, so that the time does not tell which names exist.
    const isConfigured = name === configured.name
    const key = USER_NAME_PATTERN.test(name) ? userKey(name) : userKey('')
    const text = await storage.getRecord(isConfigured ? ADMIN_RECORD : key)
    if (isConfigured) return configuredAccount(configured, text)
    if (text === null) return null
    const { role, passwordHash, createdAt } = userFrom(userKey(name), text)
    return { name, role, password: { kind: 'hash', text: passwordHash }, createdAt }
  }
}

function configuredAccount({ name, password }: ConfiguredUser, record: string | null): Account | null {
  const hash = adminHashFrom(record)
  if (password !== null) return { name, role: 'admin', password: { kind: 'fixed', text: password }, createdAt: 0 }
  return hash === null ? null : { name, role: 'admin', password: { kind: 'hash', text: hash }, createdAt: 0 }
}

/**
 * What a session keeps of the account it was opened for: it is over once the account has another password or role, or is another
 * one of the same name. Keyed by the session's own token, which nobody has but its holder: the storage says nothing about a password.
 */
export function proofOf(token: string, { name, role, password, createdAt }: Account): string {
  const account = JSON.stringify([name, role, password.text, createdAt])
  return createHmac('sha256', token).update(account).digest('base64url')
}
