import type { AttemptRecord } from '../../core/attempt-record.ts'
import { formatTime } from '../../core/time.ts'

/** The attempts of a task, newest first. */
export function attemptsJson(attempts: readonly AttemptRecord[]): string {
  return JSON.stringify({ attempts: attempts.map(presentAttempt) })
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
