import { type Rate, spend, type Tokens, tokensAt } from './token-bucket.ts'

/**
 * A gate is what stands before every start: one for all tasks, one for each worker, one for each workgroup. A task starts when all
 * three of its gates have room. Engines keep gates and count leases; what they mean is here (scripts of Redis repeat the
 * arithmetic of `roomOf` and `enter`, and the conformance suite holds them to it).
 */
export type GateScope = 'all' | 'worker' | 'workgroup'

/** What an operator set. A worker's name may be a rule (`shopify/*`, `*`): it is what each worker under it has that has no own. */
export interface GateLimits {
  /** At most so many leases at once over all servers; null: as many as the servers take. */
  readonly maxConcurrent: number | null
  /** Null: no rate. Otherwise evenly `count` starts in `perMs`, and `burst` at once after a rest. */
  readonly rate: { readonly count: number; readonly perMs: number; readonly burst: number } | null
  /** The length of a step of the ramp; 0: full speed at once after a hold. */
  readonly rampStepMs: number
}

/** Without settings a gate has no limits, and still opens gently after a hold (WIRE 5.2). */
export const NO_LIMITS: GateLimits = { maxConcurrent: null, rate: null, rampStepMs: 1000 }

/**
 * How fast answers say that starts may come: one each `intervalMs` until the limit is new (`until`), then one each `laterIntervalMs`
 * (0: at will) until an answer tells more, or `expiresAt`.
 */
export interface Pace {
  readonly intervalMs: number
  readonly until: number
  readonly laterIntervalMs: number
  readonly expiresAt: number
}

/**
 * A gate that opens again: in step `k` since `from` at most `base · 2^k` leases at once, and when it is spaced (after a hold) as many
 * starts in the step.
 */
export interface Ramp {
  readonly from: number
  readonly base: number
  readonly isSpaced: boolean
}

/** A gate as an engine has it. One that nobody limited, held or paced is nowhere kept, and open. */
export interface Gate {
  readonly scope: GateScope
  readonly name: string
  /** Its own, else those of the longest rule for it, else `NO_LIMITS`. */
  readonly limits: GateLimits
  /** Whose these are: its own name, that of the rule, or null when nobody set any. */
  readonly limitsFrom: string | null
  /** Epoch ms; 0 when it is not held. */
  readonly heldUntil: number
  /** More than 0 while its breaker is open: after the hold one probe starts each so many milliseconds. */
  readonly probeMs: number
  readonly ramp: Ramp | null
  readonly pace: Pace | null
  /** Live leases of its tasks, over all servers. */
  readonly leases: number
  /** Clocks of the two buckets: of the rate, and of what spaces starts (pace, ramp, probe). */
  readonly rateClock: number
  readonly spaceClock: number
}

/** A gate that nobody limited, held or paced. */
export const openGate = (scope: GateScope, name: string): Gate => ({
  scope,
  name,
  limits: NO_LIMITS,
  limitsFrom: null,
  heldUntil: 0,
  probeMs: 0,
  ramp: null,
  pace: null,
  leases: 0,
  rateClock: 0,
  spaceClock: 0,
})

/** What keeps a gate shut. */
export type GateBound = 'hold' | 'breaker' | 'concurrency' | 'rate' | 'pace' | 'ramp'

/** How many may start now. When none: from when on one may (null: when a lease ends), and why. */
export interface Room {
  readonly free: number
  readonly nextAt: number | null
  readonly bound: GateBound | null
}

/** After so many doublings a gate is open: a thousand starts a step. */
export const RAMP_STEPS = 10

/** A server that looks a little late makes up for it, or a fast pace would be lost in the grain of timers. */
export const SPACING_CREDIT_MS = 20

/** How many may start at once after a rest, of a rate that does not say: what comes due in that time, at least one. */
export const defaultBurst = (count: number, perMs: number): number =>
  Math.max(1, Math.ceil((SPACING_CREDIT_MS * count) / perMs))

/** The room of a gate. Of several bounds the one that lets the fewest start is named. */
export function roomOf(gate: Gate, now: number): Room {
  if (gate.heldUntil > now) return { free: 0, nextAt: gate.heldUntil, bound: gate.probeMs > 0 ? 'breaker' : 'hold' }
  const bounds = [...concurrencyBounds(gate, now), ...rateBounds(gate, now)]
  const open: Room = { free: Number.POSITIVE_INFINITY, nextAt: null, bound: null }
  return bounds.reduce((least, bound) => (isTighter(bound, least) ? bound : least), open)
}

/** The clocks after that many starts. */
export function enter(gate: Gate, count: number, now: number): Pick<Gate, 'rateClock' | 'spaceClock'> {
  const rate = rateOf(gate.limits)
  const spacing = spacingOf(gate, now)
  return {
    rateClock: rate ? spend(rate, gate.rateClock, { count, now }) : gate.rateClock,
    spaceClock: spacing ? spend(spacing, gate.spaceClock, { count, now }) : gate.spaceClock,
  }
}

