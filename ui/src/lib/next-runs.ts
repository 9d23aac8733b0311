/** A run that comes, as people of its time zone would say it. */
export interface NextRun {
  readonly at: string
  /** `Mon 2026-11-23 03:00 +01:00`. */
  readonly text: string
  /** What is unusual about it: the clocks change before it. */
  readonly note: string | null
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** From `2026-11-23T03:00:00.000+01:00`, the local times that the server lists. */
export function nextRuns(times: readonly { readonly at: string; readonly local: string }[]): NextRun[] {
  const hasSeconds = times.some(({ local }) => !local.startsWith(':00', SECONDS_AT))
  return times.map(({ at, local }, i) => {
    const before = times[i - 1]
    return { at, text: localText(local, hasSeconds), note: before ? noteOf(before.local, local) : null }
  })
}

/** Where in `2026-11-23T03:00:00.000+01:00` they begin. */
const SECONDS_AT = 16

function localText(local: string, hasSeconds: boolean): string {
  const [date = '', time = ''] = local.split('T')
  const weekday = WEEKDAYS[new Date(`${date}T00:00:00Z`).getUTCDay()]
  return `${weekday} ${date} ${time.slice(0, hasSeconds ? 8 : 5)} ${offsetOf(local)}`
}

const offsetOf = (local: string): string => /[+-]\d\d:\d\d$/.exec(local)?.[0] ?? ''

function noteOf(before: string, local: string): string | null {
  const change = minutesOf(offsetOf(local)) - minutesOf(offsetOf(before))
  if (change === 0) return null
  return `clocks go ${change > 0 ? 'forward' : 'back'} before it`
}

function minutesOf(offset: string): number {
  const [hours = 0, minutes = 0] = offset.slice(1).split(':').map(Number)
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
