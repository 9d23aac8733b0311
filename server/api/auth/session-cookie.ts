import type { FastifyRequest } from 'fastify'

const NAME = 'crew_session'
/** As long as a session lasts; the server decides anyway. */
const MAX_AGE_SECONDS = 24 * 3600

/** The token in a `Cookie` header; '' when there is none. */
export function sessionOf(cookies = ''): string {
  for (const pair of cookies.split(';')) {
    const [name = '', value = ''] = pair.split('=', 2)
    if (name.trim() === NAME) return value.trim()
  }
  return ''
}

/** Where the cookie goes: `path` as browsers see it, `Secure` where they came over TLS. */
export interface CookiePlace {
  readonly path: string
  readonly isSecure: boolean
}

/** TLS ends here, or at a proxy, which tells by this header, the outermost of several first. Whoever forges it only keeps his own cookie from plain HTTP. */
export function cookiePlace({ headers, protocol }: FastifyRequest, path: string): CookiePlace {
  return { path, isSecure: protocol === 'https' || /^https\b/i.test(String(headers['x-forwarded-proto'] ?? '')) }
}

export function sessionCookie(token: string, place: CookiePlace): string {
  return cookie(token, MAX_AGE_SECONDS, place)
}

/** Makes a browser forget it. */
export function noSessionCookie(place: CookiePlace): string {
  return cookie('', 0, place)
}

/** `HttpOnly`: no script reads it. `Lax`: other sites' forms and frames do not send it, links to a page do. */
function cookie(value: string, maxAge: number, { path, isSecure }: CookiePlace): string {
  return `${NAME}=${value}; Path=${path}; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
}
