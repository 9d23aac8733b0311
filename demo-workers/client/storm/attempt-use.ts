import type { TaskView } from '../snapshot.ts'

/** Attempts that were used up, by what used them. */
export interface AttemptUse {
  readonly byRateLimit: number
  readonly byOutage: number
  readonly byOther: number
}

/**
 * Counts the attempts of some tasks. Each that was used up left a line; one that left none, for more were used than lines are kept,
 * is counted among the others.
 */
export function attemptUse(tasks: readonly TaskView[], attempts: number): AttemptUse {
  const lines = tasks.flatMap((task) => task.errors)
  const used = tasks.reduce((sum, task) => sum + attempts - task.remainingAttempts, 0)
  const byRateLimit = lines.filter((line) => line.startsWith('HTTP 429')).length
  const byOutage = lines.filter((line) => /^HTTP 50[234]/.test(line)).length
  return { byRateLimit, byOutage, byOther: Math.max(0, used - byRateLimit - byOutage) }
}
