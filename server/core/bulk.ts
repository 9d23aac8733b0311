import type { ChangeSet } from './change-set.ts'
import { decideRetry, decideRunNow, decideUpdate } from './edits.ts'
import { isPausedByHand } from './group-stop.ts'
import { Hold, isComplete, isExhausted, isPaused, type Task, type TaskState } from './task.ts'
import { type CountedGroup, type GroupState, type KeyScope, taskCount } from './task-group.ts'

/** What can be done to many at once. */
export const bulkActions = ['pause', 'resume', 'retry', 'reset', 'delete', 'runNow'] as const
export type BulkAction = (typeof bulkActions)[number]

export const bulkTargets = ['tasks', 'groups'] as const
export type BulkTarget = (typeof bulkTargets)[number]

/** What is done to whom. */
export interface BulkOrder {
  readonly action: BulkAction
  readonly target: BulkTarget
  /** Of a retry and a reset. */
  readonly remainingAttempts: number
  /** Of a retry, a resume and a run now: what becomes due by them starts evenly over so long; 0 is at once. */
  readonly spreadMs: number
}

/** Whom an order is for, as people say it; what is left out is no condition. Of groups only the first three. */
export interface BulkFilter {
  readonly taskGroup?: string
  readonly search?: string
  readonly states?: readonly (TaskState | GroupState)[]
  readonly worker?: string
  readonly workgroup?: string
  readonly key?: string
  /** A fingerprint of the last error. */
  readonly error?: string
}

/** An order with its frozen list of ids, which is kept beside it. */
export interface BulkSnapshot extends BulkOrder {
  readonly id: string
  readonly total: number
  readonly expiresAt: number
}

/** An order that was given, and how far it is. What is counted adds up to `next`. */
export interface BulkOperation extends BulkOrder {
  /** That of its snapshot. */
  readonly id: string
  readonly total: number
  /** So many of the list are dealt with. */
  readonly next: number
  readonly done: number
  readonly skipped: number
  readonly failed: number
  /** The first ones that failed. */
  readonly faults: readonly BulkFault[]
  readonly startedAt: number
  /** By how much its slots come later, as it was interrupted; absent: not at all. */
  readonly lateMs?: number
  readonly endedAt: number | null
  readonly actor: string
  readonly state: 'running' | 'finished' | 'stopped'
  /** The server that works on it, and when that said so last. */
  readonly instance: string
  readonly seenAt: number
}

export interface BulkFault {
  readonly id: string
  readonly message: string
}

/** `interrupted`: it is not done, and nobody works on it. */
export type BulkState = BulkOperation['state'] | 'interrupted'

/** What became of one of the list. */
export type BulkOutcome = { readonly kind: 'done' | 'skipped' } | { readonly kind: 'failed'; readonly fault: BulkFault }

/** Enough to see what is wrong; the rest is in the tasks. */
export const MAX_BULK_FAULTS = 20
/** A list is read and written as a whole by nobody, but it is all in the store: 4 MB of ids. */
export const MAX_BULK = 100_000

/** Those that take part in spreading. */
export const spreadActions: readonly BulkAction[] = ['retry', 'resume', 'runNow']
/** Those that set attempts. */
export const attemptActions: readonly BulkAction[] = ['retry', 'reset']

/** Why the order leaves this task as it is, in words that follow "it"; null: it does not. */
export function taskSkipReason(action: BulkAction, task: Task, now: number): string | null {
  switch (action) {
    case 'pause':
      return isComplete(task) ? 'is complete' : isPaused(task) ? 'is paused already' : null
    case 'resume':
      return isPaused(task) ? null : 'is not paused itself'
    case 'retry':
      return isComplete(task) ? 'is complete' : null
    case 'runNow':
      return notRunnableReason(task, now)
    case 'reset':
    case 'delete':
      return null
  }
}

function notRunnableReason(task: Task, now: number): string | null {
  if (isComplete(task)) return 'is complete'
  if (task.lease !== null) return 'is running'
  if (isExhausted(task)) return 'has no attempts left'
  return task.runAfter <= now ? 'is due already' : null
}

