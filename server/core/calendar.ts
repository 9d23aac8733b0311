import type { Fault } from './errors.ts'

/** The times that a cron pattern names in a time zone: epoch ms, on whole seconds. */
export interface CronTimes {
  /** The first one after `after`; null when there never is one. */
  next(after: number): number | null
  /** The newest ones after `after`, none beyond `until`, oldest first. */
  newest(range: CronRange): number[]
}

export interface CronRange {
  readonly after: number
  readonly until: number
  readonly limit: number
}

/** Knows cron patterns and time zones. Passed in like the clock: both take tables that the core does not have. */
export interface Calendar {
  /** Or what is wrong, pointing to `/cron` or `/timezone`. */
  read(cron: string, timezone: string): CronTimes | Fault
  /** RFC 3339 with the offset that the zone has at that moment. */
  localTime(at: number, timezone: string): string
}
