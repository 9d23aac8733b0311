import { Cron } from 'croner'
import type { Calendar, CronRange, CronTimes } from './core/calendar.ts'
import type { Fault } from './core/errors.ts'

/**
 * The calendar of croner, with the time zones of the runtime. Where clocks change:
 *
 * * A pattern whose hour is fixed (`30 2 * * *`, `0 2,14 * * *`, `0,30 1-3 * * *`) means the time of day: it fires once when the hour comes
 *   twice, the first time; and what lies in the hour that is left out fires once, right after it.
 * * A pattern whose hour is `*` or has a step means an interval (`0 * * * *`): it fires in both hours, and there is none to fire in where
 *   one is left out.
 * * A fixed hour with `*` or a step in its minutes (`*\/15 2 * * *`) fires once where the hour comes twice, which croner alone would not do,
 *   and not at all where it is left out.
 */
export const calendar: Calendar = { read, localTime }

function read(cron: string, timezone: string): CronTimes | Fault {
  const zoneFault = faultOfZone(timezone)
  if (zoneFault !== null) return zoneFault
  try {
    return timesOf(cron, timezone)
  } catch (error) {
    return { pointer: '/cron', detail: `expected a cron pattern, like "0 3 * * *"; ${reasonOf(error)}` }
  }
}

function timesOf(pattern: string, timezone: string): CronTimes {
  // Croner takes these for a date, which comes once.
  if (pattern.includes(':')) throw new Error('":" stands in none')
  if (!hasRightParts(pattern)) throw new Error('it has 5 parts, or 6 with seconds first')
  const cron = parse(pattern, timezone)
  const isRepeated = hasFixedHour(pattern) ? (at: number) => isSecondPass(at, timezone) : () => false
  const times = {
    next: (after: number): number | null => stepUntil(after, (from) => first(cron.nextRun(new Date(from))), isRepeated),
    previous: (before: number): number | null =>
      stepUntil(before, (from) => first(cron.previousRuns(1, new Date(from))[0]), isRepeated),
  }
  return { next: times.next, newest: (range) => newest(times.previous, range) }
}

/** Said here: croner speaks of seven, which are not taken. Words like `@daily` are one part. */
const hasRightParts = (pattern: string): boolean =>
  pattern.startsWith('@') || [5, 6].includes(pattern.trim().split(/\s+/).length)

const first = (date: Date | null | undefined): number | null => date?.getTime() ?? null

function stepUntil(from: number, step: (from: number) => number | null, isPassedOver: (at: number) => boolean) {
  let at = step(from)
  while (at !== null && isPassedOver(at)) at = step(at)
  return at
}

function newest(previous: (before: number) => number | null, { after, until, limit }: CronRange): number[] {
  const found: number[] = []
  let at = previous(until + 1)
  while (at !== null && at > after && found.length < limit) {
    found.push(at)
    at = previous(at)
  }
  return found.reverse()
}

/** One that is parsed takes 80 KB, and to parse it 35 µs: a few are kept, for those that are asked again and again. */
const KEPT_PATTERNS = 32
const parsed = new Map<string, Cron>()

function parse(pattern: string, timezone: string): Cron {
  const key = `${timezone}\n${pattern}`
  const cron =
    parsed.get(key) ?? new Cron(pattern, { timezone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard', paused: true })
  parsed.delete(key)
  parsed.set(key, cron)
  for (const [oldest] of parsed) {
    if (parsed.size <= KEPT_PATTERNS) break
    parsed.delete(oldest)
  }
  return cron
}

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/^Cron\w*: /, '').slice(0, 200)

function hasFixedHour(pattern: string): boolean {
  const fields = pattern.trim().split(/\s+/)
  const hour = fields.at(fields.length === 6 ? 2 : 1) ?? '*'
  return fields.length > 1 && !/[*?/]/.test(hour)
}

function faultOfZone(timezone: string): Fault | null {
  try {
    formatOf(timezone)
    return null
  } catch {
    return { pointer: '/timezone', detail: `"${timezone}" is no time zone known here, like "UTC" or "Europe/Berlin"` }
  }
}

function localTime(at: number, timezone: string): string {
  const offset = offsetAt(at, timezone)
  const local = new Date(at + offset).toISOString().slice(0, -1)
  const minutes = Math.round(Math.abs(offset) / MINUTE_MS)
  const clock = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':')
  return `${local}${offset < 0 ? '-' : '+'}${clock}`
}

const MINUTE_MS = 60_000
/** No zone was ever set back by more at once, apart from those that changed the day. */
const LONGEST_REPEAT_MS = 3 * 3_600_000

/** Whether the clocks of the zone show this time for the second time: they were set back since it was there first. */
function isSecondPass(at: number, timezone: string): boolean {
  const now = offsetAt(at, timezone)
  const before = offsetAt(at - LONGEST_REPEAT_MS, timezone)
  return before > now && offsetAt(at - (before - now), timezone) === before
}

/** What the zone's clocks are ahead of UTC, in ms. */
function offsetAt(at: number, timezone: string): number {
  const part = new Map(
    formatOf(timezone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const [year = 0, month = 1, day = 1] = [part.get('year'), part.get('month'), part.get('day')]
  const shown = Date.UTC(year, month - 1, day, part.get('hour'), part.get('minute'), part.get('second'))
  return shown - Math.floor(at / 1000) * 1000
}

/** There are some 600 zones, each with a few KB; letter case and offsets make more names than zones. */
const KEPT_FORMATS = 1000
const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone)
  if (known) return known
  const numeric = 'numeric'
  const fields = {
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  } as const
  const format = new Intl.DateTimeFormat('en-US', { ...fields, timeZone: timezone, hourCycle: 'h23' })
  if (formats.size >= KEPT_FORMATS) formats.clear()
  formats.set(timezone, format)
  return format
}
