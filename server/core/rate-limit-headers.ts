import { parseHttpDate, parseTime, UNSET } from './time.ts'

/** The headers of an answer, names in lower case; a repeated header is a list. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>

/** How long to hold, and the header that said so. */
export type RateLimitDelay = { readonly delayMs: number; readonly source: string }

/** What is left of a limit: `remaining` requests until `resetMs` from now. */
export type RateLimitReading = {
  readonly remaining: number
  readonly resetMs: number
  /** Of how many; null when it was not said. */
  readonly limit: number | null
  /** In which time; null when it was not said. */
  readonly windowMs: number | null
  /** The reset was told in whole seconds, so it may be up to a second away from what was said. */
  readonly isWholeSeconds: boolean
}

/** WIRE section 3: no header holds longer than 24 h. */
export const MAX_DELAY_MS = 24 * 3600 * 1000

/** Longer values are malformed: real ones have under 200 characters, and reading is then bounded whatever is sent. */
const MAX_VALUE_LENGTH = 1024

/**
 * How long the headers of an answer hold its workgroup or worker (WIRE section 3): `Retry-After`, else `RateLimit` with
 * nothing remaining, else `X-RateLimit-Reset` unless something remains. Between 0 and 24 h; null when no header says.
 *
 * A date or an epoch in the past is 0: the wait is over. A malformed value, a negative number among them, is ignored
 * and the next header asked. Where several limits are used up the longest wait counts.
 */
export function rateLimitDelayMs(headers: AnswerHeaders, now: number): RateLimitDelay | null {
  return (
    retryAfter(headers, now) ??
    longest(standardWindows(headers, now).filter((window) => window.remaining === 0)) ??
    longest(commonWindows(headers, now).filter((window) => window.remaining === null || window.remaining === 0))
  )
}

/**
 * What the headers of any answer say is left, so that a worker can be slowed before it is refused. The standard header
 * comes before the `X-` ones, and of several limits the one with the least remaining counts, then the longest one.
 */
export function rateLimitReading(headers: AnswerHeaders, now: number): RateLimitReading | null {
  return tightest(standardWindows(headers, now)) ?? tightest(commonWindows(headers, now))
}

/** One limit as a header tells it; `remaining` is null when it was not said. */
type Window = Omit<RateLimitReading, 'remaining'> & { readonly source: string; readonly remaining: number | null }

function longest(windows: readonly Window[]): RateLimitDelay | null {
  const [first] = windows.toSorted((a, b) => b.resetMs - a.resetMs)
  return first === undefined ? null : { delayMs: first.resetMs, source: first.source }
}

function tightest(windows: readonly Window[]): RateLimitReading | null {
  const readings = windows.flatMap(({ source: _, remaining, ...rest }) =>
    remaining === null ? [] : [{ ...rest, remaining }],
  )
  const [first] = readings.toSorted((a, b) => a.remaining - b.remaining || b.resetMs - a.resetMs)
  return first ?? null
}

/** RFC 9110 section 10.2.3: seconds or an HTTP-date. Decimals and RFC 3339 are against it, but sent. */
function retryAfter(headers: AnswerHeaders, now: number): RateLimitDelay | null {
  const text = fieldOf(headers, 'retry-after')
  const seconds = decimal(text)
  const delayMs = seconds === null ? untilDate(text, now) : clampDelay(seconds * 1000)
  return delayMs === null ? null : { delayMs, source: 'Retry-After' }
}

function standardWindows(headers: AnswerHeaders, now: number): Window[] {
  return [...structuredWindows(headers, now), ...draftWindows(headers, now), ...familyWindows([STANDARD], headers, now)]
}

function commonWindows(headers: AnswerHeaders, now: number): Window[] {
  return familyWindows(COMMON, headers, now)
}

