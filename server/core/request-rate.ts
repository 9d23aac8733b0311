import { type Rate, spend } from './token-bucket.ts'

/** How often somebody may ask: so many a second in the long run, and `burst` at once after a rest. */
export interface RequestRate {
  readonly perSecond: number
  readonly burst: number
}

/** So many tasks, sent or asked for at once, are as much work as one request more. */
const TASKS_PER_REQUEST = 100

/** What one request counts for that has or asks for so many tasks. */
export const costOf = (tasks: number): number => (tasks > 0 ? Math.floor(tasks / TASKS_PER_REQUEST) : 0)

/**
 * Takes `cost` requests out of a bucket, or says from when on there is room for them (epoch ms). What costs more than a whole burst
 * costs a burst: else it could never be.
 */
export function takeRequests(
  { perSecond, burst }: RequestRate,
  clock: number,
  { cost, now }: { readonly cost: number; readonly now: number },
): { readonly isTaken: boolean; readonly clock: number; readonly roomAt: number } {
  const rate: Rate = { intervalMs: 1000 / perSecond, burst }
  // The clock after they were spent is the moment from which on that many were free.
  const roomAt = spend(rate, clock, { count: Math.min(cost, burst), now })
  return roomAt <= now ? { isTaken: true, clock: roomAt, roomAt: now } : { isTaken: false, clock, roomAt }
}
