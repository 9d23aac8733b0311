import type { PastHold, WorkHold } from '../../core/change-set.ts'
import { formatTime } from '../../core/time.ts'

/** Who asked for a hold. Its end and its reason stand beside it. */
export function presentHold({ kind, since, taskId, source }: WorkHold) {
  return { kind, since: formatTime(since), taskId: taskId || null, source: source || null }
}

/** Holds that began, newest first. */
export function pastHoldsJson(holds: readonly PastHold[]): string {
  return JSON.stringify({ holds: holds.map(presentPastHold) })
}

function presentPastHold(hold: PastHold) {
  const { kind, since, taskId, source } = presentHold(hold)
  const { until, endedAt, reason } = hold
  const ended = endedAt === null ? null : formatTime(endedAt)
  return { since, until: formatTime(until), endedAt: ended, reason, kind, taskId, source }
}
