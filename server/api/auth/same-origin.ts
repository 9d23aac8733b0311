import type { FastifyRequest } from 'fastify'
import { CrewError } from '../../core/errors.ts'

const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a method changes nothing. */
export const isRead = (method: string): boolean => READS.has(method)

/**
 * A browser sends the cookie with what another site makes it ask for, so a write by cookie must come from our own pages.
 * Browsers say so in `Sec-Fetch-Site` (over TLS and on loopback) or else by `Origin`; no page can set either, nor the
 * `X-Forwarded-Host` by which a proxy tells the name that it was called by.
 */
export function refuseForeignWrites(request: FastifyRequest): void {
  if (!isRead(request.method)) refuseForeignPages(request)
}

/** The same of anything that it is asked for. */
export function refuseForeignPages({ headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site']
  if (site === undefined ? isSameHost(headers) : site === 'same-origin') return
  throw new CrewError('forbidden', 'With the session cookie this must come from a page of this server.')
}

/**
 * Where an application decides who asks, a browser may send along whatever it goes by (a cookie, a password, a certificate): whoever says
 * that he is a page of another site is refused. Programs say nothing, and no page can send a bearer's token unknowingly.
 */
export function refuseKnownForeigners(request: FastifyRequest): void {
  const { authorization = '', origin, 'sec-fetch-site': site } = request.headers
  const isProgram = (site ?? origin) === undefined || /^Bearer /i.test(authorization)
  if (!isProgram) refuseForeignPages(request)
}

function isSameHost({ origin, host, 'x-forwarded-host': forwarded }: FastifyRequest['headers']): boolean {
  const originHost = origin?.replace(/^https?:\/\//i, '')
  return originHost !== undefined && (originHost === host || originHost === forwarded)
}
