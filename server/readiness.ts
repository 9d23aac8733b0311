import type { TaskStorage } from '../storage/task-storage.ts'
import type { Readiness } from './api/api-deps.ts'
import type { Clock } from './core/clock.ts'
import { CrewError } from './core/errors.ts'

export interface ReadinessOptions {
  readonly storage: Pick<TaskStorage, 'putRecord' | 'durability'>
  readonly clock: Clock
  readonly isStopping: () => boolean
  /** The worst of the last minute. */
  readonly lag: () => Lag
}

/** In ms: how late due tasks are asked for, and how late timers fire. */
export interface Lag {
  readonly schedulerMs: number
  readonly eventLoopMs: number
}

/**
 * `read-only`: the storage is full; what is stored can be read, nothing is written and nothing starts, and it goes on by itself.
 * `storage away`: it does not answer.
 */
export type ReadyState = 'ready' | 'stopping' | 'read-only' | 'storage away'

/** Anybody may ask, and a probe is a synced write: this often is enough for any load balancer. */
const PROBE_MS = 1000
const PROBE_RECORD = 'process/probe'
/** DESIGN I4: a runnable task is POSTed within a second; I15: nothing blocks the event loop for longer than 100 ms. */
const MAX_LAG: Lag = { schedulerMs: 1000, eventLoopMs: 100 }

/**
 * Whether the server takes work: it is not stopping, and its storage can be written. A server that is late is ready all the same, and
 * says so (`lag.isLate`): taking it out would only make the others later.
 */
export function createReadiness({ storage, clock, isStopping, lag }: ReadinessOptions): () => Promise<Readiness> {
  const { engine, survives } = storage.durability
  let probe: { readonly at: number; readonly state: Promise<ReadyState> } | null = null

  function probed(): Promise<ReadyState> {
    const now = clock.now()
    // A clock may be set back.
    if (probe === null || Math.abs(now - probe.at) >= PROBE_MS) {
      const writing = storage.putRecord(PROBE_RECORD, '1', now + PROBE_MS)
      probe = { at: now, state: writing.then(() => 'ready' as const, stateOf) }
    }
    return probe.state
  }

  return async () => {
    const state = isStopping() ? 'stopping' : await probed()
    const { schedulerMs, eventLoopMs } = lag()
    const isLate = schedulerMs > MAX_LAG.schedulerMs || eventLoopMs > MAX_LAG.eventLoopMs
    return {
      ready: state === 'ready',
      detail: { state, storage: { engine, survives }, lag: { schedulerMs, eventLoopMs, isLate } },
    }
  }
}

const stateOf = (error: unknown): ReadyState =>
  error instanceof CrewError && error.code === 'storage_full' ? 'read-only' : 'storage away'
