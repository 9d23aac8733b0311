import { FOREVER, parseTime } from '../core/time.ts'
import { type HoldBody, MAX_HOLD_SECONDS } from './schemas/hold.ts'
import { invalidRequest } from './validation.ts'

/** When a hold that a person asks for ends, in epoch ms. Of both, `until` is the more exact; of neither, somebody must resume. */
export function endOfHold({ seconds, until }: HoldBody, now: number): number {
  if (until === undefined) return seconds === undefined ? FOREVER : Math.ceil(now + seconds * 1000)
  const end = parseTime(until) ?? 0
  if (end > now && end <= now + MAX_HOLD_SECONDS * 1000) return end
  throw invalidRequest([{ pointer: '/until', detail: 'expected an RFC 3339 time ahead, at most a year' }])
}
