import type { Change, WorkHold } from './change-set.ts'
import { type Breaker, type BreakerMove, breakerHold, isFault, moveBreaker } from './circuit-breaker.ts'
import { limitedWork } from './holds.ts'
import { type PaceMemory, paceFor } from './pacing.ts'
import type { RateLimitReading } from './rate-limit-headers.ts'
import type { Task } from './task.ts'
import type { Outcome } from './worker-response.ts'
import type { BreakerSettings } from './worker-settings.ts'

/** What the end of an attempt changes at the gates of its worker and workgroup, beside what it changes for its task. */
export interface Signs {
  readonly changes: readonly Change[]
  /** Of a probe that failed: its task waits until then, and no attempt is used up. Null: it was none, or did not fail. */
  readonly probedUntil: number | null
}

export const NO_SIGNS: Signs = { changes: [], probedUntil: null }

/** How an attempt ended, as far as its gates are concerned. */
export interface EndOfCall {
  readonly outcome: Outcome
  readonly statusCode: number | null
  /** Both by the clock of this server. */
  readonly startedAt: number
  readonly endedAt: number
  readonly isProbe: boolean
  /** What its headers tell is left; null when they do not. */
  readonly reading: RateLimitReading | null
  /** Attempts of this server that started later at the gate that the reading is for. */
  readonly startedSince: number
}

/** What is remembered from attempt to attempt: of the worker's breaker, and of the pace of what shares its limit. */
export interface TrafficMemory {
  readonly breaker: Breaker
  readonly pace: PaceMemory | null
}

/** Reads the signs of an attempt's end. */
export function readSigns(
  task: Task,
  end: EndOfCall,
  { memory, settings }: { memory: TrafficMemory; settings: BreakerSettings },
): { signs: Signs; memory: TrafficMemory } {
  const { outcome, startedAt, endedAt: now, isProbe } = end
  const faulty = isFault(outcome, end.statusCode)
  const { breaker, move } = moveBreaker(memory.breaker, { isFault: faulty, isProbe, startedAt, now }, settings)
  const opened = openedHold(task, end, { move, faults: breaker.faults, settings })
  const paced = readPace(task, end, memory.pace)
  const changes = [...breakerChanges(task, opened ?? move), ...(opened ? [] : narrowing(task, end)), ...paced.changes]
  return {
    signs: { changes, probedUntil: isProbe && faulty && move !== 'close' ? (opened?.until ?? now) : null },
    memory: { breaker, pace: paced.memory },
  }
}

function openedHold(
  task: Task,
  { outcome, endedAt: now }: EndOfCall,
  { move, faults, settings }: { move: BreakerMove; faults: number; settings: BreakerSettings },
): WorkHold | null {
  if (outcome.kind === 'success' || (move !== 'open' && move !== 'reopen')) return null
  return breakerHold(task, { move, faults, error: outcome.error, now }, settings)
}

function breakerChanges({ worker }: Task, step: WorkHold | BreakerMove): Change[] {
  if (typeof step !== 'string') return [{ kind: 'holdWork', hold: step }]
  return step === 'close' ? [{ kind: 'releaseWork', scope: 'worker', name: worker, onlyBreaker: true }] : []
}

/** A worker that is too slow, or says so without an hour, gets half as much at once. What says when is a hold, which opens gently itself. */
function narrowing({ worker, lease }: Task, { outcome, statusCode, startedAt }: EndOfCall): Change[] {
  const isOverrun = outcome.kind === 'failure' && (outcome.reason === 'timeout' || statusCode === 503)
  // The gate compares with the clock of the storage, and so does the lease.
  return isOverrun
    ? [{ kind: 'narrowWork', scope: 'worker', name: worker, startedAt: lease?.startedAt ?? startedAt }]
    : []
}

function readPace(
  task: Task,
  { outcome, reading, startedAt, endedAt: now, startedSince }: EndOfCall,
  memory: PaceMemory | null,
): { changes: Change[]; memory: PaceMemory | null } {
  if (reading === null) return { changes: [], memory }
  const paced = paceFor(memory, { reading, startedAt, now, startedSince })
  const work = limitedWork(task, outcome.delays.workgroup)
  return {
    changes: paced.pace ? [{ kind: 'paceWork', ...work, pace: paced.pace }] : [],
    memory: paced.memory,
  }
}
