/** An address as its bytes: 4 of IPv4, 16 of IPv6. */
export type IpAddress = readonly number[]

/** A range of addresses: those that begin with the same bits. */
export interface IpRange {
  readonly address: IpAddress
  readonly bits: number
}

const BYTE = /^(0|[1-9]\d{0,2})$/
const GROUP = /^[0-9a-f]{1,4}$/i
const IPV6_GROUPS = 8

/**
 * Reads an address in the usual spelling; null when it is none. Odd spellings of IPv4 (`0x7f.1`, `2130706433`) are none here: a URL
 * has normalised them before. Neither is one with a zone (`fe80::1%eth0`).
 */
export function parseIp(text: string): IpAddress | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** Reads `10.0.0.0/8` or `fd00::/8`; an address alone is a range of one. Null when it is none, or has bits behind its prefix. */
export function parseRange(text: string): IpRange | null {
  const [written = '', prefix, ...rest] = text.split('/')
  const address = parseIp(written)
  if (address === null || rest.length > 0) return null
  const size = address.length * 8
  const bits = prefix === undefined ? size : BYTE.test(prefix) ? Number(prefix) : Number.NaN
  if (!(bits <= size)) return null
  return address.every((byte, index) => (byte & ~maskOf(index, bits)) === 0) ? { address, bits } : null
}

/** Whether the address is in the range. IPv4 and IPv6 are never in each other's. */
export function isInRange(address: IpAddress, range: IpRange): boolean {
  if (address.length !== range.address.length) return false
  return address.every((byte, index) => (byte & maskOf(index, range.bits)) === range.address[index])
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]

/** IPv4 in the clothes of IPv6 (`::ffff:192.0.2.1`), as a socket for both tells it, is IPv4; all else is itself. */
export function unmapped(address: IpAddress): IpAddress {
  return address.length === 16 && MAPPED.every((byte, at) => address[at] === byte) ? address.slice(12) : address
}

/** The same of a range: within `::ffff:0:0/96` it is one of IPv4. */
export function unmappedRange(range: IpRange): IpRange {
  const address = unmapped(range.address)
  return address === range.address || range.bits < 96 ? range : { address, bits: range.bits - 96 }
}

/** The bits of a byte that a prefix covers. */
function maskOf(index: number, bits: number): number {
  const covered = Math.min(8, Math.max(0, bits - index * 8))
  return (0xff << (8 - covered)) & 0xff
}

function parseIpv4(text: string): IpAddress | null {
  const parts = text.split('.')
  const bytes = parts.map((part) => (BYTE.test(part) ? Number(part) : Number.NaN))
  return bytes.length === 4 && bytes.every((byte) => byte <= 255) ? bytes : null
}

function parseIpv6(text: string): IpAddress | null {
  const [head = '', tail, ...rest] = text.split('::')
  if (rest.length > 0) return null
  const before = groupsOf(head, tail === undefined)
  const after = tail === undefined ? [] : groupsOf(tail, true)
  if (before === null || after === null) return null
  const missing = IPV6_GROUPS - before.length - after.length
  // `::` stands for one group at least.
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  const groups = [...before, ...new Array<number>(missing).fill(0), ...after]
  return groups.flatMap((group) => [group >> 8, group & 0xff])
}

/** The 16-bit groups of a part of an address; the last two may be written as an IPv4 address, at its end. */
function groupsOf(text: string, isEnd: boolean): number[] | null {
  if (text === '') return []
  const parts = text.split(':')
  const last = parts.at(-1) ?? ''
  const embedded = isEnd && last.includes('.') ? parseIpv4(last) : null
  const [a = 0, b = 0, c = 0, d = 0] = embedded ?? []
  const written = embedded ? parts.slice(0, -1) : parts
  if (!written.every((part) => GROUP.test(part))) return null
  const groups = written.map((part) => Number.parseInt(part, 16))
  return embedded ? [...groups, (a << 8) | b, (c << 8) | d] : groups
}
