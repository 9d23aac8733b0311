/** An unset time, as the API writes it. */
const UNSET = '0001-01-01T00:00:00Z'

export const isSet = (time: string): boolean => time !== UNSET && time !== ''

export const formatNumber = (value: number): string => value.toLocaleString('en')

/** `1 task`, `2 tasks`. */
export const countOf = (count: number, noun: string): string =>
  `${formatNumber(count)} ${noun}${count === 1 ? '' : 's'}`

export const childrenOf = (count: number): string => (count === 1 ? '1 child' : `${formatNumber(count)} children`)

/** 12.3 %; 100 % is only what is complete, 0 % only what has not begun. */
export function formatShare(share: number): string {
  const percent = share * 100
  if (percent === 0 || percent === 100) return `${percent} %`
  return `${Math.min(99.9, Math.max(0.1, percent)).toFixed(1)} %`
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const

/** `1 h 12 m`, `41 s`, `350 ms`: two units at most. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`
  let left = Math.round(ms / 1000)
  const first = UNITS.findIndex(([, size]) => left >= size)
  const parts = UNITS.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(left / size)
    left -= count * size
    return count > 0 ? `${count} ${unit}` : ''
  })
  return parts.filter(Boolean).join(' ')
}

/** `3 m ago`, and what is ahead to the second: `in 3 m 17 s`. */
export function formatRelative(time: string, now: number): string {
  const ms = new Date(time).getTime() - now
  if (Math.abs(ms) < 1000) return 'now'
  const text = formatDuration(Math.floor(Math.abs(ms) / 1000) * 1000).replace('.0 s', ' s')
  return ms < 0 ? `${text.split(' ').slice(0, 2).join(' ')} ago` : `in ${text}`
}

/** `2026-11-22 02:00:04 UTC`. */
export function formatTime(time: string, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  }).format(new Date(time))
  return `${parts} ${zoneName(timeZone)}`
}

/** `02:00:04 UTC` of what was lately, else with its date. */
export function formatRecent(time: string, now: number, timeZone: string): string {
  const text = formatTime(time, timeZone)
  return now - new Date(time).getTime() < HALF_DAY_MS ? text.slice(text.indexOf(' ') + 1) : text
}

const HALF_DAY_MS = 12 * 3600 * 1000

export const zoneName = (timeZone: string): string =>
  timeZone === 'UTC' ? 'UTC' : (timeZone.split('/').at(-1) ?? timeZone).replaceAll('_', ' ')

/** As a person says it. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MiB`
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`
}