/** `RateLimit: "default";r=0;t=30`, with the quota in `RateLimit-Policy: "default";q=100;w=60` (IETF draft 08 and on). */
function structuredWindows(headers: AnswerHeaders, now: number): Window[] {
  const policies = policiesOf(headers)
  return members(listOf(headers, 'RateLimit')).flatMap(({ name, params }) => {
    const reset = untilReset(params.get('t'), now)
    if (reset === null) return []
    const policy = policies.get(name)
    const limit = count(policy?.get('q'))
    return [{ source: 'RateLimit', remaining: count(params.get('r')), limit, windowMs: windowOf(policy), ...reset }]
  })
}

/** `RateLimit: limit=100, remaining=0, reset=30`, with the window in `RateLimit-Policy: 100;w=60` (IETF drafts up to 07). */
function draftWindows(headers: AnswerHeaders, now: number): Window[] {
  const pairs = new Map(splitOutsideQuotes(listOf(headers, 'RateLimit'), ',;').map(pair))
  const reset = untilReset(pairs.get('reset'), now)
  if (reset === null) return []
  const limit = count(pairs.get('limit'))
  const windowMs = windowOf(policiesOf(headers).get(String(limit)))
  return [{ source: 'RateLimit', remaining: count(pairs.get('remaining')), limit, windowMs, ...reset }]
}

type Params = ReadonlyMap<string, string>

const policiesOf = (headers: AnswerHeaders): ReadonlyMap<string, Params> =>
  new Map(members(listOf(headers, 'RateLimit-Policy')).map(({ name, params }) => [name, params]))

/** `w` is in seconds; nothing and more than a day say nothing. */
function windowOf(policy: Params | undefined): number | null {
  const ms = (decimal(policy?.get('w') ?? '') ?? 0) * 1000
  return ms > 0 && ms <= MAX_DELAY_MS ? ms : null
}

/** Separate headers of one limit; of `resets` the first that can be read counts. */
type Family = { readonly resets: readonly string[]; readonly remaining: string; readonly limit: string }

const STANDARD: Family = { resets: ['RateLimit-Reset'], remaining: 'RateLimit-Remaining', limit: 'RateLimit-Limit' }

const COMMON: readonly Family[] = [
  {
    // A wait does not depend on two clocks agreeing, so it comes before the instant.
    resets: ['X-RateLimit-Reset-After', 'X-RateLimit-Reset'],
    remaining: 'X-RateLimit-Remaining',
    limit: 'X-RateLimit-Limit',
  },
  { resets: ['X-Rate-Limit-Reset'], remaining: 'X-Rate-Limit-Remaining', limit: 'X-Rate-Limit-Limit' },
  ...['Requests', 'Tokens'].map((what) => ({
    resets: [`X-RateLimit-Reset-${what}`],
    remaining: `X-RateLimit-Remaining-${what}`,
    limit: `X-RateLimit-Limit-${what}`,
  })),
]

function familyWindows(families: readonly Family[], headers: AnswerHeaders, now: number): Window[] {
  return families.flatMap(({ resets, remaining, limit }) => {
    for (const source of resets) {
      const reset = untilReset(fieldOf(headers, source), now)
      if (reset !== null) return [{ source, ...counts(headers, remaining, limit), ...reset }]
    }
    return []
  })
}

/** A limit may name its window: `100, 100;w=60` (IETF drafts up to 06). */
function counts(
  headers: AnswerHeaders,
  remaining: string,
  limit: string,
): Pick<Window, 'remaining' | 'limit' | 'windowMs'> {
  const said = listOf(headers, limit)
  const counted = count(said)
  const policy = members(said).find(({ name, params }) => count(name) === counted && params.has('w'))
  return { remaining: count(fieldOf(headers, remaining)), limit: counted, windowMs: windowOf(policy?.params) }
}

/** A header that may appear once; of several the first. Absent and overlong ones are `""`, which nothing can read. */
function fieldOf(headers: AnswerHeaders, name: string): string {
  const value = headers[name.toLowerCase()]
  const first = (Array.isArray(value) ? value[0] : value) ?? ''
  return first.length > MAX_VALUE_LENGTH ? '' : first.trim()
}

