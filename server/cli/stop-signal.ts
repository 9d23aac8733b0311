import { constants } from 'node:os'

/** What service managers, terminals and closed terminals send. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
/** As shells tell that somebody pressed Ctrl-C. */
export const INTERRUPTED = 128 + constants.signals.SIGINT

/** A signal ends the process at once, and yet lets it clean up behind itself: by default nothing would hear of the end. */
export function exitOnSignal(): void {
  for (const signal of SIGNALS) process.once(signal, () => process.exit(128 + constants.signals[signal]))
}

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
