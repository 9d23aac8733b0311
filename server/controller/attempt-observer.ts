import type { ClaimedTask } from '../../storage/task-storage.ts'
import type { AttemptOutcome } from '../core/attempt-record.ts'
import type { ChangeSet } from '../core/change-set.ts'
import type { Task } from '../core/task.ts'
import type { Outcome } from '../core/worker-response.ts'

/** An attempt that ended, for whoever counts and traces. */
export interface ObservedEnd {
  readonly outcome: AttemptOutcome
  readonly startedAt: number
  readonly endedAt: number
  /** Null when there was no answer. */
  readonly statusCode: number | null
}

/**
 * Who watches attempts: metrics and traces. Called on the way of every attempt, so it takes a microsecond or two, waits for nothing and
 * throws nothing.
 */
export interface AttemptObserver {
  /** The trace context that the worker of this attempt is sent (W3C traceparent). */
  traceparentOf(task: Task): string
  /** A server calls its worker now, or a polling worker has it. */
  began(claimed: ClaimedTask, now: number): void
  ended(task: Task, end: ObservedEnd): void
  /** What the end of an attempt changed, once that is durable. */
  concluded(task: Task, changeSet: ChangeSet): void
  /** The storage took a batch, or refused it. */
  committed(ms: number): void
}

/** The words of its record. */
export function outcomeOf(outcome: Outcome): AttemptOutcome {
  if (outcome.kind === 'success') return 'succeeded'
  return outcome.kind === 'failure' ? outcome.reason : 'rateLimited'
}

/** An attempt that the shutdown cut off, for who watches. */
export function cutOffEnd({ task }: ClaimedTask, now: number): ObservedEnd {
  return { outcome: 'givenBack', startedAt: task.lease?.startedAt ?? now, endedAt: now, statusCode: null }
}