/** A header that is a list: several lines are one value (RFC 9110 section 5.3). */
function listOf(headers: AnswerHeaders, name: string): string {
  const value = headers[name.toLowerCase()] ?? ''
  const joined = Array.isArray(value) ? value.join(', ') : value
  return joined.length > MAX_VALUE_LENGTH ? '' : joined
}

type Member = { readonly name: string; readonly params: Params }

/** The members of a structured list, `name;key=value;key=value` (RFC 9651, as far as these headers use it). */
function members(list: string): Member[] {
  return splitOutsideQuotes(list, ',').map((member) => {
    const [name = '', ...params] = splitOutsideQuotes(member, ';')
    return { name: unquoted(name), params: new Map(params.map(pair)) }
  })
}

function pair(text: string): readonly [string, string] {
  const equals = text.indexOf('=')
  if (equals === -1) return [text.trim().toLowerCase(), '']
  return [text.slice(0, equals).trim().toLowerCase(), unquoted(text.slice(equals + 1))]
}

function unquoted(text: string): string {
  const trimmed = text.trim()
  return trimmed.length > 1 && trimmed.startsWith('"') && trimmed.endsWith('"') ? trimmed.slice(1, -1) : trimmed
}

function splitOutsideQuotes(text: string, separators: string): string[] {
  if (text === '') return []
  const parts: string[] = []
  let start = 0
  let isQuoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i)
    if (c === '\\' && isQuoted) i++
    else if (c === '"') isQuoted = !isQuoted
    else if (!isQuoted && separators.includes(c)) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  return [...parts, text.slice(start)]
}

/** How many: the first number of the value (`100, 100;w=60` is a limit of 100). Some count below 0: nothing is left. */
function count(text: string | undefined): number | null {
  const match = /^\s*(-?)(\d+)(?:\.\d*)?\s*(?:[,;]|$)/.exec(text ?? '')
  if (match === null) return null
  return match[1] === '-' ? 0 : Math.min(Number(match[2]), Number.MAX_SAFE_INTEGER)
}

/** From here on numbers are epoch seconds (2001), as no wait lasts 31 years; and then epoch milliseconds (1973). */
const FIRST_EPOCH_SECONDS = 1e9
const FIRST_EPOCH_MS = 1e11

type Reset = Pick<RateLimitReading, 'resetMs' | 'isWholeSeconds'>

/** The wait until a reset given as seconds, epoch seconds, epoch milliseconds, a date or a duration. */
function untilReset(text: string | undefined, now: number): Reset | null {
  if (text === undefined) return null
  const isWhole = !text.includes('.')
  const number = decimal(text)
  if (number !== null) return { resetMs: untilNumber(number, now), isWholeSeconds: isWhole && number < FIRST_EPOCH_MS }
  const untilDateMs = untilDate(text, now)
  if (untilDateMs !== null) return { resetMs: untilDateMs, isWholeSeconds: isWhole }
  const durationMs = duration(text)
  return durationMs === null ? null : { resetMs: durationMs, isWholeSeconds: false }
}

function untilNumber(number: number, now: number): number {
  if (number >= FIRST_EPOCH_MS) return clampDelay(number - now)
  if (number >= FIRST_EPOCH_SECONDS) return clampDelay(number * 1000 - now)
  return clampDelay(number * 1000)
}

function untilDate(text: string, now: number): number | null {
  const at = parseHttpDate(text, now) ?? parseTime(text)
  return at === null || at === UNSET ? null : clampDelay(at - now)
}

function decimal(text: string): number | null {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : null
}

const UNIT_MS = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const STEP = '\\d+(?:\\.\\d+)?(?:ns|us|µs|ms|s|m|h|d)'
const DURATION = new RegExp(`^(?:${STEP})+$`)

/** A duration as Go writes it: `1m30s`, `250ms`, `6.5s`. Days are not Go's, but sent. */
function duration(text: string): number | null {
  if (!DURATION.test(text)) return null
  let sum = 0
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(\D+)/g))
    sum += Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]
  return clampDelay(sum)
}

function clampDelay(ms: number): number {
  return Math.min(Math.max(Math.round(ms), 0), MAX_DELAY_MS)
}
