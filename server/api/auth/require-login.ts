import type { FastifyRequest } from 'fastify'
import { CrewError } from '../../core/errors.ts'
import type { Authenticator } from '../authenticator.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Needs no login: it holds no data, or checks by itself. */
    isOpen?: boolean
  }
}

/** The hook before every route that is not open. */
export function requireLogin(auth: Authenticator) {
  return async (request: FastifyRequest): Promise<void> => {
    if (request.is404 || request.routeOptions.config.isOpen === true) return
    if (!auth.isOn) return refuseOtherSites(request)
    refuseTokenInQuery(request)
    const token = tokenOf(request.headers.authorization ?? '')
    if (!(await auth.check(token))) throw unauthorized('Send Authorization: Bearer TOKEN; POST /login gives one.')
  }
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
