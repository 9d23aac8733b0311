import type { TaskStorage } from '../../storage/task-storage.ts'
import type { Clock, Timers } from '../core/clock.ts'
import { SAMPLE_EVERY_MS, SIZES_RECORD, sizesFrom, sizesText, withSample } from '../core/storage-forecast.ts'
import type { Logger } from './logger.ts'
import { isOutage } from './storage-health.ts'

export interface SizeWatchOptions {
  readonly storage: Pick<TaskStorage, 'room' | 'getRecord' | 'putRecord' | 'countTasks'>
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
}

/** Notes how large the store is, at once and every half hour, for the forecast. Answers how to stop. */
export function watchSize(options: SizeWatchOptions): () => void {
  const { timers, logger } = options
  let cancel = (): void => {}
  let isStopped = false
  const note = (): void => {
    void noteSize(options)
      // Who is away is told by others; a sample that is missing harms nothing.
      .catch((error) => isOutage(error) || logger.error({ err: error }, 'the size of the storage could not be noted'))
      .finally(() => {
        if (!isStopped) cancel = timers.after(SAMPLE_EVERY_MS, note)
      })
  }
  note()
  return () => {
    isStopped = true
    cancel()
  }
}

/** Nothing where the store cannot tell its size. Of several servers at once one sample stays. */
export async function noteSize({ storage, clock }: Omit<SizeWatchOptions, 'timers' | 'logger'>): Promise<void> {
  const { usedBytes } = await storage.room()
  if (usedBytes === null) return
  const samples = sizesFrom(await storage.getRecord(SIZES_RECORD))
  const next = withSample(samples, { at: clock.now(), bytes: usedBytes, tasks: await storage.countTasks() })
  if (next !== samples) await storage.putRecord(SIZES_RECORD, sizesText(next))
}
