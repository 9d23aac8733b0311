import { constants } from 'node:os'

/** What service managers, terminals and closed terminals send. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
/** As shells tell that somebody pressed Ctrl-C. */
export const INTERRUPTED = 128 + constants.signals.SIGINT

/** Resolves at the first signal to stop. A second one ends the process at once: somebody does not want to wait. */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let isAsked = false
    const ask = (signal: string): void => {
      if (isAsked) process.exit(INTERRUPTED)
      isAsked = true
      resolve(signal)
    }
    for (const signal of SIGNALS) process.on(signal, ask)
  })
}
