import { randomFillSync } from 'node:crypto'
import type { Clock, Random, Timers } from './core/clock.ts'
import { UUID_RANDOM_BYTES, uuidV7 } from './core/ids.ts'

/** The machine's time. */
export const systemClock: Clock = { now: () => Date.now() }

/** Beyond this `setTimeout` fires at once instead of in 25 days. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** The process's timers, for any distance. */
export const systemTimers: Timers = {
  after(ms, run) {
    let timer: NodeJS.Timeout
    const wait = (left: number): void => {
      const step = Math.min(left, MAX_TIMEOUT_MS)
      timer = setTimeout(() => (left > step ? wait(left - step) : run()), step)
    }
    wait(ms)
    return () => clearTimeout(timer)
  },
  soon(run) {
    setImmediate(run)
  },
}

/** The process's own repeating timer; it keeps no process alive. */
export function systemEvery(ms: number, run: () => void): () => void {
  const timer = setInterval(run, ms)
  timer.unref()
  return () => clearInterval(timer)
}

export const systemRandom: Random = () => Math.random()

/** A new id (UUID v7). */
export function newId(): string {
  return uuidV7({ now: systemClock.now(), randomBytes: takeBytes(UUID_RANDOM_BYTES) })
}

const TRACE_ID_BYTES = 16
const SPAN_ID_BYTES = 8

/**
 * The start of a trace (W3C trace context). Sampled: Crew itself records nothing, and a 0 would talk the workers that
 * trace out of it.
 */
export function newTraceparent(): string {
  return `00-${takeBytes(TRACE_ID_BYTES).toString('hex')}-${takeBytes(SPAN_ID_BYTES).toString('hex')}-01`
}

const pool = Buffer.alloc(4096)
let used = pool.length

/** Random bytes from a pool: a call to the system for each attempt would cost more than the rest of its bookkeeping. */
function takeBytes(size: number): Buffer {
  if (used + size > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += size
  return pool.subarray(used - size, used)
}
