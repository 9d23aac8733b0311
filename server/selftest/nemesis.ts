import { setTimeout as pass } from 'node:timers/promises'
import type { ChaosSite } from './chaos-site.ts'
import type { Fault } from './faults.ts'
import type { Random } from './random.ts'
import type { Trial } from './trial.ts'

export interface NemesisOptions<Site extends ChaosSite> {
  readonly site: Site
  readonly trial: Trial
  readonly random: Random
  readonly faults: readonly Fault<Site>[]
  /** How long a fault lasts, and the peace after it: at least and at most. */
  readonly onMs: readonly [number, number]
  readonly offMs: readonly [number, number]
  /** Whether servers may be ended now. */
  readonly mayEnd?: () => boolean
}

/** One fault after the other, each for a while. */
export class Nemesis<Site extends ChaosSite> {
  /** How often each kind was done. */
  readonly done = new Map<string, number>()
  /** What is being done now. */
  now: string | null = null
  readonly #options: NemesisOptions<Site>

  constructor(options: NemesisOptions<Site>) {
    this.#options = options
  }

  /** Resolves when the time of `performance.now` is over, or the signal came, and all is healed. */
  async rage(until: number, signal: AbortSignal): Promise<void> {
    const { random, onMs, offMs } = this.#options
    for (;;) {
      // Peace first: a fault is to meet work.
      await pass(random.between(...offMs), undefined, { signal }).catch(() => {})
      const lasts = random.between(...onMs)
      if (signal.aborted || performance.now() + lasts > until) return
      await this.#do(this.#choose(), lasts, signal)
    }
  }

  /** All kinds in turn, each turn in another order: a short run sees as many as it can. */
  #choose(): Fault<Site> {
    const { faults, mayEnd = () => true, random } = this.#options
    const fitting = faults.filter(({ isDeadly }) => !isDeadly || mayEnd())
    const least = Math.min(...fitting.map(({ kind }) => this.done.get(kind) ?? 0))
    const rare = fitting.filter(({ kind }) => (this.done.get(kind) ?? 0) === least)
    const fault = rare[random.between(0, rare.length - 1)]
    if (!fault) throw new Error('there is no fault to do')
    return fault
  }

  async #do(fault: Fault<Site>, lasts: number, signal: AbortSignal): Promise<void> {
    this.now = fault.kind
    this.done.set(fault.kind, (this.done.get(fault.kind) ?? 0) + 1)
    const over = new AbortController()
    const { site, trial, random } = this.#options
    const heal = await fault.begin({ site, trial, random, signal: over.signal })
    await pass(lasts, undefined, { signal }).catch(() => {})
    over.abort()
    await heal()
    this.now = null
  }
}
