import { SettingError } from '../settings/setting-error.ts'

/** Where crew-go keeps its store. */
export interface CrewGoAddress {
  readonly host: string
  readonly port: number
  readonly username: string
  readonly password: string
  readonly database: number
  readonly hasTls: boolean
  /** To be shown: without the password. */
  readonly shown: string
}

const DEFAULT_PORT = 6379
/** Where crew-go v1.0.5 keeps its tasks unless it is told otherwise. */
export const DEFAULT_DATABASE = 1

/** Reads `redis://[:PASSWORD@]HOST[:PORT][/DATABASE]`. No message shows the text: it may hold a password. */
export function parseCrewGoAddress(text: string): CrewGoAddress {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !isUnderstood(url)) throw new SettingError(NOT_UNDERSTOOD)
  const hasTls = url.protocol === 'rediss:'
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port)
  const database = url.pathname.length > 1 ? Number(url.pathname.slice(1)) : DEFAULT_DATABASE
  return {
    // An IPv6 address stands in brackets in a URL only.
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    username: decode(url.username),
    password: decode(url.password),
    database,
    hasTls,
    shown: `${url.protocol}//${url.hostname}:${port}/${database}`,
  }
}

const NOT_UNDERSTOOD =
  '--from is not understood: write redis://[:PASSWORD@]HOST[:PORT][/DATABASE], special characters of the password percent-encoded.'

function isUnderstood(url: URL): boolean {
  const isRedis = url.protocol === 'redis:' || url.protocol === 'rediss:'
  return isRedis && url.hostname !== '' && /^\/?$|^\/\d{1,6}$/.test(url.pathname) && url.search + url.hash === ''
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new SettingError(NOT_UNDERSTOOD)
  }
}
