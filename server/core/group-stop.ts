import type { StopCause, TaskGroup } from './task-group.ts'

/** Whether a failure stopped it, and nobody has let it go on since. */
export const isStopped = (group: Pick<TaskGroup, 'isPaused' | 'stoppedBy'>): boolean =>
  group.isPaused && group.stoppedBy !== null

/** Whether somebody paused it, whatever else. */
export const isPausedByHand = (group: Pick<TaskGroup, 'isPaused' | 'stoppedBy'>): boolean =>
  group.isPaused && (group.stoppedBy?.isPausedToo ?? true)

type Flags = Pick<TaskGroup, 'isPaused' | 'stoppedBy'>

/** Stopped by the failure of that task. The first failure is the cause: those that come after it change nothing. */
export function stoppedFlags(group: Flags, cause: Omit<StopCause, 'isPausedToo'>): Flags {
  return isStopped(group) ? flagsOf(group) : { isPaused: true, stoppedBy: { ...cause, isPausedToo: group.isPaused } }
}

/** The stop is over; what somebody paused besides stays paused (I6). */
export function unstoppedFlags(group: Flags): Flags {
  return { isPaused: isPausedByHand(group), stoppedBy: null }
}

/** Paused by hand, and it stays so when a stop is over. */
export function pausedFlags(group: Flags): Flags {
  const { stoppedBy } = group
  return { isPaused: true, stoppedBy: stoppedBy && isStopped(group) ? { ...stoppedBy, isPausedToo: true } : null }
}

const flagsOf = ({ isPaused, stoppedBy }: Flags): Flags => ({ isPaused, stoppedBy })
