import { type IpAddress, type IpRange, isInRange, parseIp, parseRange, unmapped } from './ip-address.ts'

/**
 * Where a worker may be whose URL came in through the API. Who may set a worker's URL must not reach by it what only this machine can
 * reach: its own ports, its network, the credentials that clouds hand out. URLs of the environment are the operator's word and not
 * looked at. (The special-purpose registries of IANA, as Stripe's Smokescreen reads them.)
 */
const DENIED = rangesOf(
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // behind a carrier's NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
  '2001::/23', // protocol assignments, with Teredo
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4: any IPv4 address
  '3fff::/20', // documentation
)

/** Of IPv6 all else is denied: loopback, mapped IPv4, NAT64, unique local, link-local, multicast, and what is not given out yet. */
const GLOBAL_IPV6 = rangesOf('2000::/3')

/** What of IPv6 stands for an address of IPv4, and where that is in it. */
const CARRIERS = [
  { ranges: rangesOf('::ffff:0:0/96', '64:ff9b::/96', '::/96'), at: 12 },
  { ranges: rangesOf('2002::/16'), at: 2 },
]

/** Where clouds hand out credentials: these must be allowed one by one, never by a range that they happen to be in. */
const METADATA = rangesOf(
  '169.254.169.254', // most clouds
  '169.254.170.2', // AWS, of containers
  '169.254.170.23', // AWS, of pods
  '168.63.129.16', // Azure; a public address
  '100.100.100.200', // Alibaba
  '192.0.0.192', // Oracle
  'fd00:ec2::254', // AWS
  'fd00:ec2::23', // AWS, of pods
  'fd20:ce::254', // Google
)

/** Loopback, and the address that stands for any: to connect to it is to connect to oneself. */
const OWN_MACHINE = rangesOf('127.0.0.0/8', '0.0.0.0', '::1', '::')

/** Whether a worker may be called there; `allowed` are the ranges of CREW_EGRESS_ALLOW. What is no address is not allowed. */
export function mayConnectTo(address: string, allowed: readonly IpRange[]): boolean {
  const ip = parseIp(address)
  if (ip === null) return false
  if (isIn(carriedBy(ip), METADATA))
    return allowed.some((range) => range.bits === ip.length * 8 && isInRange(ip, range))
  return isIn(ip, allowed) || isGlobal(ip)
}

/**
 * Whether a URL may name this host, before anybody asks what a name stands for: it must be checked again when it is known. Takes the
 * host as `URL` normalises it.
 */
export function mayName(host: string, allowed: readonly IpRange[]): boolean {
  const name = host.replace(/\.$/, '')
  if (name === 'localhost' || name.endsWith('.localhost')) return mayConnectTo('127.0.0.1', allowed)
  const literal = name.startsWith('[') ? name.slice(1, -1) : name
  return isLiteral(name) ? mayConnectTo(literal, allowed) : true
}

/** Whether it leads back to the machine that connects to it. */
export const isOwnMachine = (ip: IpAddress): boolean => isIn(unmapped(ip), OWN_MACHINE)

/** Whether a host of a URL is an address rather than a name. */
export const isLiteral = (host: string): boolean => host.startsWith('[') || parseIp(host) !== null

function isGlobal(ip: IpAddress): boolean {
  if (isIn(ip, DENIED)) return false
  return ip.length === 4 || isIn(ip, GLOBAL_IPV6)
}

/** Where what is sent to an address ends up; itself, unless it is one of IPv4 in another form. */
function carriedBy(ip: IpAddress): IpAddress {
  const carrier = CARRIERS.find(({ ranges }) => isIn(ip, ranges))
  return carrier ? ip.slice(carrier.at, carrier.at + 4) : ip
}

const isIn = (ip: IpAddress, ranges: readonly IpRange[]): boolean => ranges.some((range) => isInRange(ip, range))

function rangesOf(...texts: string[]): IpRange[] {
  return texts.map((text) => {
    const range = parseRange(text)
    if (range === null) throw new TypeError(`${text} is no range of addresses`)
    return range
  })
}
