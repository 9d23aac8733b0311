import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** On every answer. Pages loosen the policy for what they need, and nothing else. */
export const apiHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

/** A year. Without subdomains, which are not ours to speak for. */
const HSTS_SECONDS = 31_536_000

/** Sets them first, so that a route may override. With a callback: a promise each is felt at 20,000 a second. */
export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  reply.headers(apiHeaders)
  // Only where TLS ends here: what a proxy does about it is the proxy's.
  if (request.protocol === 'https') reply.header('strict-transport-security', `max-age=${HSTS_SECONDS}`)
  done()
}

/** The policy of a page without scripts, whose one style sheet is this text. */
export function stylePolicy(style: string): string {
  const hash = createHash('sha256').update(style).digest('base64')
  return `${pagePolicy}; style-src 'sha256-${hash}'`
}

/**
 * The policy of the page that tries the API. Its library writes style attributes, so inline styles are let in; scripts
 * and requests stay with this server.
 */
export const docsPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/**
 * The policy of the web UI: scripts, styles and requests are this server's files; nothing inline, nothing from elsewhere. Nor does a
 * script make HTML of text (Trusted Types): the page's one policy takes addresses of its workers, and nothing else.
 */
export const uiPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types default',
].join('; ')

/** Beside the policy of a page: its window is shared with no other site's, and it needs nothing that a machine can do. */
export const pageHeaders = {
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
} as const

const pagePolicy = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
