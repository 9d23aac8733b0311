import type { Timers } from '../../server/core/clock.ts'
import type { SimulatedClock } from './simulated-clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Timers that fire only when a test moves the time. */
export interface SimulatedTimers extends Timers {
  /** Moves the clock to each timer in turn and fires it, letting everything settle in between. */
  advance(ms: number): Promise<void>
  /** The clock jumps, as when a machine slept: whatever fell due meanwhile fires afterwards, at the new time. */
  jump(ms: number): Promise<void>
  /** When the next timer fires; null: none is set. */
  readonly nextAt: number | null
}

export function simulatedTimers(clock: SimulatedClock): SimulatedTimers {
  const timers = new Set<Timer>()
  let made = 0

  function next(until: number): Timer | undefined {
    return [...timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at || a.order - b.order)[0]
  }

  async function fireUntil(end: number): Promise<void> {
    await settle()
    for (let timer = next(end); timer; timer = next(end)) {
      timers.delete(timer)
      if (timer.at > clock.now()) clock.set(timer.at)
      timer.run()
      await settle()
    }
  }

  return {
    after(ms, run) {
      const timer = { at: clock.now() + ms, order: made++, run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    soon(run) {
      setImmediate(run)
    },
    async advance(ms) {
      const end = clock.now() + ms
      await fireUntil(end)
      clock.set(end)
    },
    async jump(ms) {
      await fireUntil(clock.advance(ms))
    },
    get nextAt() {
      const first = next(Number.POSITIVE_INFINITY)
      return first ? first.at : null
    },
  }
}

/** Turns of the event loop that whatever is in flight needs until it waits for a timer, a worker or the test again. */
const TURNS = 30

/** Lets everything come to rest: nothing here waits for real time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve))
}
