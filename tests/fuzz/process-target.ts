import type { Json } from '../api/make-api.ts'
import { type Crew, makeDir, startCrew, TOKEN } from '../e2e/support/crew.ts'
import type { Random } from '../e2e/support/random.ts'
import { type Delivery, type RecordingWorker, startWorker, type WorkerAnswer } from '../e2e/support/recording-worker.ts'
import type { Target } from './campaign.ts'
import { makeClient } from './client.ts'
import type { Known } from './known.ts'
import type { FuzzRequest } from './requests.ts'
import { POLLERS, PULLED } from './valid-values.ts'
import { type JsonApi, makeLogins, tendWorld } from './world.ts'

/** A server of its own, on SQLite, whose workers answer; what it writes is its own affair until it has ended. */
export interface ProcessTarget extends Target, JsonApi {
  readonly crew: Crew
  /** Where its store is. */
  readonly dir: string
}

export async function startProcessTarget(random: Random, known: Known): Promise<ProcessTarget> {
  const worker = await startWorker((delivery) => replyTo(delivery, random, known))
  const dir = makeDir()
  const crew = await startCrew({ dir, env: settingsOf(worker) })
  const json = jsonOf(crew)
  for (const name of PULLED) await json('PUT', `/api/v1/worker/${encodeURIComponent(name)}`, { mode: 'pull' })
  const client = makeClient(crew.url)
  return {
    ...{ crew, dir, json },
    logins: await makeLogins({ json }, TOKEN),
    send: (request) => client.send(tamed(request, worker)),
    async tend() {
      await tendWorld({ json }, known)
      for (const name of PULLED) known.learn('acquireTask', await json('POST', acquireUrl(name), poller))
    },
    rest: async () => {},
    writes: () => [],
    takesTime: () => false,
    fingerprint: async () => null,
  }
}

const settingsOf = (worker: RecordingWorker): Record<string, string> => ({
  CREW_WORKER_BASE_URL: worker.url,
  // Workers and receivers with an address of their own are at the same place, see `tamed`.
  CREW_EGRESS_ALLOW: '127.0.0.1',
  CREW_AUTH_PASSWORD: 'secret',
  CREW_MAX_BODY_BYTES: String(256 * 1024),
  CREW_LOG_LEVEL: 'warn',
})

const acquireUrl = (name: string): string => `/api/v1/channel/${encodeURIComponent(name)}/acquire`
const poller = { workerId: POLLERS[0], wait: 0.1 }

const jsonOf =
  ({ api }: Crew): JsonApi['json'] =>
  async (method, url, body): Promise<Json> => {
    const { status, text } = await api.call(method, url, body)
    if (status !== 200) throw new Error(`${method} ${url} was answered with ${status}: ${text}`)
    return JSON.parse(text)
  }

/** Addresses that the values of requests name: some are of others, and one is where who knows what listens on this machine. */
const ADDRESSES = /https?:\/\/(93\.184\.216\.3\d|127\.0\.0\.1)(?=\/)/g
/** Of an acquire: there is nothing to see in a wait of half a minute. */
const WAIT = /"wait":\s*\d+(\.\d+)?/g

/** The same request, whose effects stay on this machine and do not take long. */
function tamed(request: FuzzRequest, { url }: RecordingWorker): FuzzRequest {
  if (typeof request.body !== 'string') return request
  return { ...request, body: request.body.replace(ADDRESSES, url).replace(WAIT, '"wait":0.05') }
}

/** Workers that succeed, fail, take their time, and answer later. */
function replyTo({ token }: Delivery, random: Random, known: Known): WorkerAnswer {
  const kind = random.next()
  if (kind < 0.2) return { delayMs: 500, body: '' }
  if (kind < 0.4) return { status: random.pick([200, 500, 404]), body: { error: `row ${random.between(1, 9)}` } }
  if (kind > 0.6 || token === '') return { body: { output: { n: 1.5 } } }
  known.add('attempt', token)
  return { status: 202, body: '' }
}
