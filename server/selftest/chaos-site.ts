import type { Api } from './api-client.ts'
import type { FlakyWorker } from './flaky-worker.ts'
import type { Trouble } from './fleet-checks.ts'
import type { PauseWindow } from './group-checks.ts'
import type { ServerProcess } from './server-process.ts'
import { WORKERS } from './work.ts'

/** Servers on one store, the worker that they call, and what was done to them. */
export interface ChaosSite {
  readonly servers: readonly ServerProcess[]
  readonly worker: FlakyWorker
  readonly troubles: Trouble[]
  readonly pauses: PauseWindow[]
}

/** Short, so that a fault of five seconds outlives it. */
export const LEASE_MS = 3000
/** A call that gets no answer, and how long a breaker stays open: both are to happen many times within a fault. */
const TIMEOUT_SECONDS = 3
const OPEN_SECONDS = 1

/** What servers are told by the environment, besides their store. */
export const chaosEnvironment = ({ url }: FlakyWorker): Record<string, string> => ({
  CREW_WORKER_BASE_URL: url,
  CREW_LEASE_MS: String(LEASE_MS),
  CREW_LOG_LEVEL: 'error',
  CREW_SHUTDOWN_TIMEOUT_IN_MILLISECONDS: '5000',
})

/** Those that clients may ask now. */
export const upApis = ({ servers }: ChaosSite): Api[] =>
  servers.flatMap(({ api, isFrozen }) => (api && !isFrozen ? [api] : []))

export async function setUpWorkers(site: ChaosSite): Promise<void> {
  const [api] = upApis(site)
  const breaker = { failures: 10, openSeconds: OPEN_SECONDS }
  for (const name of WORKERS) await api?.put(`/api/v1/worker/${name}`, { timeoutSeconds: TIMEOUT_SECONDS, breaker })
}
