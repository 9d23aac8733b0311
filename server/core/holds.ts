import { type RetryPolicy, retryDelayMs } from './backoff.ts'
import type { Change, CrewEvent, HoldScope, WorkHold } from './change-set.ts'
import type { Random } from './clock.ts'
import type { Task, TaskPatch } from './task.ts'
import type { Delays, Outcome } from './worker-response.ts'

/** A provider that answers 429 with "retry now" would be called in a tight loop that uses up no attempts. */
export const MIN_RATE_LIMIT_HOLD_MS = 1000

/** What a wait depends on besides the task. */
export interface WaitContext {
  readonly now: number
  readonly random: Random
  /** How tasks of a worker that say nothing themselves are tried again; absent or null: at the same pace. */
  readonly retryOf?: (worker: string) => RetryPolicy | null
}

/** The wait after a failed attempt, by the task's own policy, else by that of its worker. */
export function waitAfterFailure(task: Task, { random, retryOf }: WaitContext): number {
  const retry = task.retry ?? retryOf?.(task.worker) ?? null
  return retryDelayMs({ ...task, retry, failures: task.failures + 1, random })
}

/** What shares a limit with a task: the workgroup that its answer names, else its own, else its worker. */
export function limitedWork(task: Pick<Task, 'worker' | 'workgroup'>, named: string | null): Work {
  const workgroup = named ?? task.workgroup
  return workgroup === '' ? { scope: 'worker', name: task.worker } : { scope: 'workgroup', name: workgroup }
}

export interface Work {
  readonly scope: HoldScope
  readonly name: string
}

/** WIRE section 3: the workgroup is held, without one the worker. */
export function rateLimitHold(task: Task, outcome: Outcome & { kind: 'rateLimited' }, context: WaitContext): WorkHold {
  const holdMs = outcome.holdMs ?? waitAfterFailure(task, context)
  return {
    ...limitedWork(task, outcome.delays.workgroup),
    until: context.now + Math.max(MIN_RATE_LIMIT_HOLD_MS, holdMs),
    reason: `rate limit met by task ${task.id} of worker ${task.worker} (${outcome.source})`,
    kind: 'rateLimit',
    since: context.now,
    taskId: task.id,
    source: outcome.holdMs === null ? '' : outcome.source,
    probeMs: 0,
  }
}

/**
 * The hold keeps the task waiting, so that ending it starts the task at once. Unless it is not the task's own: an answer may name a
 * workgroup that the task is not in, and would then be asked for again at once, for a day.
 */
export function rateLimitedRunAfter(
  task: Task,
  outcome: Outcome & { kind: 'rateLimited' },
  { hold, now }: { hold: WorkHold; now: number },
): Pick<TaskPatch, 'runAfter'> {
  const isOwn = hold.name === (hold.scope === 'workgroup' ? task.workgroup : task.worker)
  if (outcome.retryAfterMs === null) return isOwn ? {} : { runAfter: Math.max(task.runAfter, hold.until) }
  return { runAfter: Math.max(now + outcome.retryAfterMs, isOwn ? 0 : now + MIN_RATE_LIMIT_HOLD_MS) }
}

/** A delay that an answer asks for without being rate limited: it needs a workgroup to be held. */
export function holdForDelay(task: Task, delays: Delays, now: number): Change[] {
  const name = delays.workgroup ?? task.workgroup
  if (delays.workgroupDelayMs === 0 || name === '') return []
  const hold: WorkHold = {
    scope: 'workgroup',
    name,
    until: now + delays.workgroupDelayMs,
    reason: `asked for by task ${task.id} of worker ${task.worker} (workgroupDelayInSeconds)`,
    kind: 'delay',
    since: now,
    taskId: task.id,
    source: 'workgroupDelayInSeconds',
    probeMs: 0,
  }
  return [{ kind: 'holdWork', hold }]
}

/** A delay that an answer asks for on behalf of all direct children (WIRE 4.4). */
export function delayChildren(task: Task, delays: Delays, now: number): Change[] {
  if (delays.childrenDelayMs === 0) return []
  return [{ kind: 'delayChildren', parentId: task.id, notBefore: now + delays.childrenDelayMs }]
}

/** What holds and their ends tell. Paces and windows change with every few answers and tell nothing. */
export function holdEvents(changes: readonly Change[]): CrewEvent[] {
  return changes.flatMap((change): CrewEvent[] => {
    if (change.kind === 'holdWork') return [heldEvent(change.hold)]
    return change.kind === 'releaseWork' ? [resumedEvent(change)] : []
  })
}

const heldEvent = ({ scope, name }: Work): CrewEvent =>
  scope === 'workgroup' ? { type: 'workgroup.held', workgroup: name } : { type: 'worker.held', worker: name }

const resumedEvent = ({ scope, name }: Work): CrewEvent =>
  scope === 'workgroup' ? { type: 'workgroup.resumed', workgroup: name } : { type: 'worker.resumed', worker: name }
