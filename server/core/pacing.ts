import { type Pace, SPACING_CREDIT_MS } from './gate.ts'
import type { RateLimitReading } from './rate-limit-headers.ts'

/** An answer that told what is left of the limit behind a gate. */
export interface Told {
  readonly reading: RateLimitReading
  /** When its attempt started, and when the answer came. */
  readonly startedAt: number
  readonly now: number
  /** Attempts of this gate that started after it: what is left was counted before them. */
  readonly startedSince: number
}

/** What a server remembers of a gate from answer to answer. */
export interface PaceMemory {
  /** When the newest attempt that told something started, and what it told. */
  readonly startedAt: number
  readonly remaining: number
  /** When the limit is new: of all times that answers told for this window, the earliest. */
  readonly endsAt: number
  /** The longest time to a reset that was told lately, and the most that was left: with each window what was before counts half. */
  readonly longestMs: number
  readonly most: number
  /** The pace that the gate has, as far as this server knows. */
  readonly pace: Pace | null
}

/** Kept in hand for calls that Crew does not see, and for clocks that differ. */
const KEPT_SHARE = 0.1
/** Nobody counts in shorter windows; a reset that is nearer than that is the end of one. */
const MIN_WINDOW_MS = 1000
/** More starts in a millisecond than any server makes are no pace. */
const MIN_INTERVAL_MS = 0.01
/** A gate this fast needs no pace: it would be lost in the grain of timers. */
const PLENTY_INTERVAL_MS = 0.5
/** A pace that differs by less is not written again. */
const LITTLE = 0.1
/** A reset that is told to be now, and nothing left: the other clock may be a little behind. */
const LATE_RESET_MS = 100
/** A pace outlives its reset by two windows, but by no less and no more: answers that no longer tell must not slow a gate for days. */
const MIN_KEPT_MS = 10_000
const MAX_KEPT_MS = 3_600_000

/**
 * The pace that an answer asks for, or null when the one there is will do; and what to remember. What is left, without what started
 * meanwhile and a tenth in hand, is spread evenly over the time to the reset. From then on starts come as evenly as a whole window
 * allows, until an answer tells of the new one.
 *
 * Simulated with fixed windows of a second to a day and answers that take up to a fifth of one (tests/core/pacing.test.ts): less than
 * 1 % of calls over quota and more than 75 % of it used; 70 % in windows of a second that are told in whole seconds. Seconds that are
 * cut tell the reset up to a second early: up to 10 % over in windows below 10 s, where the 429 holds. Three servers: up to 3 %.
 */
export function paceFor(memory: PaceMemory | null, answer: Told): { memory: PaceMemory; pace: Pace | null } {
  const told = withoutZeroLimit(answer)
  // An answer that is overtaken by a later one tells what was.
  if (memory && told.startedAt < memory.startedAt) return { memory, pace: null }
  const isSame = memory !== null && !isNewWindow(memory, told)
  const window = isSame ? continued(memory, told) : begun(memory, told)
  const pace = paceOf(window, told)
  if (isEnough(memory?.pace ?? null, pace, { ...told, isSame })) return { memory: window, pace: null }
  return { memory: { ...window, pace }, pace }
}

/** A limit of nothing says that nothing is left, which is said already; it is no measure. */
const withoutZeroLimit = (told: Told): Told =>
  told.reading.limit === 0 ? { ...told, reading: { ...told.reading, limit: null } } : told

/**
 * More is left, or the reset is further away than it was: by more than the ways of telling it account for. Answers that come in
 * another order than they were counted make small steps up.
 */
function isNewWindow(memory: PaceMemory, told: Told): boolean {
  const { limit, remaining, isWholeSeconds } = told.reading
  if (remaining > memory.remaining + Math.max(1, (limit ?? memory.most) / 20)) return true
  const laterMs = told.now + resetOf(told) - memory.endsAt
  if (told.now >= memory.endsAt && laterMs > memory.longestMs / 2) return true
  return laterMs > (isWholeSeconds ? 1000 : 0) + told.now - told.startedAt + memory.longestMs / 20
}

