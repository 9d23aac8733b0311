import type { Worker } from '../api/operations.ts'
import type { Bound, Gate, HoldKind } from '../api/traffic.ts'
import { formatDuration, formatNumber } from './format.ts'
import type { TaskState } from './states.ts'

/** A hold without an end of its own, as the API writes it. */
const FOREVER = '9999-12-31T23:59:59.999Z'

export const isForever = (time: string): boolean => time === FOREVER

/** Whether a hold is in force at that moment (epoch ms). */
export const isHeldAt = (heldUntil: string, now: number): boolean => new Date(heldUntil).getTime() > now

/** Sign, colour and word of a worker's breaker. The colours are those of task states that feel alike. */
export const BREAKERS: Readonly<
  Record<Worker['breakerState'], { readonly look: TaskState; readonly text: string; readonly about: string }>
> = {
  closed: { look: 'succeeded', text: '● closed', about: 'all is well' },
  open: { look: 'failed', text: '✕ open', about: 'it fails in a row, so nothing starts' },
  halfOpen: { look: 'retrying', text: '◐ half open', about: 'one attempt at a time finds out whether it is back' },
}

export const HOLD_KINDS: Readonly<Record<HoldKind, string>> = {
  manual: 'by hand',
  rateLimit: 'a rate limit',
  delay: 'an answer asked for a delay',
  breaker: 'the breaker opened',
}

const BOUND_LOOKS: Readonly<Record<Bound, TaskState>> = {
  hold: 'throttled',
  breaker: 'failed',
  concurrency: 'running',
  rate: 'throttled',
  pace: 'throttled',
  ramp: 'retrying',
}

export const lookOfBound = (bound: Bound): TaskState => BOUND_LOOKS[bound]

/** Why nothing may start now, in words; null: something may. */
export function boundText({ bound, maxConcurrent, rateLimit, pace, window }: Gate): string | null {
  switch (bound) {
    case null:
      return null
    case 'hold':
      return '❄ held'
    case 'breaker':
      return '✕ breaker open'
    case 'concurrency':
      return `▶ full: all ${formatNumber(maxConcurrent ?? 0)} under way`
    case 'rate':
      return `❄ rate limit${rateLimit ? ` of ${rateText(rateLimit)}` : ''}`
    case 'pace':
      return `❄ paced${pace ? ` at ${perTime(pace.perSecond)}` : ''}`
    case 'ramp':
      return `↻ opens step by step${window === null ? '' : `, ${formatNumber(window)} at once`}`
  }
}

/** `60 per 1 m`, `60 per 1 m, 5 at once`; a burst of one needs no word. */
export function rateText({ count, perSeconds, burst }: NonNullable<Gate['rateLimit']>): string {
  const rate = `${formatNumber(count)} per ${secondsText(perSeconds)}`
  return burst > 1 ? `${rate}, ${formatNumber(burst)} at once` : rate
}

const secondsText = (seconds: number): string =>
  seconds === 1 ? 'second' : seconds === 60 ? 'minute' : seconds === 3600 ? 'hour' : formatDuration(seconds * 1000)

/** `2.5/s`, `12/min`: whichever is the smaller number above one. */
export function perTime(perSecond: number): string {
  if (perSecond >= 1) return `${rounded(perSecond)}/s`
  if (perSecond * 60 >= 1) return `${rounded(perSecond * 60)}/min`
  return `${rounded(perSecond * 3600)}/h`
}

const rounded = (value: number): string => formatNumber(Number(value.toPrecision(value < 10 ? 2 : 3)))

/** `12/min` from attempts a minute; one that is rare keeps a digit. */
export const formatPerMinute = (perMinute: number): string =>
  perMinute === 0 ? '0' : perMinute < 10 ? perMinute.toFixed(1) : formatNumber(Math.round(perMinute))

export const formatMs = (ms: number | null): string => (ms === null ? '—' : formatDuration(ms))

/** Crew would have to call it, and cannot: its tasks wait until it has an address. */
export const isLost = ({ address, mode, isRule }: Pick<Worker, 'address' | 'mode' | 'isRule'>): boolean =>
  address === null && mode !== 'pull' && !isRule

/** What a rule is for, in words. */
export const ruleText = (name: string): string =>
  name === '*'
    ? 'rule for every worker without settings of its own'
    : `rule for all workers below ${name.slice(0, -1)} without settings of their own`

/** The name that a refusal proposes: `… (did you mean send-mail?).` */
export const meantBy = (message: string): string | null => /\(did you mean (\S+)\?\)/.exec(message)?.[1] ?? null

interface Stretch {
  readonly since: string
  readonly until: string
  readonly endedAt: string | null
}

const HOUR_MS = 3_600_000

/** When a hold ended or will end, epoch ms. */
export const endOf = ({ until, endedAt }: Stretch): number => new Date(endedAt ?? until).getTime()

/** How often and how long it was held in the last hour; of holds that still last, until now. */
export function lastHourOf(holds: readonly Stretch[], now: number): { count: number; averageMs: number } {
  const recent = holds.filter(({ since }) => new Date(since).getTime() > now - HOUR_MS)
  const lengths = recent.map((hold) => Math.max(0, Math.min(endOf(hold), now) - new Date(hold.since).getTime()))
  const sum = lengths.reduce((total, length) => total + length, 0)
  return { count: recent.length, averageMs: recent.length === 0 ? 0 : sum / recent.length }
}
