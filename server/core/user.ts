import { isRole, type Role } from './roles.ts'

/** The first part of the keys of users' records. */
export const USER_KIND = 'user'
export const userKey = (name: string): string => `${USER_KIND}/${name}`

/** Where the hash of the password that the first start made is kept. */
export const ADMIN_RECORD = 'auth/admin'

/** An address or a short name. Letter case counts. */
export const USER_NAME_PATTERN = /^[A-Za-z0-9._@+-]{1,64}$/

/** PROOF S4. A password of the configuration is the operator's own affair and may be shorter. */
export const MIN_PASSWORD_LENGTH = 12
export const MAX_PASSWORD_LENGTH = 256

/** Who may log in with a password. */
export interface User {
  readonly name: string
  readonly role: Role
  /** argon2id or scrypt; answers, logs and activity never have it. */
  readonly passwordHash: string
  readonly createdAt: number
  readonly updatedAt: number
}

export function userText({ name: _name, ...user }: User): string {
  return JSON.stringify(user)
}

/** What is stored. A role that this version does not know may do the least. */
export function userFrom(key: string, text: string): User {
  const user = JSON.parse(text) as Omit<User, 'name'>
  return { ...user, role: isRole(user.role) ? user.role : 'viewer', name: key.slice(USER_KIND.length + 1) }
}

export const adminText = (passwordHash: string): string => JSON.stringify({ passwordHash })

/** Null: no password was made yet. */
export function adminHashFrom(text: string | null): string | null {
  if (text === null) return null
  const { passwordHash } = JSON.parse(text) as { passwordHash?: unknown }
  return typeof passwordHash === 'string' ? passwordHash : null
}
