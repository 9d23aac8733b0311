import type { TaskStorage } from '../storage/task-storage.ts'
import type { Readiness } from './api/api-deps.ts'
import type { Clock } from './core/clock.ts'

export interface ReadinessOptions {
  readonly storage: Pick<TaskStorage, 'putRecord' | 'durability'>
  readonly clock: Clock
  readonly isStopping: () => boolean
}

/** Anybody may ask, and a probe is a synced write: this often is enough for any load balancer. */
const PROBE_MS = 1000
const PROBE_RECORD = 'process/probe'

/** Whether the server takes work: it is not stopping, and its storage can be written. */
export function createReadiness({ storage, clock, isStopping }: ReadinessOptions): () => Promise<Readiness> {
  const { engine, survives } = storage.durability
  const answer = (ready: boolean, state: string): Readiness => ({
    ready,
    detail: { state, storage: { engine, survives } },
  })
  let probe: { readonly at: number; readonly isWritable: Promise<boolean> } | null = null

  function isWritable(): Promise<boolean> {
    const now = clock.now()
    if (probe === null || now - probe.at >= PROBE_MS) {
      const writing = storage.putRecord(PROBE_RECORD, '1', now + PROBE_MS)
      const isWritten = writing.then(
        () => true,
        () => false,
      )
      probe = { at: now, isWritable: isWritten }
    }
    return probe.isWritable
  }

  return async () => {
    if (isStopping()) return answer(false, 'stopping')
    return (await isWritable()) ? answer(true, 'ready') : answer(false, 'storage cannot be written')
  }
}
