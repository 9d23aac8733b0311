import { tokenPrefix } from '../../core/api-token.ts'
import { formatTime, UNSET } from '../../core/time.ts'
import type { TokenView } from '../../services/tokens.ts'
import type { UserView } from '../../services/users.ts'

const timeOrNull = (at: number): string | null => (at === UNSET ? null : formatTime(at))

const presentUser = ({ name, role, isConfigured, createdAt, updatedAt }: UserView) => ({
  name,
  role,
  isConfigured,
  createdAt: timeOrNull(createdAt),
  updatedAt: timeOrNull(updatedAt),
})

export const userJson = (user: UserView): string => JSON.stringify(presentUser(user))

/** A page of users, with how many there are over all pages. */
export const userListJson = (users: readonly UserView[], count: number): string =>
  JSON.stringify({ users: users.map(presentUser), count })

/** Field by field: the digest of the secret is nobody's. */
const presentToken = ({ token, lastUsedAt }: TokenView) => ({
  id: token.id,
  name: token.name,
  role: token.role,
  prefix: tokenPrefix(token.id),
  createdAt: formatTime(token.createdAt),
  createdBy: token.createdBy,
  lastUsedAt: timeOrNull(lastUsedAt),
  expiresAt: timeOrNull(token.expiresAt),
})

/** With its secret, this once. */
export const newTokenJson = (view: TokenView, secret: string): string =>
  JSON.stringify({ ...presentToken(view), secret })

export const tokenListJson = (tokens: readonly TokenView[], count: number): string =>
  JSON.stringify({ tokens: tokens.map(presentToken), count })
