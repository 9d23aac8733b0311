import { RetryLaterError } from '../retry-later-error.ts'

/** Lets few through at once, lets some wait, sends the rest away. */
export interface Gate {
  run<Value>(work: () => Promise<Value>): Promise<Value>
}

export function createGate(options: { readonly atOnce: number; readonly waiting: number }): Gate {
  const queue: (() => void)[] = []
  let running = 0

  async function enter(): Promise<void> {
    if (running < options.atOnce) {
      running++
      return
    }
    if (queue.length >= options.waiting)
      throw new RetryLaterError('too_many_requests', 'Too many at once: try again.', 1)
    // Whoever leaves hands its place over, so `running` stays as it is.
    await new Promise<void>((resolve) => queue.push(resolve))
  }

  function leave(): void {
    const next = queue.shift()
    if (next === undefined) running--
    else next()
  }

  return {
    async run(work) {
      await enter()
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}
