import type { AttemptOutcome, AttemptRecord } from './attempt-record.ts'
import type { Change, ChangeSet, CrewEvent, Guard } from './change-set.ts'
import { type ContinuationContext, createContinuations } from './continuations.ts'
import { mergeFailure, mergeSuccess } from './duplicates.ts'
import { failPatch } from './failure.ts'
import {
  delayChildren,
  holdEvents,
  holdForDelay,
  rateLimitedRunAfter,
  rateLimitHold,
  type WaitContext,
} from './holds.ts'
import { completed, deliveryIdOf, isComplete, type Task, type TaskPatch } from './task.ts'
import { NO_SIGNS, type Signs } from './traffic.ts'
import { type Outcome, refusedAnswer } from './worker-response.ts'

/** WIRE section 3: rate limits and probes use up no attempt for at most 24 h per task; after that each counts as a failure. */
export const RATE_LIMIT_GRACE_MS = 24 * 3600 * 1000
/** I10: an attempt cut by our crash or drain is given back at most 10 times; a task that kills servers must not go on for ever. */
export const MAX_GIVEN_BACK = 10

/** An attempt that ended: how, and its figures for the record (I16). */
export interface EndedAttempt {
  readonly outcome: Outcome
  readonly token: string
  readonly instance: string
  readonly startedAt: number
  readonly endedAt: number
  readonly statusCode: number | null
  readonly bytes: number
}

/** What surrounds the task when its attempt ends. */
export interface AttemptContext extends ContinuationContext, WaitContext {
  /** What the end of the attempt says about its gates; absent: nothing. */
  readonly signs?: Signs
  /** The other incomplete tasks with its merge key. */
  readonly duplicates: readonly Task[]
}

/** What the end of an attempt changes: the heart of Crew. WIRE sections 3 and 4. */
export function decideAttempt(task: Task, attempt: EndedAttempt, context: AttemptContext): ChangeSet {
  const { changes } = context.signs ?? NO_SIGNS
  const decided = decideEnd(task, attempt, context)
  // First: a hold that the same answer asks for must not be ended by the breaker that it closes.
  return { ...decided, changes: [...changes, ...decided.changes], events: [...decided.events, ...holdEvents(changes)] }
}

function decideEnd(task: Task, attempt: EndedAttempt, context: AttemptContext): ChangeSet {
  if (isComplete(task)) return decideOvertaken(task, attempt)
  const { outcome } = attempt
  switch (outcome.kind) {
    case 'success':
      return decideSuccess(task, attempt, outcome, context)
    case 'failure':
      return decideFailure(task, attempt, outcome, context)
    case 'rateLimited':
      return decideRateLimited(task, attempt, outcome, context)
  }
}

/** How an attempt came to its end without a result. */
export type Loss = 'lost' | 'givenBack' | 'abandoned' | 'silent'

/** `isFree`: it was none of the task's fault, as far as can be told, and uses up no attempt. */
const losses: Readonly<Record<Loss, { outcome: AttemptOutcome; why: string; isFree: boolean }>> = {
  lost: { outcome: 'lost', why: 'the server that ran the attempt died', isFree: true },
  givenBack: { outcome: 'givenBack', why: 'the server shut down during the attempt', isFree: true },
  abandoned: { outcome: 'lost', why: 'its polling worker did not release it before its lease ended', isFree: true },
  silent: { outcome: 'timeout', why: 'accepted with 202, and then no heartbeat came in time', isFree: false },
}

/** What a lease that ended without a result changes: the attempt is given back, or fails when that happened too often. */
export function decideLostAttempt(
  task: Task,
  attempt: Omit<EndedAttempt, 'outcome'>,
  context: WaitContext & Pick<AttemptContext, 'duplicates'> & { readonly reason: Loss },
): ChangeSet {
  const { outcome, why, isFree } = losses[context.reason]
  if (isFree && task.givenBack < MAX_GIVEN_BACK) {
    const record = recordOf(task, attempt, { outcome, error: why, retryAt: task.runAfter })
    return settle(task, attempt, { givenBack: task.givenBack + 1 }, record, { changes: [], lease: 'fence' })
  }
  const error = isFree ? `${why}; it was given back ${MAX_GIVEN_BACK} times before` : why
  const failed = failPatch(task, { error, isRetryable: true, retryAfterMs: null, output: null }, context)
  const record = recordOf(task, attempt, { outcome, error, retryAt: retryAtOf(failed) })
  const merged = mergeFailure(task, context.duplicates, error, context)
  // Fenced, not settled: should the answer come after all, it is refused, and told apart from a repeated commit.
  return settle(task, attempt, failed, record, { ...merged, lease: 'fence' })
}

