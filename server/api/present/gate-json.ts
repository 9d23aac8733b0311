import type { GateLimits } from '../../core/gate.ts'
import { limitsJson } from '../../core/gate-limits.ts'
import type { GateView } from '../../core/gate-view.ts'
import { formatTime } from '../../core/time.ts'

/** A gate as clients see it: what bounds it, and how it is at this moment. */
export function presentGate({ limits, window, pace, nextStartAt, bound }: GateView & { limits: GateLimits }) {
  return {
    ...limitsJson(limits),
    window,
    pace: pace && { perSecond: pace.perSecond, until: formatTime(pace.until) },
    nextStartAt: nextStartAt === null ? null : formatTime(nextStartAt),
    bound,
  }
}
