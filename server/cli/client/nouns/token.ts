import { body } from '../field.ts'
import type { Column, Noun, Verb } from '../verb.ts'

const COLUMNS: readonly Column[] = [
  { head: 'ID', of: 'id' },
  { head: 'NAME', of: 'name' },
  { head: 'ROLE', of: 'role' },
  { head: 'BEGINS WITH', of: 'prefix' },
  { head: 'LAST USED', of: 'lastUsedAt' },
  { head: 'EXPIRES', of: 'expiresAt' },
]

const revoke: Verb = {
  name: 'revoke',
  about: 'it opens nothing any more',
  operation: 'deleteToken',
  words: 'ids',
  shows: { kind: 'done' },
  asks: true,
}

/** `crew token`. */
export const tokenNoun: Noun = {
  name: 'token',
  plural: 'tokens',
  about: 'tokens: what programs log in with',
  param: 'id',
  verbs: [
    {
      name: 'list',
      about: 'the tokens, without their secrets',
      operation: 'listTokens',
      words: 'none',
      shows: { kind: 'rows', member: 'tokens', id: 'id', columns: COLUMNS },
    },
    {
      name: 'create',
      about: 'a token; its secret is shown this once',
      operation: 'createToken',
      words: 'none',
      fields: [
        body('--name', 'text', { about: 'what it is for', isRequired: true }),
        body('--role', 'text', { placeholder: 'viewer|operator|admin', about: 'what it may', isRequired: true }),
        body('--expires-at', 'text', { placeholder: 'TIME', about: 'when it ends; else never' }),
      ],
      shows: { kind: 'row', id: 'id', columns: [...COLUMNS.slice(0, 3), { head: 'SECRET', of: 'secret' }] },
    },
    revoke,
    { ...revoke, name: 'delete', about: 'the same as revoke' },
  ],
}
