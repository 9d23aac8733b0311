import type { AttemptOutcome, AttemptRecord } from './attempt-record.ts'
import { retryDelayMs } from './backoff.ts'
import type { Change, ChangeSet, CrewEvent, Guard, WorkHold } from './change-set.ts'
import type { Random } from './clock.ts'
import { type ContinuationContext, createContinuations } from './continuations.ts'
import { mergeFailure, mergeSuccess } from './duplicates.ts'
import { failPatch } from './failure.ts'
import { deliveryIdOf, Hold, isComplete, type Task, type TaskPatch, withHold } from './task.ts'
import { type Delays, type Outcome, refusedAnswer } from './worker-response.ts'

/** WIRE section 3: rate limits use up no attempt for at most 24 h per task; after that each counts as a failure. */
export const RATE_LIMIT_GRACE_MS = 24 * 3600 * 1000
/** A provider that answers 429 with "retry now" would be called in a tight loop that uses up no attempts. */
export const MIN_RATE_LIMIT_HOLD_MS = 1000
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
export interface AttemptContext extends ContinuationContext {
  readonly now: number
  readonly random: Random
  /** The other incomplete tasks with its merge key. */
  readonly duplicates: readonly Task[]
}

/** What the end of an attempt changes: the heart of Crew. WIRE sections 3 and 4. */
export function decideAttempt(task: Task, attempt: EndedAttempt, context: AttemptContext): ChangeSet {
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

/** What a lease that ended without a result changes: the attempt is given back, or fails when that happened too often. */
export function decideLostAttempt(
  task: Task,
  attempt: Omit<EndedAttempt, 'outcome'>,
  context: Pick<AttemptContext, 'now' | 'random' | 'duplicates'> & { readonly reason: 'lost' | 'givenBack' },
): ChangeSet {
  const why =
    context.reason === 'lost' ? 'the server that ran the attempt died' : 'the server shut down during the attempt'
  if (task.givenBack < MAX_GIVEN_BACK) {
    const record = recordOf(task, attempt, { outcome: context.reason, error: why, retryAt: task.runAfter })
    return settle(task, attempt, { givenBack: task.givenBack + 1 }, record, { changes: [], lease: 'fence' })
  }
  const error = `${why}; it was given back ${MAX_GIVEN_BACK} times before`
  const failed = failPatch(task, { error, isRetryable: true, retryAfterMs: null, output: null }, context)
  const record = recordOf(task, attempt, { outcome: context.reason, error, retryAt: retryAtOf(failed) })
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
  const patch = { holds: withHold(task.holds, Hold.complete, true), output: outcome.output, rateLimitedSince: 0 }
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
  return failed(task, attempt, outcome, {
    context,
    patch: failPatch(task, outcome, context),
    holds: holdForDelay(task, outcome.delays, context.now),
  })
}

function decideRateLimited(
  task: Task,
  attempt: EndedAttempt,
  outcome: Outcome & { kind: 'rateLimited' },
  context: AttemptContext,
): ChangeSet {
  const { now } = context
  const since = task.rateLimitedSince === 0 ? now : task.rateLimitedSince
  const hold = rateLimitHold(task, outcome, context)
  if (!outcome.isRetryable || now - since >= RATE_LIMIT_GRACE_MS) {
    // Whoever shares the limit waits all the same, and the streak goes on: its 24 hours are given once, not after each failure.
    const failure = { ...outcome, kind: 'failure', reason: 'failed' } as const
    const patch = { ...failPatch(task, outcome, context), rateLimitedSince: since }
    return failed(task, attempt, failure, { context, patch, holds: [{ kind: 'holdWork', hold }] })
  }
  const patch: TaskPatch = { rateLimitedSince: since, ...rateLimitedRunAfter(task, outcome, hold, now) }
  if (outcome.output !== null) patch.output = outcome.output
  const retryAt = Math.max(hold.until, patch.runAfter ?? task.runAfter)
  const record = recordOf(task, attempt, { outcome: 'rateLimited', error: outcome.error, retryAt })
  return settle(task, attempt, patch, record, {
    changes: [{ kind: 'holdWork', hold }, ...delayChildren(task, outcome.delays, now)],
  })
}

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

/**
 * The hold keeps the task waiting, so that ending it starts the task at once. Unless it is not the task's own: an answer may name a
 * workgroup that the task is not in, and would then be asked for again at once, for a day.
 */
function rateLimitedRunAfter(
  task: Task,
  outcome: Outcome & { kind: 'rateLimited' },
  hold: WorkHold,
  now: number,
): Pick<TaskPatch, 'runAfter'> {
  const isOwn = hold.name === (hold.scope === 'workgroup' ? task.workgroup : task.worker)
  if (outcome.retryAfterMs === null) return isOwn ? {} : { runAfter: Math.max(task.runAfter, hold.until) }
  return { runAfter: Math.max(now + outcome.retryAfterMs, isOwn ? 0 : now + MIN_RATE_LIMIT_HOLD_MS) }
}

/** WIRE section 3: the workgroup is held, without one the worker. */
function rateLimitHold(task: Task, outcome: Outcome & { kind: 'rateLimited' }, context: AttemptContext): WorkHold {
  const workgroup = outcome.delays.workgroup ?? task.workgroup
  const holdMs = outcome.holdMs ?? retryDelayMs({ ...task, failures: task.failures + 1, random: context.random })
  return {
    scope: workgroup === '' ? 'worker' : 'workgroup',
    name: workgroup === '' ? task.worker : workgroup,
    until: context.now + Math.max(MIN_RATE_LIMIT_HOLD_MS, holdMs),
    reason: `rate limit met by task ${task.id} of worker ${task.worker} (${outcome.source})`,
  }
}

/** A delay that an answer asks for without being rate limited: it needs a workgroup to be held. */
function holdForDelay(task: Task, delays: Delays, now: number): Change[] {
  const name = delays.workgroup ?? task.workgroup
  if (delays.workgroupDelayMs === 0 || name === '') return []
  const reason = `asked for by task ${task.id} of worker ${task.worker} (workgroupDelayInSeconds)`
  return [{ kind: 'holdWork', hold: { scope: 'workgroup', name, until: now + delays.workgroupDelayMs, reason } }]
}

function delayChildren(task: Task, delays: Delays, now: number): Change[] {
  if (delays.childrenDelayMs === 0) return []
  return [{ kind: 'delayChildren', parentId: task.id, notBefore: now + delays.childrenDelayMs }]
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
    events: [updated(task), ...heldEvents(more.changes), ...(more.events ?? [])],
  }
}

const updated = (task: Task): CrewEvent => ({ type: 'task.updated', groupId: task.groupId, taskId: task.id })

function heldEvents(changes: readonly Change[]): CrewEvent[] {
  return changes.flatMap((change) =>
    change.kind === 'holdWork' && change.hold.scope === 'workgroup'
      ? [{ type: 'workgroup.held' as const, workgroup: change.hold.name }]
      : [],
  )
}
