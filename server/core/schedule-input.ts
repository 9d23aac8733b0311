import type { Calendar } from './calendar.ts'
import type { Fault } from './errors.ts'
import { unknownFields } from './gate-limits.ts'
import {
  catchUpPolicies,
  MAX_CRON_LENGTH,
  MAX_JITTER_SECONDS,
  MAX_TIMEZONE_LENGTH,
  overlapPolicies,
  type ScheduleSettings,
} from './schedule.ts'
import { isObject, isWellFormed, MAX_NAME_LENGTH } from './task-input.ts'

/** A change of a schedule, apart from its template: what is absent stays, or gets its default. */
export type ScheduleEdit = Partial<ScheduleSettings>

/** What a pattern is checked with: one that will never fire again is a mistake. */
export interface ScheduleInputContext {
  readonly calendar: Calendar
  readonly now: number
}

/** Answers the value, or a sentence about what is wrong with it. */
type Check<Value> = (value: unknown, context: ScheduleInputContext) => { value: Value } | { fault: string }

const checks: { readonly [Name in keyof ScheduleSettings]: Check<ScheduleSettings[Name]> } = {
  name: (value) => {
    if (typeof value !== 'string') return { fault: 'expected a string' }
    if (!isWellFormed(value)) return { fault: 'expected text without lone surrogates or NUL' }
    return value.length <= MAX_NAME_LENGTH ? { value } : { fault: `expected at most ${MAX_NAME_LENGTH} characters` }
  },
  cron: checkCron,
  timezone: checkTimezone,
  overlap: oneOf(overlapPolicies),
  catchUp: oneOf(catchUpPolicies),
  jitterSeconds: (value) =>
    typeof value === 'number' && value >= 0 && value <= MAX_JITTER_SECONDS
      ? { value }
      : { fault: `expected a number of seconds from 0 to ${MAX_JITTER_SECONDS}` },
  isPaused: (value) => (typeof value === 'boolean' ? { value } : { fault: 'expected true or false' }),
}

/** What answers tell besides; a schedule may be sent back as it came. */
const toldFields = 'id createdAt updatedAt nextAt lastFiredAt lastGroupId lastSkippedAt lastSkipReason queued'.split(
  ' ',
)

/** Strict about all others: a `timeZone` that is ignored would fire at the wrong hours, and nobody would notice. */
const settableFields = [...Object.keys(checks), 'template']

/** Reads what people may set out of a parsed JSON object. */
export function parseScheduleEdit(
  body: unknown,
  context: ScheduleInputContext,
): { input: ScheduleEdit; faults: Fault[] } {
  if (!isObject(body)) return { input: {}, faults: [{ pointer: '', detail: 'expected a JSON object' }] }
  const input: Record<string, unknown> = {}
  const settings = Object.fromEntries(Object.entries(body).filter(([name]) => !toldFields.includes(name)))
  const faults: Fault[] = unknownFields(settings, settableFields)
  for (const [name, check] of Object.entries(checks)) {
    if (!Object.hasOwn(body, name) || body[name] === undefined) continue
    const checked = check(body[name], context)
    if ('fault' in checked) faults.push({ pointer: `/${name}`, detail: checked.fault })
    else input[name] = checked.value
  }
  return { input, faults }
}

/** The zone makes no difference to whether a pattern is one, so each is checked by itself. */
function checkCron(value: unknown, { calendar, now }: ScheduleInputContext): { value: string } | { fault: string } {
  if (typeof value !== 'string') return { fault: 'expected a cron pattern, like "0 3 * * *"' }
  if (value.length > MAX_CRON_LENGTH) return { fault: `expected at most ${MAX_CRON_LENGTH} characters` }
  const times = calendar.read(value, 'UTC')
  if ('detail' in times) return { fault: times.detail }
  return times.next(now) === null ? { fault: 'expected a pattern that fires: no day is like that' } : { value }
}

function checkTimezone(value: unknown, { calendar }: ScheduleInputContext): { value: string } | { fault: string } {
  if (typeof value !== 'string' || value.length > MAX_TIMEZONE_LENGTH) {
    return { fault: 'expected the name of a time zone, like "Europe/Berlin"' }
  }
  const times = calendar.read('@daily', value)
  return 'detail' in times ? { fault: times.detail } : { value }
}

function oneOf<Word extends string>(words: readonly Word[]): Check<Word> {
  return (value) => {
    const word = words.find((one) => one === value)
    return word === undefined ? { fault: `expected one of ${words.join(', ')}` } : { value: word }
  }
}
