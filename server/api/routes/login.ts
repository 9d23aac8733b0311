import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { clientAddress } from '../../core/client-address.ts'
import { CrewError } from '../../core/errors.ts'
import type { IpRange } from '../../core/ip-address.ts'
import { unnoted } from '../activity-hook.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { credentialOf, identityOf } from '../auth/require-login.ts'
import { cookiePlace, noSessionCookie, sessionCookie } from '../auth/session-cookie.ts'
import { sendJson, sendSuccess, sendText } from '../present/send.ts'
import { answers, bodyRefusals, commonRefusals, json, text } from '../schemas/answers.ts'
import { named } from '../schemas/named.ts'
import { PasswordText } from '../schemas/people.ts'

/** PROOF S4: a longer password is refused before any hashing. */
const MAX_CREDENTIAL_LENGTH = 256
/** Anybody may send one: room for two such texts, each letter as two escapes of six bytes, and no more work than that. */
const MAX_LOGIN_BYTES = 16 * 1024

/** Logging in and out, asking whether and as whom one is, and changing one's own password. */
export function loginRoutes(app: ApiInstance, { auth, basePath = '/', trustedProxies = [] }: ApiDeps): void {
  const open = { schema: schemas.login, config: { isOpen: true }, bodyLimit: MAX_LOGIN_BYTES }
  app.post('/login', open, async (request, reply) => {
    const token = await auth.login(request.body.username, request.body.password, senderOf(request, trustedProxies))
    if (auth.kind === 'on') reply.header('set-cookie', sessionCookie(token, cookiePlace(request, basePath)))
    return sendJson(reply, JSON.stringify({ token }))
  })
  app.post('/logout', { schema: schemas.logout, config: { role: 'viewer', ...unnoted } }, async (request, reply) => {
    await auth.logout(credentialOf(request))
    return sendSuccess(reply.header('set-cookie', noSessionCookie(cookiePlace(request, basePath))))
  })
  app.get('/authcheck', { schema: schemas.check }, async (_request, reply) => sendText(reply, 'Authenticated!'))
  app.get('/api/v1/me', { schema: schemas.me }, async (request, reply) => {
    const { name, role, kind } = identityOf(request)
    return sendJson(reply, JSON.stringify({ name, role, kind }))
  })
  app.put('/api/v1/me/password', { schema: schemas.password, config: { role: 'viewer' } }, async (request, reply) => {
    const { name, kind } = identityOf(request)
    if (kind === 'token') throw new CrewError('forbidden', 'A token has no password: log in as the user it is of.')
    const token = credentialOf(request)
    const address = senderOf(request, trustedProxies)
    await auth.changePassword({ ...request.body, username: name, token, address })
    request.activity = { id: name, told: '' }
    return sendSuccess(reply)
  })
}

/** Over a socket of the file system nobody has an address: all of them are one place. */
function senderOf({ ip: peer = '', headers }: FastifyRequest, proxies: readonly IpRange[]): string {
  const told = headers['x-forwarded-for']
  return clientAddress({ peer, forwardedFor: Array.isArray(told) ? told.join(',') : told, proxies })
}

const tags = ['Login']
const credential = (description: string) => Type.String({ minLength: 1, maxLength: MAX_CREDENTIAL_LENGTH, description })

const schemas = {
  login: {
    tags,
    operationId: 'login',
    summary: 'Log in',
    description:
      'The token is good for a day: send it as `Authorization: Bearer TOKEN`. Browsers also get it as a cookie, which no script can read; a write with it must come from a page of this server.',
    security: [],
    body: Type.Object({
      username: credential('A user; CREW_AUTH_USERNAME, or admin, is always there.'),
      password: credential('Of admin: CREW_AUTH_PASSWORD, or what the first start printed.'),
    }),
    response: answers(json('Logged in.', Type.Object({ token: Type.String() })), [
      'login_failed',
      'password_unreadable',
      'too_many_requests',
      ...bodyRefusals,
    ]),
  },
  logout: {
    tags,
    operationId: 'logout',
    summary: 'Log out',
    description: 'The token, or the session of the cookie, is good no longer.',
    response: answers(json('Logged out.', named('Success')), ['unauthorized', 'forbidden', ...bodyRefusals]),
  },
  check: {
    tags,
    operationId: 'checkLogin',
    summary: 'Check a token',
    response: answers(text('`Authenticated!`'), ['unauthorized']),
  },
  me: {
    tags,
    operationId: 'getMe',
    summary: 'Who one is, and what one may',
    description:
      'A `viewer` reads; an `operator` also acts on groups, tasks, holds and schedules; an `admin` also sets workers, limits, users and tokens. With login off everybody is admin.',
    response: answers(json('Who asks.', named('Me')), ['unauthorized', 'forbidden', 'storage_unavailable']),
  },
  password: {
    tags,
    operationId: 'changeMyPassword',
    summary: "Change one's own password",
    description:
      'For who logged in with it. The session that asks stays, all others of the user end. Wrong tries count like failed logins. Where CREW_AUTH_PASSWORD sets it: 409.',
    body: Type.Object({
      currentPassword: credential('What it is now.'),
      newPassword: PasswordText,
    }),
    response: answers(json('Changed.', named('Success')), [
      ...commonRefusals,
      ...bodyRefusals,
      'login_failed',
      'password_is_configured',
      'password_unreadable',
      'user_not_found',
      'storage_full',
    ]),
  },
}
