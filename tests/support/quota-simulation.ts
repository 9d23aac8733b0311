import { enter, type Gate, openGate, roomOf } from '../../server/core/gate.ts'
import { type PaceMemory, paceFor } from '../../server/core/pacing.ts'
import { SIMULATED_START } from './simulated-clock.ts'

/** A provider with fixed windows, and a way to tell what is left. */
export interface SimulatedProvider {
  readonly quota: number
  readonly windowMs: number
  /** The first window begins so long before the first call. */
  readonly phaseMs: number
  readonly latencyMs: number
  /** Latencies differ by up to this share of it. */
  readonly jitter: number
  /** Milliseconds, or whole seconds: rounded up (anything below a second is 1) or cut. */
  readonly resets: 'exact' | 'up' | 'cut'
  readonly tellsLimit: boolean
  readonly tellsWindow: boolean
  /** What is left is counted as the call arrives, or as it is answered. */
  readonly counts: 'atArrival' | 'atAnswer'
  readonly windows: number
  /** So many servers call in turns; each knows of its own calls only. */
  readonly servers: number
  /** In [0, 1). */
  readonly random: () => number
}

export interface SimulatedTraffic {
  readonly calls: number
  readonly overQuota: number
  /** Of the quota, without the first windows, in which nothing is known yet, and the last. */
  readonly usedShare: number
  readonly paces: number
}

const LEARNING_WINDOWS = 2

/** As much as the gate lets through, by the answers' paces alone: no limit of concurrency, no hold. The first call comes alone. */
export function simulateQuota(provider: SimulatedProvider): SimulatedTraffic {
  const events = new Agenda()
  const quota = new FixedWindows(provider)
  const memories: (PaceMemory | null)[] = Array(provider.servers).fill(null)
  const started: number[] = Array(provider.servers).fill(0)
  const end = SIMULATED_START + (provider.windows - 1) * provider.windowMs
  let gate: Gate = openGate('workgroup', 'key')
  let now = SIMULATED_START
  let turn = 0
  let paces = 0

  function start(): void {
    const server = turn++ % provider.servers
    const startedAt = now
    const number = (started[server] ?? 0) + 1
    started[server] = number
    gate = { ...gate, ...enter(gate, 1, now), leases: gate.leases + 1 }
    const latencyMs = Math.max(1, Math.round(provider.latencyMs * (1 + provider.jitter * (provider.random() - 0.5))))
    events.add(now + Math.floor(latencyMs / 2), () => {
      quota.take(now)
      const atArrival = quota.told(now)
      events.add(startedAt + latencyMs, () => {
        gate = { ...gate, leases: gate.leases - 1 }
        const reading = provider.counts === 'atArrival' ? atArrival : quota.told(now)
        const told = { reading, startedAt, now, startedSince: (started[server] ?? 0) - number }
        const { memory, pace } = paceFor(memories[server] ?? null, told)
        memories[server] = memory
        if (!pace) return
        gate = { ...gate, pace }
        paces++
      })
    })
  }

  function startWhatMay(): void {
    if (now >= end) return
    const isFirst = memories.every((memory) => memory === null)
    let room = roomOf(gate, now)
    for (; room.free > 0 && !(isFirst && gate.leases > 0); room = roomOf(gate, now)) start()
    if (room.free === 0) events.wake(room.nextAt ?? end)
  }

  for (startWhatMay(); events.nextAt !== null; startWhatMay()) {
    now = events.nextAt
    events.runNext()
  }
  return { calls: quota.calls, overQuota: quota.overQuota, usedShare: quota.usedShare(LEARNING_WINDOWS), paces }
}

class FixedWindows {
  readonly #provider: SimulatedProvider
  readonly #begin: number
  readonly #used = new Map<number, number>()
  calls = 0
  overQuota = 0

  constructor(provider: SimulatedProvider) {
    this.#provider = provider
    this.#begin = SIMULATED_START - provider.phaseMs
  }

  take(now: number): void {
    const used = this.#usedAt(now)
    this.calls++
    if (used < this.#provider.quota) this.#used.set(this.#windowAt(now), used + 1)
    else this.overQuota++
  }

  told(now: number) {
    const { quota, windowMs, tellsLimit, tellsWindow, resets } = this.#provider
    const resetMs = this.#begin + (this.#windowAt(now) + 1) * windowMs - now
    return {
      remaining: quota - this.#usedAt(now),
      resetMs: resets === 'exact' ? resetMs : 1000 * (resets === 'up' ? Math.ceil : Math.floor)(resetMs / 1000),
      limit: tellsLimit ? quota : null,
      windowMs: tellsWindow ? windowMs : null,
      isWholeSeconds: resets !== 'exact',
    }
  }

  usedShare(from: number): number {
    const windows = Array.from({ length: this.#provider.windows - 1 - from }, (_, at) => this.#used.get(from + at) ?? 0)
    return windows.reduce((sum, used) => sum + used, 0) / (windows.length * this.#provider.quota)
  }

  #usedAt(now: number): number {
    return this.#used.get(this.#windowAt(now)) ?? 0
  }

  #windowAt(now: number): number {
    return Math.floor((now - this.#begin) / this.#provider.windowMs)
  }
}

/** What happens when, in the order of time and then of asking. */
class Agenda {
  readonly #events: { at: number; run: () => void }[] = []
  #wakeAt: number | null = null

  get nextAt(): number | null {
    const event = this.#events[0]?.at ?? null
    if (event === null || this.#wakeAt === null) return event ?? this.#wakeAt
    return Math.min(event, this.#wakeAt)
  }

  add(at: number, run: () => void): void {
    let place = this.#events.length
    while (place > 0 && (this.#events[place - 1]?.at ?? 0) > at) place--
    this.#events.splice(place, 0, { at, run })
  }

  /** Looks again then; the last wish counts. */
  wake(at: number): void {
    this.#wakeAt = at
  }

  runNext(): void {
    const at = this.nextAt
    if (this.#wakeAt === at) this.#wakeAt = null
    if (this.#events[0]?.at === at) this.#events.shift()?.run()
  }
}
