import type { Clock } from '../../server/core/clock.ts'

/** Where simulated time begins unless a test says otherwise. */
export const SIMULATED_START = Date.UTC(2026, 10, 22, 10)

/** A clock that moves only when a test moves it. */
export interface SimulatedClock extends Clock {
  /** Answers the new time. */
  advance(ms: number): number
  set(now: number): void
}

export function simulatedClock(start: number = SIMULATED_START): SimulatedClock {
  let now = start
  return {
    now: () => now,
    advance: (ms) => {
      now += ms
      return now
    },
    set: (time) => {
      now = time
    },
  }
}
