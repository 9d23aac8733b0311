/**
 * Times on the wire (WIRE section 1) are RFC 3339; inside they are epoch milliseconds, and 0 is "unset". So the first
 * millisecond of 1970 cannot be told from no time at all, which no task needs.
 */
export const UNSET = 0

/** How an unset time is written: the zero time of crew-go's clients. */
export const UNSET_TIME = '0001-01-01T00:00:00Z'

const UNSET_MS = Date.parse(UNSET_TIME)
/** RFC 3339 writes the year with four digits, so these are the first and last instants it can say in UTC. */
const FIRST_MS = Date.parse('0000-01-01T00:00:00.000Z')
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z')
/** The end of what has none, like a hold until somebody resumes: the last time that can be written, 253402300799999. */
export const FOREVER = LAST_MS
const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/**
 * Reads a time: epoch milliseconds, `UNSET` for `""`, null and the year-1 zero, or null when it is not RFC 3339.
 *
 * Any offset is taken, seconds are required, and a fraction may have any number of digits, of which milliseconds are
 * kept (cut, not rounded). Days and hours that do not exist are refused. A leap second (`:60`) is taken only where UTC
 * can have one, at the end of a month, and is read as `:59.999`: epoch time has no number for it, and `:00` would
 * belong to the next day. `undefined` is not a time: whether a field may be absent is for its schema to say.
 */
export function parseTime(value: unknown): number | null {
  if (value === null || value === '') return UNSET
  if (typeof value !== 'string') return null
  const match = RFC_3339.exec(value)
  if (match === null) return null
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour, offsetMinute] = match
  const dayMs = startOfDay(Number(year), Number(month), Number(day))
  const clockMs = timeOfDay(Number(hour), Number(minute), Number(second))
  const offsetMs = sign === undefined ? 0 : timeOfDay(Number(offsetHour), Number(offsetMinute), 0)
  if (dayMs === null || clockMs === null || offsetMs === null) return null
  const ms = dayMs + clockMs + (sign === '-' ? offsetMs : -offsetMs)
  if (Number(second) === LEAP_SECOND) return leapSecond(ms)
  return inRange(ms + Number(fraction.slice(0, 3).padEnd(3, '0')))
}

/**
 * Writes a time as RFC 3339 in UTC with milliseconds; `UNSET` as the year-1 zero. What lies beyond the years 0 to 9999,
 * which RFC 3339 cannot write, becomes the nearest time that it can.
 */
export function formatTime(ms: number): string {
  if (ms === UNSET) return UNSET_TIME
  return new Date(Math.min(Math.max(ms, FIRST_MS), LAST_MS)).toISOString()
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const CLOCK = '(\\d\\d):(\\d\\d):(\\d\\d)'
/** `Sun, 06 Nov 1994 08:49:37 GMT`, and RFC 850's `Sunday, 06-Nov-94 08:49:37 GMT`. */
const DAY_FIRST = new RegExp(`^[a-z]{3,9}, (\\d\\d)[ -]([a-z]{3})[ -](\\d\\d|\\d{4}) ${CLOCK} (?:GMT|UTC)$`, 'i')
/** asctime: `Sun Nov  6 08:49:37 1994`. */
const MONTH_FIRST = new RegExp(`^[a-z]{3} ([a-z]{3}) ([ \\d]\\d) ${CLOCK} (\\d{4})$`, 'i')

/**
 * Reads an HTTP-date (RFC 9110 section 5.6.7) in any of its three forms: epoch milliseconds, or null. `now` settles the
 * century of a two-digit year: more than 50 years ahead means the past one. The weekday is not checked, as servers get
 * it wrong and it adds nothing.
 */
export function parseHttpDate(text: string, now: number): number | null {
  const dayFirst = DAY_FIRST.exec(text)
  if (dayFirst !== null) {
    const [, day, month, year = '', hour, minute, second] = dayFirst
    const fullYear = year.length === 2 ? nearYear(Number(year), now) : Number(year)
    return httpDate([fullYear, month, day], [hour, minute, second])
  }
  const monthFirst = MONTH_FIRST.exec(text)
  if (monthFirst === null) return null
  const [, month, day, hour, minute, second, year] = monthFirst
  return httpDate([Number(year), month, day], [hour, minute, second])
}

type Texts = readonly (string | undefined)[]

function httpDate([year, month, day]: readonly [number, ...Texts], [hour, minute, second]: Texts): number | null {
  const dayMs = startOfDay(year, MONTHS.indexOf(String(month).toLowerCase()) + 1, Number(day))
  const clockMs = timeOfDay(Number(hour), Number(minute), Number(second))
  if (dayMs === null || clockMs === null) return null
  return Number(second) === LEAP_SECOND ? leapSecond(dayMs + clockMs) : dayMs + clockMs
}

function nearYear(twoDigits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + twoDigits
  if (year > thisYear + 50) return year - 100
  return year + 100 <= thisYear + 50 ? year + 100 : year
}

const LEAP_SECOND = 60

/** Midnight UTC of a day, or null when the calendar has no such day. */
function startOfDay(year: number, month: number, day: number): number | null {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return exists ? date.getTime() : null
}

function timeOfDay(hour: number, minute: number, second: number): number | null {
  if (hour > 23 || minute > 59 || second > LEAP_SECOND) return null
  return hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS
}

/** `ms` counts the leap second as the first second of the next day. */
function leapSecond(ms: number): number | null {
  const endsMonth = ms % DAY_MS === 0 && new Date(ms).getUTCDate() === 1
  return endsMonth ? inRange(ms - 1) : null
}

function inRange(ms: number): number | null {
  if (ms === UNSET_MS) return UNSET
  return ms >= FIRST_MS && ms <= LAST_MS ? ms : null
}
