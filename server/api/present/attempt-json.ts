import type { AttemptRecord } from '../../core/attempt-record.ts'
import { formatTime } from '../../core/time.ts'
import type { Heartbeat } from '../../services/heartbeats.ts'

/** The attempts of a task, newest first, and what its worker told of the newest. */
export function attemptsJson(attempts: readonly AttemptRecord[], heartbeat: Heartbeat | null): string {
  const told = heartbeat && { ...heartbeat, at: formatTime(heartbeat.at) }
  return JSON.stringify({ attempts: attempts.map(presentAttempt), heartbeat: told })
}

/** The attempts of several tasks. */
export function attemptsOfJson(tasks: readonly { taskId: string; attempts: readonly AttemptRecord[] }[]): string {
  const told = tasks.map(({ taskId, attempts }) => ({ taskId, attempts: attempts.map(presentAttempt) }))
  return JSON.stringify({ tasks: told })
}

function presentAttempt(attempt: AttemptRecord) {
  return {
    number: attempt.number,
    startedAt: formatTime(attempt.startedAt),
    endedAt: formatTime(attempt.endedAt),
    durationMs: attempt.endedAt - attempt.startedAt,
    outcome: attempt.outcome,
    statusCode: attempt.statusCode,
    error: attempt.error,
    retryAt: attempt.retryAt === null ? null : formatTime(attempt.retryAt),
    deliveryId: attempt.deliveryId,
  }
}
