import { StorageOpenError } from '../storage-open-error.ts'

/** Where a Redis is, and as whom to log in. */
export interface RedisAddress {
  /** `cluster`: Redis Cluster; its nodes are where to ask for the others. */
  readonly kind: 'single' | 'cluster'
  readonly nodes: readonly RedisNode[]
  readonly username: string | null
  readonly password: string | null
  readonly db: number
  readonly isTls: boolean
}

export interface RedisNode {
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

export interface RedisSetting {
  /** Like `redis://user:password@host:6379/0`, with special characters of user and password percent-encoded. */
  readonly text: string
  /** `REDIS_PASSWORD`; one within the text wins. */
  readonly password?: string | null
}

const SETTING = 'CREW_STORAGE (or REDIS_ADDRESS)'
const DEFAULT_PORT = 6379
const LARGEST_PORT = 65_535

/** Reads `redis://`, `rediss://`, `redis+cluster://` and `rediss+cluster://`; throws a StorageOpenError with what is wrong. */
export function parseRedisUrl({ text, password = null }: RedisSetting): RedisAddress {
  const refuse = (expected: string): never => {
    throw new StorageOpenError(`${SETTING} is "${withoutSecret(text)}": ${expected}.`)
  }
  const [, tls, cluster, rest] = /^redis(s?)(\+cluster)?:\/\/(.*)$/su.exec(text) ?? refuse(EXPECTED_FORM)
  // From the last @, as people forget to encode one in a password.
  const at = rest?.lastIndexOf('@') ?? -1
  const login = at < 0 ? '' : (rest?.slice(0, at) ?? '')
  const place = rest?.slice(at + 1) ?? ''
  if (/[?#]/.test(place)) refuse('options behind a ? or # are not understood, leave them out')
  const [, hosts = '', path = ''] = /^([^/]*)(.*)$/su.exec(place) ?? []
  const kind = cluster ? 'cluster' : 'single'
  const nodes = hosts.split(',').map((host) => parseNode(host, refuse))
  if (kind === 'single' && nodes.length > 1) refuse('several hosts are a Redis Cluster, write redis+cluster://')
  const db = parseDatabase(path, refuse)
  if (kind === 'cluster' && db > 0) refuse('a Redis Cluster has database 0 only, leave the number out')
  const own = parseLogin(login, refuse)
  return { kind, nodes, ...own, password: own.password ?? password, db, isTls: tls === 's' }
}

type Refuse = (expected: string) => never

const EXPECTED_FORM =
  'expected redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE] or redis+cluster://[USER:PASSWORD@]HOST[:PORT],HOST…, ' +
  'rediss for TLS'

function parseNode(text: string, refuse: Refuse): RedisNode {
  if (text === '') refuse('expected a host, such as redis://localhost:6379')
  // More than one colon and no brackets: where its port begins cannot be told.
  if (/^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f.]*$/i.test(text))
    refuse('expected an IPv6 address in brackets, such as [::1]:6379')
  const found = /^(?:\[([0-9a-f:.]+)\]|([\w.-]{1,253}))(?::(.*))?$/i.exec(text)
  if (!found) return refuse(`"${text}" is no host, expected a name or an IP address with an optional port`)
  const [, v6, name, port] = found
  return { host: v6 ?? name ?? '', port: port === undefined ? DEFAULT_PORT : parsePort(port, refuse) }
}

function parsePort(text: string, refuse: Refuse): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= LARGEST_PORT ? port : refuse(`"${text}" is no port, expected 1 to ${LARGEST_PORT}`)
}

function parseDatabase(path: string, refuse: Refuse): number {
  if (path === '' || path === '/') return 0
  const [, db] = /^\/(\d{1,5})\/?$/.exec(path) ?? []
  return db === undefined ? refuse(`"${path.slice(1)}" is no database, expected its number, such as /0`) : Number(db)
}

function parseLogin(login: string, refuse: Refuse): Pick<RedisAddress, 'username' | 'password'> {
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/su.exec(login) ?? []
  return { username: decode(username, refuse) || null, password: decode(password, refuse) || null }
}

function decode(text: string, refuse: Refuse): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return refuse('a % in the user or password stands for itself only when written %25')
  }
}

/** On one line, and with nothing of user and password. */
function withoutSecret(text: string): string {
  const [start, end] = [text.indexOf('//'), text.lastIndexOf('@')]
  const shown = start < 0 || end < start + 2 ? text : `${text.slice(0, start)}//***${text.slice(end)}`
  return shown.replace(/[\p{Cc}\p{Cf}]/gu, ' ')
}

/** For people: `Redis at localhost:6379, database 2`. */
export function describeRedis({ kind, nodes, db, isTls }: RedisAddress): string {
  const name = kind === 'cluster' ? 'Redis Cluster' : 'Redis'
  const places = nodes.map(describeNode).join(', ')
  return `${name} at ${places}${db === 0 ? '' : `, database ${db}`}${isTls ? ', over TLS' : ''}`
}

export const describeNode = ({ host, port }: RedisNode): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
