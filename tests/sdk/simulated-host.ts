import type { Host } from '../../sdk/typescript/src/host.ts'
import { type SimulatedClock, simulatedClock } from '../support/simulated-clock.ts'
import { type SimulatedTimers, simulatedTimers } from '../support/simulated-timers.ts'

/** A runtime whose time a test moves. */
export interface SimulatedHost extends Host {
  readonly clock: SimulatedClock
  readonly timers: SimulatedTimers
}

export function simulatedHost(fetch: Host['fetch']): SimulatedHost {
  const clock = simulatedClock()
  const timers = simulatedTimers(clock)
  return { fetch, now: clock.now, random: () => 1, sleep: sleepOn(timers), clock, timers }
}

const sleepOn =
  (timers: SimulatedTimers): Host['sleep'] =>
  (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const cancel = timers.after(ms, resolve)
      signal?.addEventListener('abort', () => {
        cancel()
        reject(signal.reason)
      })
    })
