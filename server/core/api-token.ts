import { isRole, type Role } from './roles.ts'
import { UNSET } from './time.ts'

/** The first part of the keys of tokens' records. */
export const TOKEN_KIND = 'token'
export const tokenKey = (id: string): string => `${TOKEN_KIND}/${id}`
/** Apart from the token: it is written by whatever server meets it, and must not bring back one that was revoked meanwhile. */
export const tokenUsedKey = (id: string): string => `token-used/${id}`

export const MAX_TOKEN_NAME_LENGTH = 100

/** Bytes of the id, which is no secret, and of the secret: 256 bits, which nobody guesses. */
export const TOKEN_ID_BYTES = 8
export const TOKEN_SECRET_BYTES = 32

const TOKEN_PATTERN = /^crew_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/

/** A program's way in. The secret itself is told once, when it is made (PROOF S2). */
export interface ApiToken {
  readonly id: string
  /** For people. */
  readonly name: string
  readonly role: Role
  /** SHA-256 of the whole secret, in hex: with 256 random bits nothing slower is needed. */
  readonly digest: string
  readonly createdAt: number
  readonly createdBy: string
  /** UNSET: never. */
  readonly expiresAt: number
}

/** What programs send. The id in it finds the record, so that nothing is looked up by a secret. */
export const tokenSecret = (id: string, secret: string): string => `crew_${id}_${secret}`

/** What tells a token in a list from others. */
export const tokenPrefix = (id: string): string => `crew_${id}`

/** The id in what was sent; null when that is no token of this form. */
export const tokenIdOf = (sent: string): string | null => TOKEN_PATTERN.exec(sent)?.[1] ?? null

/** The id of the token that a request makes which may be run again: the end of an id of that request, which is no secret either. */
export const tokenIdFrom = (uuid: string): string => uuid.replaceAll('-', '').slice(-2 * TOKEN_ID_BYTES)

export const isTokenId = (id: string): boolean => /^[0-9a-f]{16}$/.test(id)

export const isExpired = ({ expiresAt }: ApiToken, now: number): boolean => expiresAt !== UNSET && expiresAt <= now

export function tokenText({ id: _id, ...token }: ApiToken): string {
  return JSON.stringify(token)
}

/** What is stored. A role that this version does not know may do the least. */
export function tokenFrom(key: string, text: string): ApiToken {
  const token = JSON.parse(text) as Omit<ApiToken, 'id'>
  return { ...token, role: isRole(token.role) ? token.role : 'viewer', id: key.slice(TOKEN_KIND.length + 1) }
}
