import type { Host } from '../host.ts'

export interface RetryOptions {
  readonly host: Host
  /** No further try starts after this many milliseconds. */
  readonly forMs: number
  /** Ends a try that gets no answer. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

const FIRST_DELAY_MS = 250
const MAX_DELAY_MS = 10_000

/**
 * Sends what may be sent again: after a network error, and after an answer that says "not now" (429, 502, 503, 504, and a 409 with
 * `Retry-After`). Answers the last answer, or throws the last network error; an aborted `signal` ends it with the signal's reason.
 */
export async function retrying(
  send: (signal: AbortSignal) => Promise<Response>,
  options: RetryOptions,
): Promise<Response> {
  const { host, signal } = options
  const deadlineAt = host.now() + options.forMs
  for (let tries = 0; ; tries++) {
    const result = await attempt(send, options)
    signal?.throwIfAborted()
    // Not `instanceof Response`: a fetch that was given may have a class of its own.
    const delayMs = result instanceof Error ? backoff(tries, host) : delayAsked(result, tries, host)
    const isLast = delayMs === null || host.now() + delayMs >= deadlineAt
    if (result instanceof Error) {
      if (isLast) throw result
    } else {
      if (isLast) return result
      await result.body?.cancel()
    }
    await host.sleep(delayMs, signal)
  }
}

async function attempt(
  send: (signal: AbortSignal) => Promise<Response>,
  { timeoutMs, signal }: RetryOptions,
): Promise<Response | Error> {
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    return await send(signal ? AbortSignal.any([signal, timeout]) : timeout)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Null: the answer is final. */
function delayAsked(response: Response, tries: number, host: Host): number | null {
  const asked = response.headers.get('retry-after')
  // A conflict that ends by itself: the first request with this idempotency key is still under way.
  const isConflictForNow = response.status === 409 && asked !== null
  if (!isConflictForNow && ![429, 502, 503, 504].includes(response.status)) return null
  const seconds = Number(asked ?? Number.NaN)
  return seconds >= 0 ? seconds * 1000 : backoff(tries, host)
}

/** Doubles, with half of it left to chance, so that those who failed together do not come back together. */
export function backoff(tries: number, { random }: Pick<Host, 'random'>): number {
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** tries) * (0.5 + random() / 2)
}