/** A claim that was never POSTed (a drain came first) leaves no trace. */
export function decideUnstartedAttempt(task: Task, token: string): ChangeSet {
  return {
    guards: [{ kind: 'lease', taskId: task.id, token, version: task.version }],
    changes: [{ kind: 'patchTask', taskId: task.id, patch: { attempts: task.attempts - 1 }, lease: 'settle' }],
    events: [updated(task)],
  }
}

/**
 * The task was completed by hand while its attempt was in flight: the edit wins (I7). The attempt is booked, nothing else; its
 * children were released by the edit and must not be counted down again.
 */
function decideOvertaken(task: Task, attempt: EndedAttempt): ChangeSet {
  const { outcome } = attempt
  const end =
    outcome.kind === 'success'
      ? ({ outcome: 'succeeded', error: null } as const)
      : { outcome: outcome.kind === 'failure' ? outcome.reason : outcome.kind, error: outcome.error }
  return settle(task, attempt, {}, recordOf(task, attempt, { ...end, retryAt: null }), { changes: [] })
}

function decideSuccess(
  task: Task,
  attempt: EndedAttempt,
  outcome: Outcome & { kind: 'success' },
  context: AttemptContext,
): ChangeSet {
  const continuations = createContinuations(task, outcome.children, outcome.delays.childrenDelayMs, context)
  if ('fault' in continuations) {
    const refused = { ...refusedAnswer(continuations.fault), output: outcome.output, delays: outcome.delays }
    return decideFailure(task, attempt, refused, context)
  }
  const patch = { holds: completed(task.holds), output: outcome.output, rateLimitedSince: 0 }
  const record = recordOf(task, attempt, { outcome: 'succeeded', error: null, retryAt: null })
  const merged = mergeSuccess(task, context.duplicates, outcome.output)
  return settle(task, attempt, patch, record, {
    guards: [...merged.guards, ...keyScopeGuard(task, continuations.tasks, context)],
    changes: [
      ...delayChildren(task, outcome.delays, context.now),
      // Before the new children exist: they are born with this parent complete and must not be counted down again.
      { kind: 'releaseChildren', parentId: task.id },
      ...continuations.tasks.map((child) => ({ kind: 'insertTask', task: child }) as const),
      ...merged.changes,
      ...holdForDelay(task, outcome.delays, context.now),
    ],
    events: [
      ...continuations.tasks.map(
        (child) => ({ type: 'task.created', groupId: child.groupId, taskId: child.id }) as const,
      ),
      ...merged.events,
    ],
  })
}

/** The merge key of a child holds only while the key scope of the group does. */
function keyScopeGuard(task: Task, children: readonly Task[], { groupEpoch }: AttemptContext): Guard[] {
  if (children.every((child) => child.key === '')) return []
  return [{ kind: 'group', groupId: task.groupId, epoch: groupEpoch }]
}

function decideFailure(
  task: Task,
  attempt: EndedAttempt,
  outcome: Outcome & { kind: 'failure' },
  context: AttemptContext,
): ChangeSet {
  const holds = holdForDelay(task, outcome.delays, context.now)
  const patch = failPatch(task, outcome, context)
  const probedUntil = context.signs?.probedUntil ?? null
  if (probedUntil === null) return failed(task, attempt, outcome, { context, patch, holds })
  const since = streakOf(task, context)
  if (!isFree(outcome, since, context)) {
    return failed(task, attempt, outcome, { context, patch: { ...patch, rateLimitedSince: since }, holds })
  }
  const runAfter = Math.max(task.runAfter, probedUntil, context.now + (outcome.retryAfterMs ?? 0))
  const free = { rateLimitedSince: since, runAfter, ...outputOf(outcome) }
  const record = recordOf(task, attempt, { outcome: outcome.reason, error: outcome.error, retryAt: runAfter })
  return settle(task, attempt, free, record, {
    changes: [...delayChildren(task, outcome.delays, context.now), ...holds],
  })
}

