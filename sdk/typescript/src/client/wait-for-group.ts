import type { TaskGroup } from '../api-types.ts'
import type { Host } from '../host.ts'

export interface WaitOptions {
  readonly signal?: AbortSignal | undefined
  /** Without it, as long as it takes. */
  readonly timeoutSeconds?: number
  /** Told the group each time it was asked for. */
  readonly onProgress?: (group: TaskGroup) => void
}

const FIRST_PAUSE_MS = 200
/** A group that has taken a minute is not worth more than an answer every five seconds. */
const MAX_PAUSE_MS = 5000
const GROWTH = 1.5

/** Asks again and again, at first soon and then less often, until the group has ended, its last task included. */
export async function waitForGroup(
  ask: (signal: AbortSignal) => Promise<TaskGroup>,
  host: Host,
  { signal, timeoutSeconds, onProgress }: WaitOptions,
): Promise<TaskGroup> {
  const over = new AbortController()
  const until = signal ? AbortSignal.any([signal, over.signal]) : over.signal
  const timer =
    timeoutSeconds === undefined
      ? undefined
      : setTimeout(() => over.abort(tookTooLong(timeoutSeconds)), timeoutSeconds * 1000)
  try {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * GROWTH)) {
      const group = await ask(until)
      onProgress?.(group)
      // An empty one would be waited for until somebody adds to it.
      if (group.isSettled || group.state === 'empty') return group
      await host.sleep(pauseMs, until)
    }
  } finally {
    clearTimeout(timer)
  }
}

const tookTooLong = (seconds: number): DOMException =>
  new DOMException(`the group has not ended within ${seconds} seconds`, 'TimeoutError')
