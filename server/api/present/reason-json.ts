import type { Reason } from '../../core/eligibility.ts'
import { formatTime } from '../../core/time.ts'

/** A reason as clients see it. */
export function presentReason({ code, message, until, ref }: Reason) {
  return { code, message, ...(until !== undefined && { until: formatTime(until) }), ...(ref !== undefined && { ref }) }
}
