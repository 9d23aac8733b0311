import { Agent, type Dispatcher } from 'undici/index.js'
import { EGRESS_DENIED, guardedConnector, systemResolve } from '../../controller/egress-guard.ts'
import { SETTINGS_KIND, settingsFrom } from '../../core/worker-settings.ts'
import type { Settings } from '../../settings/settings-table.ts'
import { askServer } from '../ask-server.ts'
import { CHECK_LIMIT_MS, type Finding, fail, ok, warn } from './check.ts'
import { type RunningServer, reasonOf } from './server-check.ts'
import type { FoundWorkers } from './storage-check.ts'

export interface WorkersWorld {
  readonly settings: Pick<Settings, 'workerBaseUrl' | 'egressAllow' | 'authToken' | 'auth'>
  readonly server: RunningServer | null
  readonly workers: FoundWorkers
}

/** Where workers are: one line for each host, however many workers it has. */
interface Place {
  readonly origin: string
  readonly names: readonly string[]
  /** Set through the API: only where the egress guard lets it. */
  readonly isGuarded: boolean
}

/** More hosts say no more, and each takes a connection. */
const MAX_PLACES = 50

/** Whether every place of workers has an address, a good certificate and an HTTP answer. Never calls a worker. */
export async function lookAtWorkers(
  world: WorkersWorld,
  signal: AbortSignal,
): Promise<readonly Omit<Finding, 'name'>[]> {
  const urls = await workerUrls(world, signal)
  const { workerBaseUrl } = world.settings
  const places = [
    ...(workerBaseUrl === null
      ? []
      : [{ origin: new URL(workerBaseUrl).origin, names: ['base URL'], isGuarded: false }]),
    ...placesOf(urls ?? new Map()),
  ]
  const found = await Promise.all(places.slice(0, MAX_PLACES).map((place) => lookAt(place, world, signal)))
  return [
    ...found,
    ...(places.length > MAX_PLACES ? [warn(`${places.length - MAX_PLACES} further hosts were not tried`)] : []),
    ...(urls === null ? [warn(notRead(world))] : []),
    ...(places.length === 0 && urls !== null
      ? [warn('no worker has an address: set CREW_WORKER_BASE_URL, or urls of workers')]
      : []),
  ]
}

const notRead = ({ server }: WorkersWorld): string =>
  server === null
    ? 'which workers there are was not read, as the storage could not be'
    : 'which workers there are was not read: set CREW_AUTH_TOKEN to a token of the running server'

/** Workers, and rules, with a URL of their own; null when nobody tells. */
async function workerUrls({ workers, server, settings }: WorkersWorld, signal: AbortSignal) {
  if (workers.records !== null) {
    const all = [...workers.records].map(([key, text]) => settingsFrom(key.slice(SETTINGS_KIND.length + 1), text))
    return new Map(
      all.flatMap(({ name, url, mode }) => (url === null || mode === 'pull' ? [] : [[name, url] as const])),
    )
  }
  return server === null ? null : askForWorkers(server, settings, signal)
}

async function askForWorkers({ url }: RunningServer, { authToken }: Pick<Settings, 'authToken'>, signal: AbortSignal) {
  const headers = authToken === null ? {} : { authorization: `Bearer ${authToken}` }
  const { status, text } = await askServer(`${url}/api/v1/workers?page=1&pageSize=1000`, { headers, signal })
  if (status !== 200) return null
  const { workers } = JSON.parse(text) as { workers: { name: string; url: string | null; mode: string }[] }
  return new Map(
    workers.flatMap(({ name, url, mode }) => (url === null || mode === 'pull' ? [] : [[name, url] as const])),
  )
}

function placesOf(urls: ReadonlyMap<string, string>): Place[] {
  const byOrigin = Map.groupBy(urls, ([, url]) => new URL(url).origin)
  return [...byOrigin].map(([origin, named]) => ({ origin, names: named.map(([name]) => name), isGuarded: true }))
}

async function lookAt({ origin, names, isGuarded }: Place, { settings }: WorkersWorld, signal: AbortSignal) {
  const [first, ...more] = names
  const what = `${first}${more.length === 0 ? '' : ` and ${more.length} more`} at ${origin}`
  const agent = agentFor(settings, isGuarded)
  try {
    const { statusCode, body } = await agent.request({ origin, path: '/', method: 'HEAD', signal })
    await body.dump()
    return ok(`${what}: answers (${statusCode})`)
  } catch (error) {
    return fail(`${what}: ${adviceOn(reasonOf(error))}`)
  } finally {
    await agent.destroy()
  }
}

function agentFor({ egressAllow }: Pick<Settings, 'egressAllow'>, isGuarded: boolean): Dispatcher {
  const guard = { allowed: egressAllow ?? [], resolve: systemResolve, timeoutMs: CHECK_LIMIT_MS }
  return new Agent(isGuarded ? { connect: guardedConnector(guard) } : {})
}

function adviceOn(reason: string): string {
  if (reason === EGRESS_DENIED) return 'is a private address, which is not called: name its range in CREW_EGRESS_ALLOW'
  if (/ENOTFOUND|EAI_AGAIN/.test(reason)) return `the name has no address (${reason}): correct the URL, or DNS`
  if (/ECONNREFUSED/.test(reason)) return 'nothing listens there (ECONNREFUSED): start the worker, or correct the URL'
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/i.test(reason)) {
    return `its certificate is not good (${reason}): renew it, or name its authority in NODE_EXTRA_CA_CERTS`
  }
  return `cannot be reached (${reason}): look at the worker and the network`
}
