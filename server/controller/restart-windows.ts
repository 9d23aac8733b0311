/** How an answer speaks for its worker: it takes more, it has too much, or neither. */
export type Tone = 'clean' | 'bad' | 'neither'

/** So long after its start a server is careful with work that it did not see being made. */
export const CAREFUL_MS = 60_000
/** A window doubles in this time without a bad answer, and by as many clean ones as it is wide. */
const STEP_MS = 1000

interface Window {
  size: number
  /** It doubled then last, or was halved. */
  since: number
}

/**
 * After a restart whatever waited would start at once, and nobody knows what the workers can take by now. So a worker that has work
 * older than this boot starts with a window of 1, which doubles with every round of clean answers and with every second, and is halved
 * by a bad one. Workers of newer work are open at once: nothing has piled up.
 */
export class RestartWindows {
  readonly #limit: number
  #bootAt = Number.NEGATIVE_INFINITY
  /** `open`: it has reached the limit, or has no old work. */
  #windows = new Map<string, Window | 'open'>()

  constructor(limit: number) {
    this.#limit = limit
  }

  begin(bootAt: number): void {
    this.#bootAt = bootAt
  }

  isCareful(now: number): boolean {
    // A clock that was set back must not make it careful for longer.
    this.#bootAt = Math.min(this.#bootAt, now)
    if (now < this.#bootAt + CAREFUL_MS) return true
    if (this.#windows.size > 0) this.#windows = new Map()
    return false
  }

  /** The workers that are known by now. */
  get workers(): Iterable<string> {
    return this.#windows.keys()
  }

  /** The first task of a worker decides; answers whether it is open now and was not before. */
  claimed(worker: string, createdAt: number, now: number): boolean {
    if (!this.isCareful(now) || this.#windows.has(worker)) return false
    const isOld = createdAt < this.#bootAt
    this.#windows.set(worker, isOld ? { size: 1, since: now } : 'open')
    return !isOld
  }

  answered(worker: string, tone: Tone, now: number): void {
    const window = this.#windowAt(worker, now)
    if (window === undefined || window === 'open') return
    if (tone === 'clean') window.size += 1
    if (tone === 'bad') {
      window.size = Math.max(1, Math.floor(window.size / 2))
      window.since = now
    }
  }

  /** How many may be in flight at once. */
  sizeOf(worker: string, now: number): number {
    if (!this.isCareful(now)) return this.#limit
    const window = this.#windowAt(worker, now)
    return window === undefined || window === 'open' ? this.#limit : window.size
  }

  #windowAt(worker: string, now: number): Window | 'open' | undefined {
    const window = this.#windows.get(worker)
    if (window === undefined || window === 'open') return window
    // Nor may it make windows narrower: they would be no whole numbers any more, and end at 0 for good.
    window.since = Math.min(window.since, now)
    const steps = Math.floor((now - window.since) / STEP_MS)
    window.size *= 2 ** steps
    window.since += steps * STEP_MS
    if (window.size < this.#limit) return window
    this.#windows.set(worker, 'open')
    return 'open'
  }
}