/** A ramp that is halved: the answer to a timeout, or to a 503 without an hour. Null when one since that start did it already. */
export function narrowed(gate: Gate, { startedAt, now }: { startedAt: number; now: number }): Ramp | null {
  if (gate.ramp !== null && gate.ramp.from >= startedAt) return null
  const window = windowOf(gate, now)
  const base = Math.max(1, Math.floor(Math.min(window ?? Number.POSITIVE_INFINITY, gate.leases) / 2))
  return { from: now, base, isSpaced: window !== null && (gate.ramp?.isSpaced ?? false) }
}

/** How many a gate that opens lets through at once; null when it is open. */
export function windowOf({ ramp, limits }: Pick<Gate, 'ramp' | 'limits'>, now: number): number | null {
  if (ramp === null || limits.rampStepMs === 0) return null
  const step = Math.max(0, Math.floor((now - ramp.from) / limits.rampStepMs))
  return step < RAMP_STEPS ? ramp.base * 2 ** step : null
}

function concurrencyBounds(gate: Gate, now: number): Room[] {
  const { maxConcurrent } = gate.limits
  const bounds: Room[] = []
  if (maxConcurrent !== null)
    bounds.push({ free: Math.max(0, maxConcurrent - gate.leases), nextAt: null, bound: 'concurrency' })
  const window = windowOf(gate, now)
  if (window !== null && gate.ramp)
    bounds.push({ free: Math.max(0, window - gate.leases), nextAt: nextStepAt(gate, gate.ramp, now), bound: 'ramp' })
  return bounds
}

function nextStepAt({ limits: { rampStepMs } }: Gate, { from }: Ramp, now: number): number {
  return from + (Math.max(0, Math.floor((now - from) / rampStepMs)) + 1) * rampStepMs
}

function rateBounds(gate: Gate, now: number): Room[] {
  const rate = rateOf(gate.limits)
  const bounds: Room[] = []
  if (rate) bounds.push({ ...tokensAt(rate, gate.rateClock, now), bound: 'rate' })
  const spacing = spacingOf(gate, now)
  if (spacing) bounds.push({ ...spacedTokens(gate, spacing, now), bound: spacing.bound })
  return bounds
}

const rateOf = ({ rate }: GateLimits): Rate | null => rate && { intervalMs: rate.perMs / rate.count, burst: rate.burst }

/** A ramp is wider in its next step, and a pace changes when the limit is new: who waits must not sleep through it. */
function spacedTokens(gate: Gate, spacing: Spacing, now: number): Tokens {
  const tokens = tokensAt(spacing, gate.spaceClock, now)
  return tokens.free > 0 ? tokens : { free: 0, nextAt: Math.min(tokens.nextAt, changesAt(gate, spacing, now)) }
}

function changesAt(gate: Gate, { bound }: Spacing, now: number): number {
  if (bound === 'ramp' && gate.ramp) return nextStepAt(gate, gate.ramp, now)
  if (bound === 'pace' && gate.pace) return now < gate.pace.until ? gate.pace.until : gate.pace.expiresAt
  return Number.POSITIVE_INFINITY
}

interface Spacing {
  readonly intervalMs: number
  readonly burst: number
  readonly bound: 'pace' | 'ramp' | 'breaker'
}

/** What spaces starts: the widest of the pace, the ramp and the probes. */
function spacingOf(gate: Gate, now: number): Spacing | null {
  const window = gate.ramp?.isSpaced ? windowOf(gate, now) : null
  const all = [
    { intervalMs: paceOf(gate, now), bound: 'pace' as const },
    { intervalMs: window === null ? 0 : gate.limits.rampStepMs / window, bound: 'ramp' as const },
    { intervalMs: gate.probeMs, bound: 'breaker' as const },
  ]
  const widest = all.reduce((a, b) => (b.intervalMs > a.intervalMs ? b : a))
  if (widest.intervalMs === 0) return null
  return { ...widest, burst: Math.max(1, SPACING_CREDIT_MS / widest.intervalMs) }
}

/** 0: at will. */
function paceOf({ pace }: Gate, now: number): number {
  if (pace === null || now >= pace.expiresAt) return 0
  return now < pace.until ? pace.intervalMs : pace.laterIntervalMs
}

function isTighter(a: Room, b: Room): boolean {
  if (a.free !== b.free) return a.free < b.free
  return a.free === 0 && later(a.nextAt) > later(b.nextAt)
}

/** A lease that must end first: nobody knows when. */
const later = (nextAt: number | null): number => nextAt ?? Number.POSITIVE_INFINITY
