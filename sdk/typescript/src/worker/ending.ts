import { Answer } from './answer.ts'
import { childOnWire } from './child.ts'
import { TaskFailure } from './task-failure.ts'

/** How a handler ended, as Crew is told it. */
export interface Ending {
  readonly kind: 'complete' | 'fail'
  readonly status: 200 | 429
  /** The fields of an answer, as JSON. */
  readonly body: string
}

/** How what a handler returned ends its task. Undefined is null, as JSON has no undefined. */
export function endingOf(result: unknown): Ending {
  if (result instanceof TaskFailure) return failed(result)
  const { output, options } = result instanceof Answer ? result : new Answer(result, {})
  const { children, ...delays } = options
  const fields = {
    output: output === undefined ? null : output,
    ...(children && { children: children.map(childOnWire) }),
    ...delays,
  }
  try {
    return { kind: 'complete', status: 200, body: JSON.stringify(fields) }
  } catch (error) {
    return failed(new Error(`the answer cannot be written as JSON: ${messageOf(error)}`))
  }
}

/** How what a handler threw ends its task. Any status but 200 would put itself before the message. */
export function failed(error: unknown): Ending {
  const { options, status } = error instanceof TaskFailure ? error : { options: {}, status: 200 as const }
  return { kind: 'fail', status, body: JSON.stringify({ error: messageOf(error), ...options }) }
}

/** With its causes: that of `fetch` says "fetch failed" alone, and why only below. */
export function messageOf(error: unknown, depth = 3): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.message || error.name
  return depth > 0 && error.cause instanceof Error ? `${own}: ${messageOf(error.cause, depth - 1)}` : own
}