/** The same of a group. */
export function groupSkipReason(action: BulkAction, group: CountedGroup): string | null {
  switch (action) {
    case 'pause':
      return isPausedByHand(group) ? 'is paused already' : null
    case 'resume':
      return group.isPaused || group.counts.paused > 0 ? null : 'is not paused'
    case 'retry':
      return group.counts.succeeded === taskCount(group) ? 'has nothing to retry' : null
    case 'reset':
      return taskCount(group) === 0 ? 'is empty' : null
    case 'delete':
    case 'runNow':
      return null
  }
}

/** The change of one task by itself. Reset and delete are no such change: they touch what is around it. */
export function decideBulk(
  task: Task,
  { action, remainingAttempts }: { action: SingleAction; remainingAttempts: number },
  { now, slot }: { now: number; slot: number },
): ChangeSet | null {
  if (taskSkipReason(action, task, now) !== null) return null
  switch (action) {
    case 'pause':
      return decideUpdate(task, { isPaused: true }, KEYS_STAY)
    case 'resume': {
      const isPutOff = slot > now && isFreedByResume(task) && task.runAfter < slot
      return decideUpdate(task, { isPaused: false, ...(isPutOff && { runAfter: slot }) }, KEYS_STAY)
    }
    case 'retry':
      return decideRetry(task, { remainingAttempts, now, slot: slot > now ? slot : undefined })
    case 'runNow':
      return decideRunNow(task, Math.max(now, slot))
  }
}

export type SingleAction = Exclude<BulkAction, 'reset' | 'delete'>

/** The key scope counts only where a key or a worker changes. */
const KEYS_STAY: KeyScope = 'group'

const isFreedByResume = (task: Task): boolean => (task.holds & ~Hold.paused) === 0 && task.lease === null

/** When the task at this place of the list is to start: evenly over the time, the first at once. */
export function bulkSlot(
  index: number,
  { total, spreadMs, startedAt, lateMs = 0 }: Pick<BulkOperation, 'total' | 'spreadMs' | 'startedAt' | 'lateMs'>,
): number {
  return startedAt + lateMs + Math.floor((index * spreadMs) / Math.max(1, total))
}

/** The operation that a snapshot becomes. */
export function beginBulk(
  { expiresAt: _expiresAt, ...snapshot }: BulkSnapshot,
  { actor, instance, now }: { actor: string; instance: string; now: number },
): BulkOperation {
  const counts = { next: 0, done: 0, skipped: 0, failed: 0, faults: [] }
  return { ...snapshot, ...counts, startedAt: now, endedAt: null, actor, state: 'running', instance, seenAt: now }
}

/** The operation in other hands. Were the slots that passed meanwhile kept, all that is left would start at once. */
export function takeOverBulk(
  operation: BulkOperation,
  { instance, now }: { instance: string; now: number },
): BulkOperation {
  const passedMs = Math.max(0, now - bulkSlot(operation.next, operation))
  return { ...operation, lateMs: (operation.lateMs ?? 0) + passedMs, instance, seenAt: now }
}

/** The operation with what became of the next ones of its list; finished when those were the last. */
export function advanceBulk(operation: BulkOperation, outcomes: readonly BulkOutcome[], now: number): BulkOperation {
  const count = (kind: BulkOutcome['kind']): number => outcomes.filter((outcome) => outcome.kind === kind).length
  const faults = outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.fault] : []))
  const next = operation.next + outcomes.length
  return {
    ...operation,
    next,
    done: operation.done + count('done'),
    skipped: operation.skipped + count('skipped'),
    failed: operation.failed + count('failed'),
    faults: [...operation.faults, ...faults].slice(0, MAX_BULK_FAULTS),
    ...(next >= operation.total && { state: 'finished' as const, endedAt: now }),
    seenAt: now,
  }
}

/** Who has not said for so long that it works is gone; clocks of servers differ by less. */
export const BULK_GONE_MS = 60_000

/** The state as people see it: what a server had under way when it ended is interrupted. */
export function bulkStateOf(
  { state, seenAt }: BulkOperation,
  { now, isHere, isElsewhere }: { now: number; isHere: boolean; isElsewhere: boolean },
): BulkState {
  if (state !== 'running' || isHere) return state
  return isElsewhere && now - seenAt < BULK_GONE_MS ? 'running' : 'interrupted'
}
