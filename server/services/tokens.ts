import { MAX_PAGE_SIZE, type PageQuery } from '../../storage/task-storage.ts'
import {
  type ApiToken,
  isTokenId,
  TOKEN_ID_BYTES,
  TOKEN_KIND,
  TOKEN_SECRET_BYTES,
  tokenFrom,
  tokenKey,
  tokenSecret,
  tokenText,
  tokenUsedKey,
} from '../core/api-token.ts'
import { CrewError } from '../core/errors.ts'
import type { Role } from '../core/roles.ts'
import { UNSET } from '../core/time.ts'
import { answerNotKept } from './keyed-request.ts'
import { MAX_PEOPLE, type PeopleContext } from './people-context.ts'

/** A token with when it was used last, to the minute; UNSET: never. */
export interface TokenView {
  readonly token: ApiToken
  readonly lastUsedAt: number
}

export interface NewToken {
  readonly name: string
  readonly role: Role
  readonly expiresAt: number
  readonly createdBy: string
  /** Of a request that may be run again; left out it is made by chance. */
  readonly id?: string | undefined
}

/** Newest first; those that expired stay until they are revoked. */
export async function listTokens(
  { storage }: PeopleContext,
  { page, pageSize }: PageQuery,
): Promise<{ tokens: TokenView[]; count: number }> {
  const { records, count } = await storage.listRecords(TOKEN_KIND, { page: 1, pageSize: MAX_PAGE_SIZE })
  const all = records.map(({ key, value }) => tokenFrom(key, value)).sort((a, b) => b.createdAt - a.createdAt)
  const size = pageSize === 0 ? MAX_PAGE_SIZE : pageSize
  const shown = all.slice((page - 1) * size, page * size)
  const used = await Promise.all(shown.map(({ id }) => storage.getRecord(tokenUsedKey(id))))
  return { tokens: shown.map((token, at) => ({ token, lastUsedAt: Number(used[at] ?? UNSET) })), count }
}

/** The secret is told this once: the storage keeps its digest. */
export async function createToken(
  { storage, clock, randomBytes }: PeopleContext,
  digestOf: (secret: string) => string,
  { name, role, expiresAt, createdBy, id = Buffer.from(randomBytes(TOKEN_ID_BYTES)).toString('hex') }: NewToken,
): Promise<{ token: ApiToken; secret: string }> {
  const { count } = await storage.listRecords(TOKEN_KIND, { page: 1, pageSize: 1 })
  if (count >= MAX_PEOPLE) throw new CrewError('conflict', `There are ${MAX_PEOPLE} tokens: revoke some first.`)
  if ((await storage.getRecord(tokenKey(id))) !== null) throw answerNotKept('A secret is told once')
  const secret = tokenSecret(id, Buffer.from(randomBytes(TOKEN_SECRET_BYTES)).toString('base64url'))
  const token = { id, name, role, digest: digestOf(secret), createdAt: clock.now(), createdBy, expiresAt }
  await storage.putRecord(tokenKey(id), tokenText(token))
  return { token, secret }
}

/** Revokes it: good no longer here, nor a second later on any server. Answers what it was called. */
export async function deleteToken({ storage, accessChanged }: PeopleContext, id: string): Promise<ApiToken> {
  const text = isTokenId(id) ? await storage.getRecord(tokenKey(id)) : null
  if (text === null) throw new CrewError('token_not_found', `There is no token "${id}".`)
  await storage.putRecord(tokenKey(id), null)
  await accessChanged()
  await storage.putRecord(tokenUsedKey(id), null)
  return tokenFrom(tokenKey(id), text)
}
