import type { Fault } from './errors.ts'
import { defaultBurst, type GateLimits, NO_LIMITS } from './gate.ts'
import { isObject } from './task-input.ts'

/** What an operator asked for; what is absent stays as it is. */
export type LimitsEdit = Partial<GateLimits>

/** The fields of a body that say limits. */
export const limitFields = ['maxConcurrent', 'rateLimit', 'ramp'] as const

/** More than any server has in flight; beyond it somebody means something else. */
export const MAX_CONCURRENT = 1_000_000
export const MAX_RATE_COUNT = 1_000_000
/** A year, for quotas that are told in months. */
export const MAX_RATE_SECONDS = 366 * 24 * 3600
/** Clocks are floating milliseconds since 1970: shorter intervals than 0.01 ms would be lost in their last digits. */
const MAX_STARTS_PER_SECOND = 100_000
/** Ten steps of an hour are a night. */
export const MAX_RAMP_STEP_SECONDS = 3600

type Parsed = { readonly value: LimitsEdit } | { readonly faults: Fault[] }

/** Reads `{maxConcurrent, rateLimit, ramp}`: what is given is set, null is as if nobody had set it. Other fields are left aside. */
export function parseLimits(
  body: Readonly<Record<string, unknown>>,
  pointer = '',
): { edit: LimitsEdit; faults: Fault[] } {
  const parsed = limitFields.flatMap((field) => {
    const value = Object.hasOwn(body, field) ? body[field] : undefined
    return value === undefined ? [] : [parsers[field](value, `${pointer}/${field}`)]
  })
  const edits = parsed.flatMap((one) => ('value' in one ? [one.value] : []))
  return {
    edit: Object.assign({}, ...edits) as LimitsEdit,
    faults: parsed.flatMap((one) => ('faults' in one ? one.faults : [])),
  }
}

/** Limits as clients see them: of a rate also the burst that it does not name. */
export function limitsJson({ maxConcurrent, rate, rampStepMs }: GateLimits) {
  return {
    maxConcurrent,
    rateLimit: rate && { count: rate.count, perSeconds: rate.perMs / 1000, burst: rate.burst },
    ramp: { stepSeconds: rampStepMs / 1000 },
  }
}

/** Whether they say nothing that a gate without settings does not do. */
export function areNoLimits({ maxConcurrent, rate, rampStepMs }: GateLimits): boolean {
  return maxConcurrent === null && rate === null && rampStepMs === NO_LIMITS.rampStepMs
}

/** A fault for each field that is none of these: a limit that is misspelt would be no limit. */
export function unknownFields(
  body: Readonly<Record<string, unknown>>,
  known: readonly string[],
  pointer = '',
): Fault[] {
  const unknown = Object.keys(body).filter((field) => !known.includes(field))
  return unknown.map((field) => ({
    pointer: `${pointer}/${escapePointer(field)}`,
    detail: `is none of ${known.join(', ')}`,
  }))
}

/** RFC 6901. */
export const escapePointer = (field: string): string => field.replaceAll('~', '~0').replaceAll('/', '~1')

const parsers = {
  maxConcurrent: (value, pointer) => {
    if (value === null || isInteger(value, 1, MAX_CONCURRENT)) return { value: { maxConcurrent: value } }
    return { faults: [{ pointer, detail: `expected null or an integer from 1 to ${MAX_CONCURRENT}` }] }
  },
  rateLimit: (value, pointer) => (value === null ? { value: { rate: null } } : parseRate(value, pointer)),
  ramp: (value, pointer) =>
    value === null ? { value: { rampStepMs: NO_LIMITS.rampStepMs } } : parseRamp(value, pointer),
} satisfies Record<(typeof limitFields)[number], (value: unknown, pointer: string) => Parsed>

function parseRate(value: unknown, pointer: string): Parsed {
  if (!isObject(value)) return { faults: [{ pointer, detail: 'expected null or {count, perSeconds, burst}' }] }
  const { count, perSeconds, burst } = value
  const faults = unknownFields(value, ['count', 'perSeconds', 'burst'], pointer)
  const refuse = (field: string, detail: string) => faults.push({ pointer: `${pointer}/${field}`, detail })
  if (!isInteger(count, 1, MAX_RATE_COUNT)) refuse('count', `expected an integer from 1 to ${MAX_RATE_COUNT}`)
  if (!isBetween(perSeconds, 0.001, MAX_RATE_SECONDS))
    refuse('perSeconds', `expected a number of seconds from 0.001 to ${MAX_RATE_SECONDS}`)
  if (burst !== undefined && burst !== null && !isInteger(burst, 1, MAX_RATE_COUNT))
    refuse('burst', `expected an integer from 1 to ${MAX_RATE_COUNT}`)
  if (faults.length === 0 && (count as number) > (perSeconds as number) * MAX_STARTS_PER_SECOND)
    refuse('count', `expected at most ${MAX_STARTS_PER_SECOND} a second`)
  return faults.length > 0 ? { faults } : { value: { rate: rateOf(value as unknown as RateJson) } }
}

interface RateJson {
  readonly count: number
  readonly perSeconds: number
  readonly burst?: number | null
}

function rateOf({ count, perSeconds, burst }: RateJson): NonNullable<GateLimits['rate']> {
  const perMs = Math.round(perSeconds * 1000)
  return { count, perMs, burst: burst ?? defaultBurst(count, perMs) }
}

function parseRamp(value: unknown, pointer: string): Parsed {
  if (!isObject(value)) return { faults: [{ pointer, detail: 'expected null or {stepSeconds}' }] }
  const { stepSeconds } = value
  const faults = unknownFields(value, ['stepSeconds'], pointer)
  if (!isBetween(stepSeconds, 0, MAX_RAMP_STEP_SECONDS)) {
    const detail = `expected a number of seconds from 0 (no ramp) to ${MAX_RAMP_STEP_SECONDS}`
    faults.push({ pointer: `${pointer}/stepSeconds`, detail })
  }
  return faults.length > 0 ? { faults } : { value: { rampStepMs: Math.round((stepSeconds as number) * 1000) } }
}

function isBetween(value: unknown, low: number, high: number): value is number {
  return typeof value === 'number' && value >= low && value <= high
}

function isInteger(value: unknown, low: number, high: number): value is number {
  return Number.isInteger(value) && isBetween(value, low, high)
}
