import type { Allowance } from './fixed-window.ts'
import { WINDOW_MS } from './fixed-window.ts'
import type { StormKey } from './storm-plan.ts'

/** The headers by which an answer tells what is left. */
export function limitHeaders(key: StormKey, { remaining, resetMs }: Allowance): Readonly<Record<string, string>> {
  switch (key.headers) {
    case 'standard':
      // The standard knows whole seconds only; in windows of one second that says little more than that the limit is near.
      return {
        'ratelimit-policy': `"storm";q=${key.quotaPerSecond};w=${WINDOW_MS / 1000}`,
        ratelimit: `"storm";r=${remaining};t=${Math.ceil(resetMs / 1000)}`,
      }
    case 'common':
      return {
        'x-ratelimit-limit': String(key.quotaPerSecond),
        'x-ratelimit-remaining': String(remaining),
        'x-ratelimit-reset': `${resetMs}ms`,
      }
    case 'none':
      return {}
  }
}
