import type { TaskStorage } from '../../storage/task-storage.ts'
import type { Timers } from '../core/clock.ts'
import type { Logger } from './logger.ts'
import { isOutage } from './storage-health.ts'
import type { StoredWorkerBook } from './worker-book.ts'

/** Events can be lost; what another server changed is known here at least this soon. */
const RELOAD_MS = 5000

export interface BookKeeperOptions {
  readonly book: StoredWorkerBook
  readonly storage: Pick<TaskStorage, 'subscribe' | 'feed'>
  readonly timers: Timers
  readonly logger: Logger
}

/**
 * Keeps the book up to date with what other servers change; where there are none, whoever changes something tells the book itself.
 * Answers how to stop.
 */
export function keepBook({ book, storage, timers, logger }: BookKeeperOptions): () => void {
  if (!storage.feed) return () => {}
  let cancel = (): void => {}
  let isStopped = false
  /** While the storage is away what is known stays in force; that it is away others have logged. */
  const tellFailure = (error: unknown): void => {
    if (!isOutage(error)) logger.error({ err: error }, 'the settings of workers could not be read; it is tried again')
  }
  const unsubscribe = storage.subscribe((events) => {
    for (const event of events) {
      if (event.type === 'worker.updated' || event.type === 'worker.deleted')
        void book.reloadOne(event.worker).catch(tellFailure)
    }
  })
  const reloadLater = (): void => {
    if (isStopped) return
    cancel = timers.after(RELOAD_MS, () => void book.reload().catch(tellFailure).finally(reloadLater))
  }
  reloadLater()
  return () => {
    isStopped = true
    unsubscribe()
    cancel()
  }
}
