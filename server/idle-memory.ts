import type { Timers } from './core/clock.ts'
import { systemTimers } from './system-clock.ts'

/** Whoever waits for room waits no longer than this, and looking costs microseconds. */
const LOOK_MS = 1000
/** Of one core within a look: heartbeats and a page that somebody has open stay below it, work does not. */
const QUIET_SHARE = 0.05
/** Work that leaves enough behind to be worth a collection, which stops all else for a tenth of a second (0.3 beside other load). */
const WORTH_MS = 2000

/** What the process has used of the processors so far, in milliseconds, and how it collects what nobody needs. */
export interface IdleMemoryOptions {
  readonly timers: Timers
  readonly cpuMs: () => number
  readonly collect: () => void
}

/**
 * Gives memory back once a server that worked is quiet. The runtime collects when it allocates: after a burst, what the burst left would
 * stay until the next one. While there is work nothing is done, as a collection stops it. States: `idle` → start → `looking` → stop.
 */
export class IdleMemory {
  readonly #timers: Timers
  readonly #cpuMs: () => number
  readonly #collect: () => void
  #cancel: () => void = () => {}
  /** When it last collected, and when it last looked, in time of the processors. */
  #collectedAt = 0
  #lookedAt = 0

  constructor({ timers, cpuMs, collect }: IdleMemoryOptions) {
    this.#timers = timers
    this.#cpuMs = cpuMs
    this.#collect = collect
  }

  start(): void {
    this.#lookedAt = this.#cpuMs()
    this.#lookAgain()
  }

  stop(): void {
    this.#cancel()
  }

  #lookAgain(): void {
    this.#cancel = this.#timers.after(LOOK_MS, () => {
      this.#look()
      this.#lookAgain()
    })
  }

  #look(): void {
    const now = this.#cpuMs()
    const isQuiet = now - this.#lookedAt < LOOK_MS * QUIET_SHARE
    this.#lookedAt = now
    if (!isQuiet || now - this.#collectedAt < WORTH_MS) return
    this.#collect()
    this.#collectedAt = this.#cpuMs()
    this.#lookedAt = this.#collectedAt
  }
}

/** For this process, where the runtime can be asked (Bun); the answer ends it. */
export function startIdleMemory(): () => void {
  const { Bun } = globalThis as { Bun?: { gc(isComplete: boolean): void } }
  if (!Bun) return () => {}
  const memory = new IdleMemory({ timers: systemTimers, cpuMs, collect: () => Bun.gc(true) })
  memory.start()
  return () => memory.stop()
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
