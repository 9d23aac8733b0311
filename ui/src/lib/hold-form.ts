import type { HoldBody } from '../api/traffic.ts'

/** How long one may hold; `until` asks for a time, `ever` is until somebody resumes. */
export const HOLD_CHOICES = [
  ['60', '1 minute'],
  ['300', '5 minutes'],
  ['3600', '1 hour'],
  ['until', 'until a time'],
  ['ever', 'until somebody resumes it'],
] as const

export type HoldChoice = (typeof HOLD_CHOICES)[number][0]

/** What the form of a hold says. Its time has no zone of its own: it is in UTC or in that of the browser. */
export function holdIn(form: FormData, isUtc: boolean): HoldBody {
  const reason = String(form.get('reason') ?? '').trim()
  return { ...lengthIn(form, isUtc), ...(reason !== '' && { reason }) }
}

function lengthIn(form: FormData, isUtc: boolean): HoldBody {
  const choice = String(form.get('length'))
  if (choice === 'ever') return {}
  if (choice !== 'until') return { seconds: Number(choice) }
  const until = new Date(`${form.get('until')}${isUtc ? 'Z' : ''}`)
  // What is no time is refused by the server, which says what it expects.
  return { until: Number.isNaN(until.getTime()) ? String(form.get('until')) : until.toISOString() }
}

const MINUTE_MS = 60_000

/** A time as a field for date and time takes it, to the minute. */
export function fieldTime(at: number, isUtc: boolean): string {
  const offsetMs = isUtc ? 0 : new Date(at).getTimezoneOffset() * MINUTE_MS
  return new Date(at - offsetMs).toISOString().slice(0, 16)
}
