import type { System } from '../api/operations.ts'
import { countOf, formatBytes } from './format.ts'

/** Beyond this nobody plans. */
const FAR_DAYS = 3650

/** When the storage is full, at the rate of the last days. */
export function forecastWords({
  bytesPerDay,
  daysUntilFull,
}: Pick<System['storage'], 'bytesPerDay' | 'daysUntilFull'>): string {
  if (bytesPerDay === null) return 'not known yet: it takes an hour of watching'
  if (bytesPerDay <= 0) return 'does not grow at the present rate'
  const growth = `grows by ${formatBytes(bytesPerDay)} a day`
  if (daysUntilFull === null) return growth
  if (daysUntilFull > FAR_DAYS) return `${growth}; full in more than ten years`
  if (daysUntilFull < 1) return `${growth}; full in less than a day at the present rate`
  return `${growth}; full in about ${countOf(Math.round(daysUntilFull), 'day')} at the present rate`
}

/** What goes by itself. */
export function retentionWords({ finishedGroupDays, failedGroupDays, aboveBytes }: System['retention']): string {
  const byAge =
    finishedGroupDays === null || failedGroupDays === null
      ? ''
      : `groups that succeeded are deleted after ${countOf(finishedGroupDays, 'day')}, with failures after ${countOf(failedGroupDays, 'day')}`
  const bySize = aboveBytes === null ? '' : `above ${formatBytes(aboveBytes)} the oldest that have ended`
  return [byAge, bySize].filter(Boolean).join('; ') || 'nothing is deleted by itself'
}
