import type { WorkHold } from './change-set.ts'
import { cutText } from './cut-text.ts'
import type { Task } from './task.ts'
import type { Outcome } from './worker-response.ts'
import type { BreakerSettings } from './worker-settings.ts'

/**
 * What a server has seen of a worker's breaker. States: `closed` → `failures` faults in a row → `open`, a hold on the worker → its end
 * → `half open`: a probe each `openSeconds`. A probe that is no fault closes it, one that is opens it again. That it is open is in the
 * storage, for all servers; only the count is here.
 */
export interface Breaker {
  /** In a row, since the last answer that was none. */
  readonly faults: number
  readonly isOpen: boolean
  /** Attempts that started before are not counted: they were in flight when it opened, or closed. */
  readonly countsFrom: number
  /** When it opened or closed last. A fault of a probe that started before tells nothing new: probes that hang end one after the other. */
  readonly movedAt: number
}

export const CLOSED: Breaker = { faults: 0, isOpen: false, countsFrom: 0, movedAt: 0 }

/** What an attempt does to the breaker: nothing, it opens, it closes, it opens again after a probe. */
export type BreakerMove = 'none' | 'open' | 'close' | 'reopen'

/** An attempt that ended, as the breaker sees it. */
export interface BreakerAttempt {
  readonly isFault: boolean
  readonly isProbe: boolean
  readonly startedAt: number
  readonly now: number
}

/** An opening takes a moment to be written; what starts later and is no probe says that somebody has closed it. */
const OPENING_MS = 1000

export function moveBreaker(
  breaker: Breaker,
  attempt: BreakerAttempt,
  settings: BreakerSettings,
): { breaker: Breaker; move: BreakerMove } {
  const { isFault, isProbe, startedAt, now } = attempt
  const countsFrom = now + Math.min(OPENING_MS, openMs(settings))
  const opened = (faults: number): Breaker => ({ faults, isOpen: true, countsFrom, movedAt: now })
  if (isProbe && isFault && startedAt < breaker.movedAt) return { breaker, move: 'none' }
  // Switched off meanwhile: there is nothing to open it again for.
  if (isProbe && (!isFault || settings.failures === 0))
    return { breaker: { ...CLOSED, countsFrom: startedAt, movedAt: now }, move: 'close' }
  if (isProbe) return { breaker: opened(breaker.faults + 1), move: 'reopen' }
  if (startedAt < breaker.countsFrom) return { breaker, move: 'none' }
  // It started after the opening and is no probe: a probe of another server, or a person, has closed the breaker.
  const before = breaker.isOpen ? 0 : breaker.faults
  const faults = isFault ? before + 1 : 0
  if (settings.failures > 0 && faults >= settings.failures) return { breaker: opened(faults), move: 'open' }
  const movedAt = breaker.isOpen ? startedAt : breaker.movedAt
  return { breaker: { ...breaker, faults, isOpen: false, movedAt }, move: 'none' }
}

/** A worker that cannot be reached, takes too long or is broken; not one that refuses, whatever it refuses. */
export function isFault(outcome: Outcome, statusCode: number | null): boolean {
  if (outcome.kind !== 'failure') return false
  return outcome.reason === 'timeout' || outcome.reason === 'networkError' || (statusCode ?? 0) >= 500
}

/** Enough of an error to know it again. */
const SHOWN_ERROR_BYTES = 200

/** The hold of a breaker that opens, with what let it. */
export function breakerHold(
  task: Pick<Task, 'id' | 'worker'>,
  fault: { readonly move: 'open' | 'reopen'; readonly faults: number; readonly error: string; readonly now: number },
  settings: BreakerSettings,
): WorkHold {
  const { move, faults, error, now } = fault
  const why = move === 'open' ? `${faults} faults in a row, the last` : 'the probe failed as well,'
  return {
    scope: 'worker',
    name: task.worker,
    until: now + openMs(settings),
    reason: `${why} by task ${task.id}: ${cutText(error, SHOWN_ERROR_BYTES)}`,
    kind: 'breaker',
    since: now,
    taskId: task.id,
    source: '',
    probeMs: openMs(settings),
  }
}

const openMs = ({ openSeconds }: BreakerSettings): number => Math.max(1, Math.round(openSeconds * 1000))
