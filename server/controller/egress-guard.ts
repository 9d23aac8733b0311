import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { buildConnector } from 'undici/index.js'
import { isLiteral, isOwnMachine, mayConnectTo } from '../core/egress.ts'
import { type IpRange, parseIp, unmapped } from '../core/ip-address.ts'

/** What a call that was denied is told. It does not say what is there: who may set a URL must not learn that from Crew. */
export const EGRESS_DENIED = 'EGRESS_DENIED'

class EgressDenied extends Error {
  readonly code = EGRESS_DENIED
}

/** Said in so many words, as NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would switch it off (PROOF S34). */
export const CHECKED_TLS = { rejectUnauthorized: true } as const

/** Asks for all addresses of a name. */
export type Resolve = (
  host: string,
  done: (error: Error | null, addresses: readonly { readonly address: string; readonly family: number }[]) => void,
) => void

export const systemResolve: Resolve = (host, done) =>
  systemLookup(host, { all: true }, (error, addresses) => done(error, addresses ?? []))

/** Where something listens: a name or an address, IPv6 without brackets. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface EgressGuardOptions {
  readonly allowed: readonly IpRange[]
  /** Where Crew's own store is: denied although its address may be among those that are allowed for workers. */
  readonly store?: readonly Endpoint[]
  readonly resolve: Resolve
  readonly timeoutMs: number
  /** Further options of the connection. */
  readonly tls?: { readonly ca: string }
}

/**
 * Opens connections to allowed addresses only (PROOF S13). A name is allowed when all of its addresses are, and the connection goes to
 * one of those that were looked at: asked again, a name may stand for something else. An address in the URL is never looked up, so it
 * is checked before. What a socket is really connected to is checked once more, in case the platform took another way.
 */
export function guardedConnector(options: EgressGuardOptions): buildConnector.connector {
  const { allowed, store = [] } = options
  const connect = connectorTo((address) => mayConnectTo(address, allowed), options)
  return (target, done) => {
    const port = Number(target.port || (target.protocol === 'https:' ? 443 : 80))
    const near = store.filter((one) => one.port === port)
    if (near.length === 0) return connect(target, done)
    resolveAll(near, options.resolve, (taken) => {
      const isFree = (address: string): boolean => !taken.has(canonical(address)) && mayConnectTo(address, allowed)
      connectorTo(isFree, options)(target, done)
    })
  }
}

type May = (address: string) => boolean

function connectorTo(may: May, options: EgressGuardOptions): buildConnector.connector {
  const { timeoutMs, tls, resolve } = options
  const lookup = guardedLookup(may, resolve)
  const connect = buildConnector({ timeout: timeoutMs, allowH2: false, lookup, ...CHECKED_TLS, ...tls })
  return (target, done) => {
    const host = target.hostname
    if (isLiteral(host) && !may(withoutBrackets(host))) return done(new EgressDenied(), null)
    connect(target, (...[error, socket]) => {
      if (error !== null) return done(error, null)
      if (may(socket.remoteAddress ?? '')) return done(null, socket)
      socket.destroy()
      done(new EgressDenied(), null)
    })
  }
}

/** All addresses of these; a name that has none now is nobody's. */
function resolveAll(endpoints: readonly Endpoint[], resolve: Resolve, done: (all: ReadonlySet<string>) => void): void {
  const all = new Set<string>()
  let left = endpoints.length
  for (const { host } of endpoints) {
    resolve(host, (_error, addresses) => {
      for (const { address } of addresses) all.add(canonical(address))
      if (--left === 0) done(all)
    })
  }
}

/** One spelling of each address. What leads to this machine is one: who listens on all of its addresses is at 127.0.0.2 as well. */
function canonical(address: string): string {
  const ip = parseIp(address)
  if (ip === null) return address
  return isOwnMachine(ip) ? 'this machine' : unmapped(ip).join('.')
}

const withoutBrackets = (host: string): string => (host.startsWith('[') ? host.slice(1, -1) : host)

function guardedLookup(may: May, resolve: Resolve): LookupFunction {
  return (host, { all }, done) =>
    resolve(host, (error, addresses) => {
      const [first] = addresses
      if (error || first === undefined) done(error ?? new Error(`${host} has no address`), '')
      else if (!addresses.every(({ address }) => may(address))) done(new EgressDenied(), '')
      else if (all) done(null, [...addresses])
      else done(null, first.address, first.family)
    })
}
