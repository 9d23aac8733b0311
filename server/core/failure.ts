import { cutError } from './attempt-record.ts'
import { type WaitContext, waitAfterFailure } from './holds.ts'
import { attemptsLeft, type Task, type TaskPatch } from './task.ts'

/** WIRE section 1: `errors` keeps the newest 50. */
export const KEPT_ERRORS = 50

/** What a failed attempt does to a task: one attempt less, one line more, and a later time (WIRE section 3). */
export function failPatch(
  task: Task,
  failure: { error: string; isRetryable: boolean; retryAfterMs: number | null; output: string | null },
  context: WaitContext,
): TaskPatch & { runAfter: number; remainingAttempts: number } {
  const delayMs = failure.retryAfterMs ?? waitAfterFailure(task, context)
  return {
    ...attemptsLeft(task.holds, failure.isRetryable ? Math.max(0, task.remainingAttempts - 1) : 0),
    failures: task.failures + 1,
    rateLimitedSince: 0,
    errors: [...task.errors, cutError(failure.error)].slice(-KEPT_ERRORS),
    runAfter: context.now + delayMs,
    ...(failure.output === null ? {} : { output: failure.output }),
  }
}
