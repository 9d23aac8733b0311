import type { RetentionFacts } from './api/api-deps.ts'
import type { Retention } from './core/retention.ts'
import type { Settings } from './settings/settings-table.ts'

type RetentionSettings = Pick<
  Settings,
  'cleanExpiredGroups' | 'expiredGroupIntervalInDays' | 'expiredFailedGroupIntervalInDays' | 'cleanAboveBytes'
>

const DAY_MS = 86_400_000
/** Longer than there has been time. */
const FOR_EVER_MS = Number.MAX_SAFE_INTEGER

/** What goes when somebody cleans by hand. */
export const retentionOf = (settings: RetentionSettings): Retention => ({
  keepMs: settings.expiredGroupIntervalInDays * DAY_MS,
  keepFailedMs: settings.expiredFailedGroupIntervalInDays * DAY_MS,
  maxBytes: settings.cleanAboveBytes,
})

/** What goes by itself; null: nothing. A size alone is enough to be asked for. */
export function automaticRetention(settings: RetentionSettings): Retention | null {
  if (settings.cleanExpiredGroups) return retentionOf(settings)
  if (settings.cleanAboveBytes === null) return null
  return { keepMs: FOR_EVER_MS, keepFailedMs: FOR_EVER_MS, maxBytes: settings.cleanAboveBytes }
}

/** The same for people. */
export const retentionFacts = (settings: RetentionSettings): RetentionFacts => ({
  finishedGroupDays: settings.cleanExpiredGroups ? settings.expiredGroupIntervalInDays : null,
  failedGroupDays: settings.cleanExpiredGroups ? settings.expiredFailedGroupIntervalInDays : null,
  aboveBytes: settings.cleanAboveBytes,
})
