import { type Static, Type } from 'typebox'
import { MAX_TOKEN_NAME_LENGTH } from '../../core/api-token.ts'
import { type Identity, roles } from '../../core/roles.ts'
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, USER_NAME_PATTERN } from '../../core/user.ts'
import { oneOf, orNull } from './named.ts'

const role = oneOf(roles, 'What it may: each may all that the one before it may.')
const time = Type.String({ format: 'date-time' })
const kinds = ['session', 'token', 'off', 'application'] as const satisfies readonly Identity['kind'][]

/** Who asks. */
export const Me = Type.Object({
  name: Type.String({ description: 'The user, or what the token is called.' }),
  role,
  kind: oneOf(kinds, 'How one is known; `off`: login is off; `application`: by the one that Crew runs in.'),
})

const name = Type.String({ pattern: USER_NAME_PATTERN.source, description: 'To log in with; letter case counts.' })
/** A password that somebody chooses. */
export const PasswordText = Type.String({
  minLength: MIN_PASSWORD_LENGTH,
  maxLength: MAX_PASSWORD_LENGTH,
  description: 'Kept as a hash, and told to nobody.',
})

/** Who may log in. */
export const User = Type.Object({
  name,
  role,
  isConfigured: Type.Boolean({ description: 'By CREW_AUTH_USERNAME: always an admin, and never deleted.' }),
  createdAt: orNull(time, 'null of the user of the configuration.'),
  updatedAt: orNull(time, 'When the role or the password was changed last.'),
})

export const NewUserBody = Type.Object({ name, role, password: PasswordText })
export const UserEditBody = Type.Partial(Type.Object({ role, password: PasswordText }))

const tokenName = Type.String({ minLength: 1, maxLength: MAX_TOKEN_NAME_LENGTH, description: 'For people.' })

const token = {
  id: Type.String({ description: 'No secret.' }),
  name: tokenName,
  role,
  prefix: Type.String({ description: 'The first characters of the secret.' }),
  createdAt: time,
  createdBy: Type.String({ description: 'Whoever made it.' }),
  lastUsedAt: orNull(time, 'To the minute; null: never.'),
  expiresAt: orNull(time, 'null: never. What has expired is good no longer, and stays in the list.'),
}

/** A program's way in, without its secret. */
export const ApiToken = Type.Object(token)

/** The one answer that has the secret. */
export const NewApiToken = Type.Object({
  ...token,
  secret: Type.String({ description: 'Told this once: send it as `Authorization: Bearer SECRET`.' }),
})

export const NewTokenBody = Type.Object(
  {
    name: tokenName,
    role,
    expiresAt: orNull(Type.String(), 'RFC 3339, ahead; null or left out: never.'),
  },
  { required: ['name', 'role'] },
)
export type NewTokenBody = Static<typeof NewTokenBody>
