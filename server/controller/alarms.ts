import type { Timers } from '../core/clock.ts'

/** Timers by name: one that is set again replaces the one before. */
export class Alarms {
  readonly #timers: Timers
  readonly #cancels = new Map<string, () => void>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  set(name: string, ms: number, run: () => void): void {
    this.cancel(name)
    this.#cancels.set(name, this.#timers.after(ms, run))
  }

  /** Runs `work` again and again with a pause in between; a failure is told and does not end it. */
  repeat(
    name: string,
    ms: number,
    { work, failed }: { work: () => Promise<unknown>; failed: (error: unknown) => void },
  ) {
    const run = async (): Promise<void> => {
      try {
        await work()
      } catch (error) {
        failed(error)
      }
      if (this.#cancels.has(name)) this.set(name, ms, run)
    }
    this.set(name, ms, run)
  }

  cancel(name: string): void {
    this.#cancels.get(name)?.()
    this.#cancels.delete(name)
  }
}
