import type { Timers } from '../core/clock.ts'
import { CrewError } from '../core/errors.ts'
import type { Logger } from './logger.ts'

/** How often a storage that is away or full is tried again. */
export const RETRY_MS = 1000
/**
 * How long after the last failure other servers may still be on their way back: each looks once a second, and a look that began
 * while the storage hung takes 2 s to fail. Until then an old lease does not mean a dead server.
 */
const SETTLE_MS = 4000

/** The storage is full or away, and comes back; anything else is a fault of what was asked. */
export function isOutage(error: unknown): boolean {
  return error instanceof CrewError && (error.code === 'storage_full' || error.code === 'storage_unavailable')
}

/** Reads again and again while the storage is away: what a worker answered must not be lost for a read. */
export async function readPatiently<Value>(timers: Timers, read: () => Promise<Value>): Promise<Value> {
  for (;;) {
    try {
      return await read()
    } catch (error) {
      if (!isOutage(error)) throw error
      await new Promise<void>((resume) => timers.after(RETRY_MS, resume))
    }
  }
}

export interface StorageHealthOptions {
  readonly timers: Timers
  readonly logger: Logger
  /** It was away and answers again. */
  readonly onBack: () => void
}

/**
 * What this server knows of the storage's health. States: `settled` → a failure → `away` → an answer → `back` → SETTLE_MS without
 * another failure → `settled`. Whoever asks the storage tells how it went.
 */
export class StorageHealth {
  readonly #options: StorageHealthOptions
  #isAway = false
  #cancelSettling: (() => void) | null = null

  constructor(options: StorageHealthOptions) {
    this.#options = options
  }

  get isAway(): boolean {
    return this.#isAway
  }

  /** Every server had the time to renew its leases since the storage failed last. */
  get isSettled(): boolean {
    return this.#cancelSettling === null
  }

  /** Logs it, an outage once. */
  failed(what: string, error: unknown): void {
    const { logger } = this.#options
    if (!isOutage(error)) {
      logger.error({ err: error }, `${what} failed; it is tried again`)
      return
    }
    if (!this.#isAway)
      logger.error({ err: error }, 'the storage is away or full; nothing is claimed until it answers again')
    this.#isAway = true
    this.#settleLater()
  }

  answered(): void {
    if (!this.#isAway) return
    this.#isAway = false
    this.#options.logger.info({}, 'the storage answers again')
    this.#options.onBack()
  }

  #settleLater(): void {
    this.#cancelSettling?.()
    this.#cancelSettling = this.#options.timers.after(SETTLE_MS, () => {
      this.#cancelSettling = null
    })
  }
}
