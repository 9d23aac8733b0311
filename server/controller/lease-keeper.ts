import type { TaskStorage } from '../../storage/task-storage.ts'
import type { Clock } from '../core/clock.ts'
import type { RunningAttempt } from './attempt-runner.ts'

/**
 * Extends the leases of attempts in flight, well before they end. An attempt whose lease is gone (reset, deleted, taken over
 * after a stall) is cut off: its answer would change nothing.
 */
export async function renewLeases(
  storage: TaskStorage,
  clock: Clock,
  running: Iterable<RunningAttempt>,
  leaseMs: number,
): Promise<void> {
  const attempts = [...running]
  if (attempts.length === 0) return
  const refs = attempts.map(({ claimed }) => ({ taskId: claimed.task.id, token: claimed.token }))
  const until = clock.now() + leaseMs
  const lost = new Set(await storage.renewLeases(refs, until))
  for (const attempt of attempts) {
    if (!lost.has(attempt.claimed.token)) attempt.leaseUntil = until
    else {
      attempt.isLost = true
      attempt.abort()
    }
  }
}
