import type { Timers } from '../core/clock.ts'

/** Counts work that a drain must wait for. */
export class UnfinishedWork {
  readonly #failed: (error: unknown) => void
  #count = 0
  #whenQuiet: (() => void) | null = null

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  track(work: Promise<unknown>): void {
    this.#count++
    void work.catch(this.#failed).finally(() => {
      this.#count--
      if (this.#count === 0) this.#whenQuiet?.()
    })
  }

  /** Resolves when nothing is left, or after the last of the steps, which come one after the other: `after` ms from now each. */
  quiet(timers: Timers, steps: readonly { readonly after: number; readonly run: () => void }[]): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const last = steps.at(-1)
      const cancels = steps.map((step) =>
        timers.after(step.after, () => {
          step.run()
          if (step === last) resolve()
        }),
      )
      this.#whenQuiet = () => {
        for (const cancel of cancels) cancel()
        resolve()
      }
    })
  }
}
