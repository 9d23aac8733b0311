import type { FastifyRequest } from 'fastify'
import { CrewError } from '../../core/errors.ts'
import { type Identity, mayAct, type Role } from '../../core/roles.ts'
import type { ApiInstance } from '../api-deps.ts'
import { ANYONE, type Authenticator } from '../authenticator.ts'
import { isRead, refuseForeignWrites, refuseKnownForeigners } from './same-origin.ts'
import { sessionOf } from './session-cookie.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Needs no login: it holds no data, or checks by itself. */
    isOpen?: boolean
    /** Who may; left out, everybody may read and operators may write. */
    role?: Role
  }
  interface FastifyRequest {
    /** Who asks; null where nobody needs to say so. */
    identity: Identity | null
  }
}

/** The one place that says which role a route needs: what it says itself, else by whether it changes something. */
export function roleFor({
  method,
  config,
}: {
  readonly method: string
  readonly config: { readonly role?: Role }
}): Role {
  return config.role ?? (isRead(method) ? 'viewer' : 'operator')
}

/** Writes it into the OpenAPI document, as `x-role` of each operation that needs a login. */
export function registerRoles(app: ApiInstance): void {
  app.decorateRequest('identity', null)
  app.addHook('onRoute', (route) => {
    const { config = {}, method, schema } = route
    if (schema && !config.isOpen && !schema.hide)
      route.schema = { ...schema, 'x-role': roleFor({ method: String(method), config }) } as typeof schema
  })
}

/** What routes for admins say. */
export const adminOnly = { role: 'admin' } as const

/** The hook before every route that is not open. */
export function requireLogin(auth: Authenticator) {
  return async (request: FastifyRequest): Promise<void> => {
    if (request.is404 || request.routeOptions.config.isOpen === true) return
    if (auth.kind === 'off') {
      request.identity = ANYONE
      return refuseOtherSites(request)
    }
    request.identity = await (auth.kind === 'application' ? identifySender(auth, request) : identify(auth, request))
    refuseRole(request, request.identity)
  }
}

async function identify(auth: Authenticator, request: FastifyRequest): Promise<Identity> {
  refuseTokenInQuery(request)
  const identity = await auth.identify(credentialOf(request))
  if (identity === null) throw unauthorized('Send Authorization: Bearer TOKEN; POST /login gives one.')
  if (request.headers.authorization === undefined) refuseForeignWrites(request)
  return identity
}

/** Who asks, as the application knows it that Crew runs in. */
export async function identifySender(auth: Authenticator, request: FastifyRequest): Promise<Identity> {
  const identity = await auth.identifySender(request.raw)
  if (identity === null) throw unauthorized('The application that Crew runs in does not know who asks: log in there.')
  if (!isRead(request.method)) refuseKnownForeigners(request)
  return identity
}

/** Whether whoever sent a request may still be answered: asked again and again while an answer goes on. */
export function stillAllowed(auth: Authenticator, request: FastifyRequest): () => Promise<boolean> {
  if (auth.kind === 'application') return async () => (await auth.identifySender(request.raw)) !== null
  const credential = credentialOf(request)
  return () => auth.check(credential)
}

function refuseRole({ method, routeOptions }: FastifyRequest, { name, role }: Identity): void {
  const needed = roleFor({ method, config: routeOptions.config })
  if (!mayAct(role, needed)) throw new CrewError('forbidden', `This needs the role ${needed}; "${name}" is ${role}.`)
}

/** Who asks, behind the hook. */
export const identityOf = ({ identity }: FastifyRequest): Identity => identity ?? ANYONE

/** What whoever asks may do, which is also what he may see. */
export const roleOf = (request: FastifyRequest): Role => identityOf(request).role

/** What a request proves itself by: a header that programs send, else the cookie that a browser sends by itself. */
export function credentialOf({ headers }: FastifyRequest): string {
  return headers.authorization === undefined ? sessionOf(headers.cookie) : tokenOf(headers.authorization)
}

export const unauthorized = (message: string): CrewError => new CrewError('unauthorized', message)

/** `Bearer X`, and the bare `X` that crew-go's clients send. */
function tokenOf(header: string): string {
  return header.replace(/^Bearer +/i, '').trim()
}

/** Addresses end up in logs, histories and `Referer`. */
function refuseTokenInQuery({ query }: FastifyRequest): void {
  const names = query as Readonly<Record<string, unknown>>
  if (names.token === undefined && names.access_token === undefined) return
  throw unauthorized('A token in the address is not taken: send it as Authorization: Bearer TOKEN.')
}

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i

/**
 * Without login the server trusts whoever reaches the loopback address, and so does every web page in a browser there.
 * A page of another site is known by its `Origin`; one whose name was pointed at 127.0.0.1 by its `Host`.
 */
export function refuseOtherSites({ headers }: FastifyRequest): void {
  const { host = '', origin } = headers
  if (!LOOPBACK_HOST.test(host)) throw forbidden('Host is not a loopback address')
  const originHost = origin?.replace(/^https?:\/\//i, '')
  if (originHost !== undefined && !LOOPBACK_HOST.test(originHost)) throw forbidden('Origin is another site')
}

function forbidden(reason: string): CrewError {
  return new CrewError('forbidden', `${reason}, and login is off (CREW_AUTH=off): only this machine may call.`)
}
