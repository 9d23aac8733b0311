import { type IpAddress, type IpRange, isInRange, parseIp, unmapped, unmappedRange } from './ip-address.ts'

/** Where a request came from. */
export interface Hops {
  /** The other end of the connection, as the system tells it. */
  readonly peer: string
  /** `X-Forwarded-For`: each proxy adds at the end whom it was asked by. Anybody may send one. */
  readonly forwardedFor: string | undefined
  /** Proxies that are believed. */
  readonly proxies: readonly IpRange[]
}

/**
 * Who asked: the last hop that is none of our proxies. What stands before it was written by whoever that is, and is not believed.
 * An address that nobody can read ends the walk at the proxy that told it.
 */
export function clientAddress({ peer, forwardedFor = '', proxies }: Hops): string {
  let client = withoutPort(peer)
  const told = forwardedFor === '' ? [] : forwardedFor.split(',')
  while (told.length > 0 && isOurs(client, proxies)) {
    const before = withoutPort((told.pop() ?? '').trim())
    if (addressOf(before) === null) return client
    client = before
  }
  return client
}

/**
 * What is counted as one place: an IPv4 address, or the 64 bits of IPv6 that one customer has all addresses of.
 */
export function placeOf(address: string): string {
  const ip = addressOf(address)
  if (ip === null) return address
  return ip.length === 4 ? ip.join('.') : `${ip.slice(0, 8).join('.')}/64`
}

/** Whether an address is that of a proxy of ours; either may be written as a socket for both kinds tells it. */
export const isOurs = (address: string, proxies: readonly IpRange[]): boolean => {
  const ip = addressOf(address)
  return ip !== null && proxies.some((range) => isInRange(ip, unmappedRange(range)))
}

function addressOf(text: string): IpAddress | null {
  const ip = parseIp(text.split('%', 1)[0] ?? '')
  return ip && unmapped(ip)
}

/** Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
const withoutPort = (text: string): string =>
  text.replace(/^\[([^\]]*)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')
