/** A cron pattern in words, or null where words would say less than the pattern does. */
export function cronWords(cron: string): string | null {
  const pattern = ALIASES[cron.trim().toLowerCase()] ?? cron
  const fields = pattern.trim().toLowerCase().split(/\s+/)
  const [second, minute, hour, day, month, weekday] = fields.length === 5 ? ['0', ...fields] : fields
  if (!second || !minute || !hour || !day || !month || !weekday || fields.length > 6) return null
  const time = timeWords(second, minute, hour)
  const days = dayWords(day, month, weekday)
  if (time === null || days === null) return null
  if (days === '') return time.isOften ? time.text : `every day ${time.text}`
  return time.isOften ? `${time.text}, ${days}` : `${days} ${time.text}`
}

const ALIASES: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
}

/** `isOften`: it says how often by itself, without `every day` before it. */
interface TimeWords {
  readonly text: string
  readonly isOften: boolean
}

const often = (text: string): TimeWords => ({ text, isOften: true })

function timeWords(second: string, minute: string, hour: string): TimeWords | null {
  if (second !== '0') return minute === '*' && hour === '*' ? everySeconds(second) : null
  if (minute === '*' || minute.startsWith('*/')) return everyMinutes(minute, hour)
  const minutes = listOf(minute, 0, 59)
  return minutes && atMinutes(minutes, hour)
}

function everySeconds(second: string): TimeWords | null {
  const step = second === '*' ? 1 : stepOf(second, 60)
  return step === null ? null : often(every(step, 'second'))
}

function everyMinutes(minute: string, hour: string): TimeWords | null {
  const step = minute === '*' ? 1 : stepOf(minute, 60)
  if (step === null) return null
  if (hour === '*') return often(every(step, 'minute'))
  const [from, to] = rangeOf(hour, 0, 23) ?? []
  if (from === undefined || to === undefined) return null
  return often(`${every(step, 'minute')} from ${clock(from, 0)} to ${clock(to, 60 - step)}`)
}

/** More times of a day than these are read more easily as a pattern. */
const MAX_TIMES = 4

function atMinutes(minutes: readonly number[], hour: string): TimeWords | null {
  const [only] = minutes
  const past = minutes.length === 1 && only === 0 ? '' : ` at ${join(minutes.map((each) => `:${two(each)}`))}`
  if (minutes.length > MAX_TIMES || only === undefined) return null
  if (hour === '*') return often(`every hour${past}`)
  if (hour.startsWith('*/')) {
    const step = stepOf(hour, 24)
    return step === null ? null : often(`${every(step, 'hour')}${past}`)
  }
  const range = hour.includes('-') ? rangeOf(hour, 0, 23) : null
  if (range) return often(`every hour${past} from ${clock(range[0], only)} to ${clock(range[1], minutes.at(-1) ?? 0)}`)
  const hours = listOf(hour, 0, 23)
  const times = hours?.flatMap((each) => minutes.map((one) => clock(each, one))) ?? []
  return times.length === 0 || times.length > MAX_TIMES ? null : { text: `at ${join(times)}`, isOften: false }
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ')
const WEEKDAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')

/** Empty is every day. A pattern with both a day of the month and one of the week means either, which words hide. */
function dayWords(day: string, month: string, weekday: string): string | null {
  const isAnyDay = day === '*' || day === '?'
  const isAnyWeekday = weekday === '*' || weekday === '?'
  if (!isAnyDay && !isAnyWeekday) return null
  const months = month === '*' ? [] : namesOf(month, MONTHS, 1)
  if (months === null) return null
  const inMonths = months.length === 0 ? '' : `in ${join(months)}`
  if (!isAnyWeekday) return words(weekdayWords(weekday), inMonths)
  return isAnyDay ? inMonths : words(monthDayWords(day), inMonths || 'of each month')
}

function weekdayWords(weekday: string): string | null {
  const [from, to] = weekday.split('-').map((one) => namesOf(one, WEEKDAYS, 0)?.[0])
  if (weekday.includes('-') && !weekday.includes(',')) return from && to ? `${from} to ${to}` : null
  const names = namesOf(weekday, WEEKDAYS, 0)
  return names && `on ${join(names)}`
}

function monthDayWords(day: string): string | null {
  if (day === 'l') return 'on the last day'
  const days = listOf(day, 1, 31)
  return days && `on the ${join(days.map(ordinal))}`
}

const words = (first: string | null, rest: string): string | null => first && `${first} ${rest}`.trim()

function ordinal(day: number): string {
  const isTeen = day >= 11 && day <= 13
  return `${day}${isTeen ? 'th' : (['th', 'st', 'nd', 'rd'][day % 10] ?? 'th')}`
}

/** `1,7` or `jan,jul` as names; `first` is the number of the first of them. A week may also end with Sunday as 7. */
function namesOf(field: string, names: readonly string[], first: number): string[] | null {
  const found = field.split(',').map((one) => {
    const at = /^\d+$/.test(one)
      ? Number(one) - first
      : names.findIndex((name) => name.slice(0, 3).toLowerCase() === one)
    return names[first === 0 && at === 7 ? 0 : at]
  })
  return found.every((name) => name !== undefined) ? (found as string[]) : null
}

function listOf(field: string, min: number, max: number): number[] | null {
  if (!/^\d+(,\d+)*$/.test(field)) return null
  const numbers = [...new Set(field.split(',').map(Number))].sort((a, b) => a - b)
  return numbers.every((each) => each >= min && each <= max) ? numbers : null
}

function rangeOf(field: string, min: number, max: number): readonly [number, number] | null {
  const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(field) ?? []
  if (from === undefined || to === undefined) return null
  const range = [Number(from), Number(to)] as const
  return range[0] >= min && range[1] <= max && range[0] <= range[1] ? range : null
}

/** A step that does not divide the whole begins anew at its end, which `every 7 minutes` would not say. */
function stepOf(field: string, whole: number): number | null {
  const step = Number(/^\*\/(\d+)$/.exec(field)?.[1] ?? 0)
  return step > 0 && step < whole && whole % step === 0 ? step : null
}

const every = (step: number, unit: string): string => (step === 1 ? `every ${unit}` : `every ${step} ${unit}s`)
const two = (value: number): string => String(value).padStart(2, '0')
const clock = (hour: number, minute: number): string => `${two(hour)}:${two(minute)}`

function join(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}
