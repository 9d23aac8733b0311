import { createServer } from 'node:net'
import { urlOf } from '../../listen.ts'
import type { Settings } from '../../settings/settings-table.ts'
import { askServer } from '../ask-server.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** The Crew that listens where the settings say. */
export interface RunningServer {
  readonly url: string
  readonly version: string
  /** By how much its clock is ahead of ours; null when it does not say. */
  readonly clockAheadMs: number | null
  /** Whether its storage can be written. */
  readonly isReady: boolean
  /** What its storage survives, as `/readyz` says. */
  readonly storage: string
}

/** What answers at HOST and PORT; null when no Crew does. */
export async function findServer(settings: Pick<Settings, 'host' | 'port' | 'tlsCert'>, signal: AbortSignal) {
  const url = urlOf(settings)
  try {
    const health = await askServer(`${url}/healthz`, { signal })
    if (health.text !== 'Healthy!') return null
    const [document, ready] = await Promise.all([
      readJson(`${url}/openapi.json`, signal),
      readJson(`${url}/readyz`, signal),
    ])
    const { engine = 'storage', survives = 'unknown' } = ready.detail?.storage ?? {}
    const told = Date.parse(health.date)
    return {
      url,
      version: document.info?.version ?? 'unknown',
      clockAheadMs: Number.isNaN(told) ? null : told - Date.now(),
      isReady: ready.ready === true,
      storage: `${engine}, survives: ${survives}`,
    } satisfies RunningServer
  } catch {
    return null
  }
}

interface Told {
  readonly info?: { readonly version?: string }
  readonly ready?: boolean
  readonly detail?: { readonly storage?: { readonly engine?: string; readonly survives?: string } }
}

const readJson = async (url: string, signal: AbortSignal): Promise<Told> =>
  JSON.parse((await askServer(url, { signal })).text) as Told

/** Whether the port can be had, or who has it. */
export const portCheck = (settings: Settings, server: RunningServer | null): Check => ({
  name: 'port',
  run: async () => {
    if (server !== null) return ok(`Crew ${server.version} listens at ${server.url}`)
    const { host, port } = settings
    const code = await tryToListen(settings)
    if (code === null) return ok(`port ${port} of ${host} is free`)
    if (code === 'EADDRINUSE')
      return fail(
        `port ${port} of ${host} is in use, and no Crew answers there: stop what listens, or set PORT to another one`,
      )
    if (code === 'EACCES') return fail(`port ${port} may not be opened by this user: set PORT to 1024 or above`)
    return fail(`port ${port} of ${host} cannot be opened (${code}): set HOST to 127.0.0.1 or 0.0.0.0`)
  },
})

/** Null: it could be opened, and is closed again. */
function tryToListen({ host, port }: Pick<Settings, 'host' | 'port'>): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port }, () => server.close(() => resolve(null)))
  })
}

/** The header tells whole seconds. */
const SKEW_MS = 5000

/** Leases, delays and signatures are of a time that all agree about. */
export const clockCheck = (server: RunningServer | null): Check => ({
  name: 'clock',
  run: async () => {
    if (server === null || server.clockAheadMs === null) {
      return ok('no running server to compare with; a Redis is compared when it is opened')
    }
    const seconds = (server.clockAheadMs / 1000).toFixed(0)
    if (Math.abs(server.clockAheadMs) <= SKEW_MS) return ok(`the running server's clock agrees to ${SKEW_MS / 1000} s`)
    return fail(`the running server's clock is ${seconds} s ahead of this machine's: let both follow NTP`)
  },
})

/** Whether workers could call back. */
export const publicUrlCheck = (settings: Settings, server: RunningServer | null): Check => ({
  name: 'public url',
  run: async (signal) => {
    const { publicUrl } = settings
    if (publicUrl === null) return ok('not set: callbacks name the address that the server listens at')
    if (server === null) return warn(`${publicUrl} was not tried, as no Crew runs here: start it and ask again`)
    const address = new URL('healthz', publicUrl.endsWith('/') ? publicUrl : `${publicUrl}/`)
    try {
      const answer = await fetch(address, { signal })
      if (answer.ok && (await answer.text()) === 'Healthy!') return ok(`${publicUrl} leads to a Crew`)
      return fail(`${address} answers ${answer.status} and not as a Crew does: correct CREW_PUBLIC_URL or the proxy`)
    } catch (error) {
      return fail(`${address} cannot be reached (${reasonOf(error)}): correct CREW_PUBLIC_URL, DNS or the proxy`)
    }
  },
})

/** What went wrong with a connection, in the word of the system. */
export function reasonOf(error: unknown): string {
  const { code, cause, message, name } = error as NodeJS.ErrnoException
  if (name === 'AbortError' || name === 'TimeoutError') return 'no answer in time'
  const inner = cause as NodeJS.ErrnoException | undefined
  return code ?? inner?.code ?? inner?.message ?? message ?? String(error)
}
