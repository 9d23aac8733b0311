import { cutText } from './cut-text.ts'

/** How an attempt ended. `lost` and `givenBack` use up no attempt: the server died or drained under it. */
export type AttemptOutcome =
  | 'succeeded'
  | 'failed'
  | 'rateLimited'
  | 'timeout'
  | 'networkError'
  | 'badResponse'
  | 'lost'
  | 'givenBack'

/** The durable record of one attempt (I16). */
export interface AttemptRecord {
  readonly number: number
  readonly deliveryId: string
  /** The boot of the server that ran it. */
  readonly instance: string
  readonly startedAt: number
  readonly endedAt: number
  readonly outcome: AttemptOutcome
  /** The HTTP status of the answer; null when there was none. */
  readonly statusCode: number | null
  /** Size of the answer's body. */
  readonly bytes: number
  /** At most 4 KiB; null on success. */
  readonly error: string | null
  /** When the task is tried again; null when it is not. */
  readonly retryAt: number | null
}

/** An error text in a record or a task's `errors` is cut at 4 KiB (I16): enough for a message, too little to fill the store. */
export const MAX_ERROR_BYTES = 4096

const ELLIPSIS = '…'
const ELLIPSIS_BYTES = 3

export function cutError(text: string): string {
  const whole = text.toWellFormed()
  if (cutText(whole, MAX_ERROR_BYTES) === whole) return whole
  return `${cutText(whole, MAX_ERROR_BYTES - ELLIPSIS_BYTES)}${ELLIPSIS}`
}
