import { cutError } from './attempt-record.ts'
import { retryDelayMs } from './backoff.ts'
import type { Random } from './clock.ts'
import { attemptsLeft, type Task, type TaskPatch } from './task.ts'

/** WIRE section 1: `errors` keeps the newest 50. */
export const KEPT_ERRORS = 50

/** What a failed attempt does to a task: one attempt less, one line more, and a later time (WIRE section 3). */
export function failPatch(
  task: Task,
  failure: { error: string; isRetryable: boolean; retryAfterMs: number | null; output: string | null },
  context: { readonly now: number; readonly random: Random },
): TaskPatch & { runAfter: number; remainingAttempts: number } {
  const failures = task.failures + 1
  const delayMs = failure.retryAfterMs ?? retryDelayMs({ ...task, failures, random: context.random })
  return {
    ...attemptsLeft(task.holds, failure.isRetryable ? Math.max(0, task.remainingAttempts - 1) : 0),
    failures,
    rateLimitedSince: 0,
    errors: [...task.errors, cutError(failure.error)].slice(-KEPT_ERRORS),
    runAfter: context.now + delayMs,
    ...(failure.output === null ? {} : { output: failure.output }),
  }
}
