import { type Connection, connect } from '../../../sdk/typescript/src/client/connection.ts'
import { readSecretFile } from '../../settings/secret-file.ts'
import { SettingError } from '../../settings/setting-error.ts'
import { SETTINGS } from '../../settings/settings-table.ts'
import type { CommandFlag } from '../command.ts'
import type { ClientWorld } from './client-world.ts'

/** Where the server is and who asks: flags of every command that calls one. */
export const CONNECTION_FLAGS: readonly CommandFlag[] = [
  { name: '--url', placeholder: 'URL', about: 'the server; else CREW_URL, else http://127.0.0.1:8090' },
  {
    name: '--token',
    placeholder: 'TOKEN',
    about: 'else CREW_TOKEN, CREW_TOKEN_FILE, or CREW_AUTH_TOKEN as a server has it',
  },
  { name: '--username', placeholder: 'NAME', about: 'to log in with instead; else CREW_AUTH_USERNAME, else admin' },
  { name: '--password', placeholder: 'PASSWORD', about: 'else CREW_AUTH_PASSWORD' },
]

const DEFAULT_URL = 'http://127.0.0.1:8090'
/** For that long a wait bears a server that is away: a restart, a network that hiccups. */
const PATIENCE_SECONDS = 30

/** A way to the server, and one that waits a while for a server that is away. */
export interface Server {
  readonly url: string
  readonly once: Connection
  readonly patient: Connection
}

type Flags = ReadonlyMap<string, string>

/** Logs in when there is a password and no token. Throws a SettingError about an address that is none. */
export async function connectTo(flags: Flags, world: ClientWorld): Promise<Server> {
  const url = urlOf(flags, world)
  const token = await tokenOf(url, flags, world)
  const options = { url, token, fetch: world.fetch }
  return {
    url,
    once: connect({ ...options, retrySeconds: 0 }),
    patient: connect({ ...options, retrySeconds: PATIENCE_SECONDS }),
  }
}

/** Throws a SettingError about an address that is none, or that holds a password. */
export function urlOf(flags: Flags, world: ClientWorld): string {
  const url = flags.get('--url') ?? told(world, 'CREW_URL') ?? DEFAULT_URL
  checkUrl(url)
  return url
}

function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed && /^https?:$/.test(parsed.protocol) && parsed.username + parsed.password + parsed.search === '') return
  const shown = url.replace(/\/\/[^/]*@/, '//***@')
  throw new SettingError(
    `The address of the server is "${shown}": expected one like ${DEFAULT_URL} (--url or CREW_URL).`,
  )
}

/** A flag wins over the environment, there a token over a password. */
async function tokenOf(url: string, flags: Flags, world: ClientWorld): Promise<string | undefined> {
  const given = flags.get('--token')
  if (given !== undefined) return given
  const password = flags.get('--password')
  if (password === undefined) {
    const token = secret(world, 'CREW_TOKEN') ?? secret(world, 'CREW_AUTH_TOKEN')
    if (token !== undefined && !flags.has('--username')) return token
  }
  const known = password ?? secret(world, 'CREW_AUTH_PASSWORD')
  return known === undefined ? undefined : await logIn(url, { ...userOf(flags, world), password: known }, world)
}

const userOf = (flags: Flags, world: ClientWorld) => ({
  username: flags.get('--username') ?? told(world, 'CREW_AUTH_USERNAME') ?? SETTINGS.authUsername.fallback ?? '',
})

async function logIn(
  url: string,
  login: { readonly username: string; readonly password: string },
  { fetch }: ClientWorld,
): Promise<string> {
  const nobody = connect({ url, fetch, retrySeconds: 0 })
  const text = await nobody.send({ method: 'POST', path: 'login', body: JSON.stringify(login) })
  return (JSON.parse(text) as { token: string }).token
}

/** A variable, or the file that `…_FILE` names. */
function secret(world: ClientWorld, name: string): string | undefined {
  const value = told(world, name)
  if (value !== undefined) return value
  const path = told(world, `${name}_FILE`)
  return path && readSecretFile({ name: `${name}_FILE`, path, readFile: world.readFile })
}

/** An empty variable is how a shell says "not set". */
const told = ({ env }: ClientWorld, name: string): string | undefined => env[name] || undefined
