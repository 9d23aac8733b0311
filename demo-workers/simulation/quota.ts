import { RecentMap } from './recent-map.ts'

/** Calls allowed per key in each window. The window opens with its first call, as many real providers count. */
export interface Quota {
  take(key: string): QuotaAnswer
}

export type QuotaAnswer =
  | { readonly isGranted: true }
  | { readonly isGranted: false; readonly retryAfterSeconds: number }

/** More accounts than any demo uses; the oldest are forgotten. */
const MAX_KEYS = 1000

/** A quota of `limit` calls per key in `windowMs`. A refused call is not counted. */
export function createQuota(options: {
  readonly limit: number
  readonly windowMs: number
  readonly now: () => number
}): Quota {
  const windows = new RecentMap<{ readonly endsAt: number; readonly used: number }>(MAX_KEYS)
  return {
    take(key) {
      const now = options.now()
      const known = windows.get(key)
      const window = known && known.endsAt > now ? known : { endsAt: now + options.windowMs, used: 0 }
      if (window.used >= options.limit) {
        // Rounded up: Retry-After has whole seconds, and one that is too short would only be refused again.
        return { isGranted: false, retryAfterSeconds: Math.max(1, Math.ceil((window.endsAt - now) / 1000)) }
      }
      windows.set(key, { ...window, used: window.used + 1 })
      return { isGranted: true }
    },
  }
}