/** The earliest reset of all that were told for it, unless that is over and the window is not. */
function continued(memory: PaceMemory, told: Told): PaceMemory {
  const resetMs = resetOf(told)
  const isOver = told.now >= memory.endsAt
  return {
    ...memory,
    startedAt: told.startedAt,
    remaining: told.reading.remaining,
    endsAt: isOver ? told.now + resetMs : Math.min(memory.endsAt, told.now + resetMs),
    longestMs: Math.max(memory.longestMs, resetMs),
    most: Math.max(memory.most, told.reading.remaining),
  }
}

function begun(memory: PaceMemory | null, told: Told): PaceMemory {
  const { remaining } = told.reading
  const resetMs = resetOf(told)
  return {
    startedAt: told.startedAt,
    remaining,
    endsAt: told.now + resetMs,
    longestMs: Math.max(resetMs, (memory?.longestMs ?? 0) / 2),
    most: Math.max(remaining, (memory?.most ?? 0) / 2),
    pace: memory?.pace ?? null,
  }
}

/**
 * From now to the reset. It was told somewhere between start and answer, so half of that has passed; but never more than what is kept
 * in hand makes up for. Whole seconds say 0 for all of the last one.
 */
function resetOf({ reading, startedAt, now }: Told): number {
  const { resetMs, windowMs, limit } = reading
  if (resetMs === 0) return reading.isWholeSeconds ? 1000 : LATE_RESET_MS
  const longest = windowMs ?? Math.max(resetMs, MIN_WINDOW_MS)
  const keptMs = limit === null ? 0 : (longest * keptOf(reading)) / limit
  return Math.max(1, Math.floor(Math.min(resetMs, longest) - Math.min(now - startedAt, keptMs) / 2))
}

function paceOf(memory: PaceMemory, told: Told): Pace {
  const { reading, now, startedAt } = told
  const until = memory.endsAt
  const usable = reading.remaining - startedSince(memory, told) - keptOf(reading)
  // A gate makes up for a late look, and half a call more keeps the last one off the very end. With nothing left it is shut.
  const spread = usable > 0 ? (until - now + SPACING_CREDIT_MS) / (usable + 0.5) : until - startedAt + SPACING_CREDIT_MS
  const windowMs = reading.windowMs ?? Math.max(MIN_WINDOW_MS, memory.longestMs)
  const whole = { remaining: Math.max(1, memory.most), limit: reading.limit }
  const later = windowMs / ((whole.limit ?? whole.remaining) - keptOf(whole))
  const keptMs = Math.max(2 * later, Math.min(2 * windowMs, MAX_KEPT_MS), MIN_KEPT_MS)
  return {
    intervalMs: Math.max(MIN_INTERVAL_MS, spread),
    until,
    laterIntervalMs: Math.max(MIN_INTERVAL_MS, later),
    expiresAt: Math.ceil(until + keptMs),
  }
}

/** Of a limit of a few calls a tenth is none. */
function keptOf({ limit, remaining }: Pick<RateLimitReading, 'limit' | 'remaining'>): number {
  return limit === null ? remaining * KEPT_SHARE : Math.round(limit * KEPT_SHARE)
}

/** Other servers start tasks too: as many as the pace lets through. */
function startedSince({ pace }: PaceMemory, { startedSince: own, startedAt, now }: Told): number {
  if (pace === null) return own
  const intervalMs = now < pace.until ? pace.intervalMs : pace.laterIntervalMs
  return Math.max(own, Math.floor((now - startedAt) / intervalMs))
}

/** Not one write for each answer: a window changes the pace a few times. */
function isEnough(old: Pace | null, pace: Pace, { now, startedAt, isSame }: Told & { isSame: boolean }): boolean {
  const isPlenty = pace.intervalMs < PLENTY_INTERVAL_MS && pace.laterIntervalMs < PLENTY_INTERVAL_MS
  if (old === null || now >= old.expiresAt) return isPlenty
  const present = now < old.until ? old.intervalMs : old.laterIntervalMs
  if (isPlenty && present < PLENTY_INTERVAL_MS) return true
  const areShut = Math.min(present, pace.intervalMs) >= pace.until - startedAt
  return isSame && isNear(old.laterIntervalMs, pace.laterIntervalMs) && (areShut || isNear(present, pace.intervalMs))
}

const isNear = (a: number, b: number): boolean => Math.abs(a - b) < LITTLE * Math.max(a, b)
