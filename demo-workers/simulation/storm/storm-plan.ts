import { field, listField, numberField, textField } from '../../contract/json.ts'

/** What a simulated provider does in one storm. */
export interface StormPlan {
  /** Of latency and the kinds of failure: the same seed and the same calls give the same storm. */
  readonly seed: number
  /** The usual time until an answer. */
  readonly latencyMs: number
  readonly outage: StormOutage
  readonly keys: readonly StormKey[]
}

/** One outage, counted from the provider's first call; it strikes the keys that say so. */
export interface StormOutage {
  readonly afterMs: number
  readonly lastsMs: number
}

/** A customer's key at the provider, with a quota of its own. */
export interface StormKey {
  readonly name: string
  /** In fixed windows of a second, from each full second of the clock. */
  readonly quotaPerSecond: number
  readonly headers: LimitHeaders
  readonly hasOutage: boolean
}

/** How answers tell what is left: the standard `RateLimit`, the common `X-RateLimit-*`, or not at all. A 429 always has `Retry-After`. */
export type LimitHeaders = 'standard' | 'common' | 'none'

const MAX_KEYS = 20
const KEY_NAME = /^[a-z0-9-]{1,32}$/
const HOUR_MS = 3_600_000

/** Reads a plan that came over HTTP; undefined when it names no key, or one by a name that fits into no worker's. */
export function parsePlan(value: unknown): StormPlan | undefined {
  const keys = listField(value, 'keys').map(parseKey)
  const areNamesFit = keys.every(({ name }) => KEY_NAME.test(name))
  if (keys.length === 0 || keys.length > MAX_KEYS || !areNamesFit) return undefined
  const outage = field(value, 'outage')
  return {
    seed: numberField(value, 'seed', { fallback: 1, min: 0, max: Number.MAX_SAFE_INTEGER }),
    latencyMs: numberField(value, 'latencyMs', { fallback: 50, min: 0, max: 60_000 }),
    outage: {
      afterMs: numberField(outage, 'afterMs', { fallback: 0, min: 0, max: HOUR_MS }),
      lastsMs: numberField(outage, 'lastsMs', { fallback: 0, min: 0, max: HOUR_MS }),
    },
    keys,
  }
}

function parseKey(value: unknown): StormKey {
  const headers = textField(value, 'headers', '')
  return {
    name: textField(value, 'name', ''),
    quotaPerSecond: numberField(value, 'quotaPerSecond', { fallback: 50, min: 1, max: 1_000_000 }),
    headers: headers === 'standard' || headers === 'common' ? headers : 'none',
    hasOutage: field(value, 'hasOutage') === true,
  }
}
