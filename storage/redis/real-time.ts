/**
 * The engine's waits and its clock before there is a store: those of real connections, which no simulated time moves. Nothing else here
 * reads the time (tests/architecture/rules.ts).
 */
export const realClock = { now: (): number => Date.now() }
/** Milliseconds that go on evenly, whatever is done to the clock of the machine. */
export const realElapsed = (): number => performance.now()

/** Resolves after that time, or at once when the signal says so. With `isIdle` the process may end meanwhile. */
export function pause(ms: number, { signal, isIdle = false }: PauseOptions = {}): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, signal?.aborted ? 0 : ms)
    if (isIdle) timer.unref()
    signal?.addEventListener('abort', end)
  })
}

interface PauseOptions {
  readonly signal?: AbortSignal | undefined
  readonly isIdle?: boolean
}

/** Again and again; answers how to stop it. */
export function repeat(ms: number, run: () => void): () => void {
  const timer = setInterval(run, ms)
  return () => clearInterval(timer)
}
