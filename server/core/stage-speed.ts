import type { Gate } from './gate.ts'
import { viewGate } from './gate-view.ts'
import { FOREVER } from './time.ts'

/** How fast the tasks of one worker get done. */
export interface StageSpeed {
  /** How long half of the attempts take at most. */
  readonly p50Ms: number
  /** How many are under way at once while there are enough: what its limits allow, or what its rate keeps busy. */
  readonly concurrency: number
  /** Nothing starts for so long; `Infinity`: until somebody acts. */
  readonly heldMs: number
  /** What bounds it, in words. */
  readonly limit: string
}

export interface StageLimits {
  /** Those that all of its tasks go through: of the worker, of all tasks, of the one workgroup that they are in. */
  readonly gates: readonly Gate[]
  /** How many attempts of the worker this server takes at once. */
  readonly slots: number
}

/**
 * The effective concurrency is that of the limits, or what a rate keeps busy if that is less: `rate × p50` (UI.md 3.5). A ramp is left
 * aside: it is over in seconds, and what it lets through now is no measure for the hours behind it.
 */
export function speedOf({ gates, slots }: StageLimits, p50Ms: number, now: number): StageSpeed {
  const limit = Math.min(slots, ...gates.map(({ limits }) => limits.maxConcurrent ?? Number.POSITIVE_INFINITY))
  const slowest = gates.map((gate) => rateOf(gate, now)).reduce((a, b) => (b.perMs < a.perMs ? b : a), UNLIMITED)
  const busy = slowest.perMs * p50Ms
  const held = gates.reduce((until, gate) => Math.max(until, gate.heldUntil), 0)
  const heldMs = held >= FOREVER ? Number.POSITIVE_INFINITY : Math.max(0, held - now)
  const words = busy < limit ? slowest.words : `${limit} at once`
  return { p50Ms, concurrency: Math.min(limit, busy), heldMs, limit: heldMs > 0 ? heldWords(gates, now) : words }
}

/** How long so many tasks take, once they may start: never less than one attempt. */
export function workMs(count: number, { p50Ms, concurrency }: Pick<StageSpeed, 'p50Ms' | 'concurrency'>): number {
  return count === 0 ? 0 : Math.max(p50Ms, (count * p50Ms) / concurrency)
}

interface StageRate {
  readonly perMs: number
  readonly words: string
}

const UNLIMITED: StageRate = { perMs: Number.POSITIVE_INFINITY, words: '' }

/** The slower of what was set and what answers say is left. */
function rateOf(gate: Gate, now: number): StageRate {
  const { rate } = gate.limits
  const { pace } = viewGate(gate, now)
  const set = rate
    ? { perMs: rate.count / rate.perMs, words: `${rate.count} starts in ${rate.perMs / 1000} s` }
    : UNLIMITED
  const paced = pace
    ? { perMs: pace.perSecond / 1000, words: `paced at ${rounded(pace.perSecond * 60)} starts a minute` }
    : UNLIMITED
  return paced.perMs < set.perMs ? paced : set
}

const rounded = (value: number): number => (value < 10 ? Math.round(value * 10) / 10 : Math.round(value))

function heldWords(gates: readonly Gate[], now: number): string {
  const held = gates.filter(({ heldUntil }) => heldUntil > now)
  const [gate] = held.toSorted((a, b) => b.heldUntil - a.heldUntil)
  if (gate?.scope === 'workgroup') return `its workgroup ${gate.name} is held`
  return gate && gate.probeMs > 0 ? 'its breaker is open' : 'held'
}