function decideRateLimited(
  task: Task,
  attempt: EndedAttempt,
  outcome: Outcome & { kind: 'rateLimited' },
  context: AttemptContext,
): ChangeSet {
  const { now } = context
  const since = streakOf(task, context)
  const hold = rateLimitHold(task, outcome, context)
  if (!isFree(outcome, since, context)) {
    // Whoever shares the limit waits all the same, and the streak goes on: its 24 hours are given once, not after each failure.
    const failure = { ...outcome, kind: 'failure', reason: 'failed' } as const
    const patch = { ...failPatch(task, outcome, context), rateLimitedSince: since }
    return failed(task, attempt, failure, { context, patch, holds: [{ kind: 'holdWork', hold }] })
  }
  const runAfter = rateLimitedRunAfter(task, outcome, { hold, now })
  const patch: TaskPatch = { rateLimitedSince: since, ...runAfter, ...outputOf(outcome) }
  const retryAt = Math.max(hold.until, patch.runAfter ?? task.runAfter)
  const record = recordOf(task, attempt, { outcome: 'rateLimited', error: outcome.error, retryAt })
  return settle(task, attempt, patch, record, {
    changes: [{ kind: 'holdWork', hold }, ...delayChildren(task, outcome.delays, now)],
  })
}

/** When the attempts that used up none began. */
const streakOf = (task: Task, { now }: AttemptContext): number =>
  task.rateLimitedSince === 0 ? now : task.rateLimitedSince

/** Whether an attempt that was none of the task's fault uses up none. */
const isFree = ({ isRetryable }: { isRetryable: boolean }, since: number, { now }: AttemptContext): boolean =>
  isRetryable && now - since < RATE_LIMIT_GRACE_MS

const outputOf = ({ output }: { output: string | null }): TaskPatch => (output === null ? {} : { output })

/** An attempt used up: what both ways of failing have in common. */
function failed(
  task: Task,
  attempt: EndedAttempt,
  outcome: Outcome & { kind: 'failure' },
  end: { context: AttemptContext; patch: ReturnType<typeof failPatch>; holds: readonly Change[] },
): ChangeSet {
  const { context, patch } = end
  const record = recordOf(task, attempt, { outcome: outcome.reason, error: outcome.error, retryAt: retryAtOf(patch) })
  const merged = mergeFailure(task, context.duplicates, outcome.error, context)
  return settle(task, attempt, patch, record, {
    guards: merged.guards,
    changes: [...merged.changes, ...delayChildren(task, outcome.delays, context.now), ...end.holds],
    events: merged.events,
  })
}

const retryAtOf = (patch: { runAfter: number; remainingAttempts: number }): number | null =>
  patch.remainingAttempts > 0 ? patch.runAfter : null

function recordOf(
  task: Task,
  attempt: Omit<EndedAttempt, 'outcome'>,
  end: { outcome: AttemptOutcome; error: string | null; retryAt: number | null },
): AttemptRecord {
  const { instance, startedAt, endedAt, statusCode, bytes } = attempt
  return {
    number: task.attempts,
    deliveryId: deliveryIdOf(task),
    instance,
    startedAt,
    endedAt,
    statusCode,
    bytes,
    ...end,
  }
}

/** Gives up the lease and books the attempt, with whatever else belongs into the same commit (I5). */
function settle(
  task: Task,
  attempt: { readonly token: string },
  patch: TaskPatch,
  record: AttemptRecord,
  more: { guards?: readonly Guard[]; changes: readonly Change[]; events?: readonly CrewEvent[]; lease?: 'fence' },
): ChangeSet {
  return {
    guards: [{ kind: 'lease', taskId: task.id, token: attempt.token, version: task.version }, ...(more.guards ?? [])],
    changes: [
      { kind: 'patchTask', taskId: task.id, patch, lease: more.lease ?? 'settle' },
      { kind: 'addAttempt', taskId: task.id, attempt: record },
      ...more.changes,
    ],
    events: [updated(task), ...holdEvents(more.changes), ...(more.events ?? [])],
  }
}

const updated = (task: Task): CrewEvent => ({ type: 'task.updated', groupId: task.groupId, taskId: task.id })
