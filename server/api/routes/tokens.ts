import { Type } from 'typebox'
import { tokenIdFrom } from '../../core/api-token.ts'
import type { Clock } from '../../core/clock.ts'
import { parseTime, UNSET } from '../../core/time.ts'
import { createToken, deleteToken, listTokens } from '../../services/tokens.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { digestOf } from '../auth/digest.ts'
import { adminOnly, identityOf } from '../auth/require-login.ts'
import { secretAnswer } from '../idempotency.ts'
import { newTokenJson, tokenListJson } from '../present/people-json.ts'
import { sendDeleted, sendJson } from '../present/send.ts'
import { readPage } from '../queries.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { count } from '../schemas/fields.ts'
import { named } from '../schemas/named.ts'
import { TokenParams } from '../schemas/params.ts'
import { NewApiToken, NewTokenBody } from '../schemas/people.ts'
import { PagingQuery } from '../schemas/queries.ts'
import { invalidRequest } from '../validation.ts'

/** Tokens: list, make, revoke. */
export function tokenRoutes(app: ApiInstance, { auth, clock, services }: ApiDeps): void {
  app.get('/api/v1/tokens', { schema: schemas.list, config: adminOnly }, async ({ query }, reply) => {
    const { tokens, count } = await listTokens(auth.people, readPage(query))
    return sendJson(reply, tokenListJson(tokens, count))
  })
  app.post(
    '/api/v1/tokens',
    { schema: schemas.create, config: { ...adminOnly, ...secretAnswer } },
    async (request, reply) => {
      const { name, role } = request.body
      const keyed = services.keyed?.()
      const asked = { name: name.toWellFormed(), role, expiresAt: readExpiry(request.body, clock) }
      const { token, secret } = await createToken(auth.people, hexDigestOf, {
        ...asked,
        createdBy: identityOf(request).name,
        id: keyed && tokenIdFrom(keyed.newId()),
      })
      request.activity = { id: token.id, told: `"${token.name}", role ${token.role}` }
      return sendJson(reply, newTokenJson({ token, lastUsedAt: UNSET }, secret))
    },
  )
  app.delete('/api/v1/token/:id', { schema: schemas.delete, config: adminOnly }, async (request, reply) => {
    const { id, name } = await deleteToken(auth.people, request.params.id)
    request.activity = { told: `"${name}"` }
    return sendDeleted(reply, id)
  })
}

const hexDigestOf = (secret: string): string => digestOf(secret).toString('hex')

/** Epoch ms; UNSET is never. */
function readExpiry({ expiresAt }: NewTokenBody, clock: Clock): number {
  if (expiresAt === undefined || expiresAt === null) return UNSET
  const at = parseTime(expiresAt)
  if (at !== null && at > clock.now()) return at
  throw invalidRequest([{ pointer: '/expiresAt', detail: 'expected an RFC 3339 time ahead, or null' }])
}

const tags = ['People']
const page = json('A page of tokens, newest first.', Type.Object({ tokens: Type.Array(named('ApiToken')), count }))

const schemas = {
  list: {
    tags,
    operationId: 'listTokens',
    summary: 'List the tokens of programs',
    description: 'That of CREW_AUTH_TOKEN is not among them.',
    querystring: PagingQuery,
    response: answers(page, [...commonRefusals, 'invalid_request']),
  },
  create: {
    tags,
    operationId: 'createToken',
    summary: 'Make a token for a program',
    body: NewTokenBody,
    response: answers(json('The token, with its secret.', NewApiToken), [
      ...commonRefusals,
      ...bodyRefusals,
      'conflict',
      'storage_full',
    ]),
  },
  delete: {
    tags,
    operationId: 'deleteToken',
    summary: 'Revoke a token',
    description: 'It is good no longer at once on this server, and within a second on others of the same store.',
    params: TokenParams,
    response: answers(json('It is revoked.', named('Deleted')), [...commonRefusals, 'token_not_found']),
  },
}
