import type { ClaimedTask, TaskStorage } from '../../storage/task-storage.ts'
import { decideAttempt, type EndedAttempt } from '../core/attempt.ts'
import type { ChangeSet, CommitResult } from '../core/change-set.ts'
import type { Clock, Random, Timers } from '../core/clock.ts'
import { idsNamedBy } from '../core/continuations.ts'
import { isDelivery, readDelivery } from '../core/delivery.ts'
import { followPolicy } from '../core/failure-policy.ts'
import { rateLimitReading } from '../core/rate-limit-headers.ts'
import type { Task } from '../core/task.ts'
import { readReply, type WorkerReply } from '../core/worker-response.ts'
import { type AttemptObserver, outcomeOf } from './attempt-observer.ts'
import type { Callbacks } from './callbacks.ts'
import type { Committer } from './committer.ts'
import type { Logger } from './logger.ts'
import { readPatiently } from './storage-health.ts'
import { type TrafficWatch, UNWATCHED, type WatchedEnd } from './traffic-watch.ts'
import type { BaseWorkers, WorkerBook } from './worker-book.ts'
import { callOf } from './worker-call.ts'
import type { CallEnd, WorkerClient } from './worker-client.ts'
import type { WorkerFigures } from './worker-figures.ts'

export interface RunnerOptions {
  readonly storage: TaskStorage
  readonly committer: Committer
  readonly client: WorkerClient
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly newId: () => string
  readonly logger: Logger
  readonly workers: BaseWorkers
  readonly book: WorkerBook
  readonly figures: WorkerFigures
  readonly observer: AttemptObserver
  readonly traffic: TrafficWatch
  readonly callbacks: Callbacks
  readonly version: string
  /** The boot of this server, for the record. */
  readonly instance: string
}

/** An attempt in flight. */
export interface RunningAttempt {
  readonly claimed: ClaimedTask
  /** The end of its lease as this server knows it. */
  leaseUntil: number
  /** Its lease is gone: it was cut off by this server, and its worker did nothing wrong. */
  isLost?: true
  /** The worker has answered or never will: its slot is free. */
  readonly answered: Promise<CallEnd>
  /** Cuts the call off. */
  abort(): void
}

/** POSTs the task to its worker, unless its lease is over before there is a connection: a machine may sleep at any moment. */
export function startAttempt(options: RunnerOptions, claimed: ClaimedTask, leaseUntil: number): RunningAttempt {
  const { task, parents } = claimed
  const call = callOf(options.book.planOf(task.worker), task, {
    version: options.version,
    traceparent: options.observer.traceparentOf(task),
    parents,
    callback: options.callbacks.of(task.id, claimed.token),
    now: options.clock.now(),
  })
  if (call.kind === 'none') return { claimed, leaseUntil, answered: Promise.resolve(call.end), abort() {} }
  const { reply, abort } = options.client.post({
    ...call.request,
    mayStart: () => options.clock.now() < attempt.leaseUntil,
  })
  const attempt: RunningAttempt = { claimed, leaseUntil, answered: call.clean(reply), abort }
  return attempt
}

/** Decides what the reply changes and commits it; again from fresh books when the task was edited meanwhile. */
export async function finishAttempt(
  options: RunnerOptions,
  running: RunningAttempt,
  reply: WorkerReply,
): Promise<void> {
  const { claimed, isLost } = running
  const { token, task } = claimed
  const endedAt = options.clock.now()
  const attempt: EndedAttempt = {
    outcome: isDelivery(task) ? readDelivery(reply, endedAt) : readReply(reply, endedAt),
    token,
    instance: options.instance,
    startedAt: claimed.task.lease?.startedAt ?? endedAt,
    endedAt,
    statusCode: reply.kind === 'answer' ? reply.status : null,
    bytes: reply.kind === 'answer' ? reply.bytes : 0,
  }
  if (!isLost) countEnd(options, task, attempt)
  const reading = reply.kind === 'answer' ? rateLimitReading(reply.headers, endedAt) : null
  const watched = isLost ? UNWATCHED : options.traffic.ended(claimed, attempt, reading)
  const result = await concludeAttempt(options, { task, attempt, watched })
  if (result === 'applied' || result === 'duplicate') logBreaker(options.logger, task, watched)
  else watched.forget()
}

/** What everybody who counts is told of. */
export function countEnd({ figures, observer }: RunnerOptions, task: Task, attempt: EndedAttempt): void {
  figures.record(task, attempt)
  observer.ended(task, { ...attempt, outcome: outcomeOf(attempt.outcome) })
}

/** Commits what the end of an attempt changes. `conflict`: its task was edited again and again. */
export async function concludeAttempt(
  options: RunnerOptions,
  { task: first, attempt, watched }: { task: Task; attempt: EndedAttempt; watched: WatchedEnd },
): Promise<CommitResult> {
  let task: Task | undefined = first
  for (let tries = 0; tries < MAX_DECISIONS; tries++) {
    if (!task) return 'leaseLost'
    const decided: Task = task
    const changeSet = await readPatiently(options.timers, () => decide(options, decided, attempt, watched))
    const result = await options.committer.commit(changeSet)
    logEnd(options.logger, decided, attempt, result)
    if (result === 'applied') options.observer.concluded(decided, changeSet)
    if (result !== 'conflict') return result
    task = (await readPatiently(options.timers, () => options.storage.getTasks([decided.id])))[0]
  }
  return 'conflict'
}

async function decide(
  options: RunnerOptions,
  task: Task,
  attempt: EndedAttempt,
  { signs }: WatchedEnd,
): Promise<ChangeSet> {
  const context = await loadContext(options, task, attempt)
  const decided = decideAttempt(task, attempt, { ...context, signs })
  return followPolicy(decided, [task, ...context.duplicates], { now: attempt.endedAt, groups: options.storage })
}

/** A task that is edited this often within one answer is edited by a loop; its lease ends and it is tried again. */
const MAX_DECISIONS = 20

const noIds: ReadonlySet<string> = new Set()

/** Reads only what this outcome needs: most answers have no children and most tasks no key, and cost nothing here. */
async function loadContext(
  options: RunnerOptions,
  task: Task,
  { outcome, endedAt }: EndedAttempt,
): Promise<Parameters<typeof decideAttempt>[2]> {
  const { storage, random, newId, book } = options
  const base = {
    now: endedAt,
    random,
    retryOf: (worker: string) => book.settingsOf(worker).retry,
    newId,
    keyScope: 'group' as const,
    groupEpoch: 0,
    takenIds: noIds,
    knownParents: noIds,
  }
  const duplicates = task.mergeKey === '' ? [] : await storage.listDuplicates(task.mergeKey)
  const context = { ...base, duplicates: duplicates.filter((other) => other.id !== task.id) }
  if (outcome.kind !== 'success' || outcome.children.length === 0) return context
  const group = await storage.findGroup(task.groupId)
  const named = await storage.getTasks(idsNamedBy(outcome.children))
  return {
    ...context,
    keyScope: group?.keyScope ?? 'group',
    groupEpoch: group?.epoch ?? 0,
    takenIds: new Set(named.map((one) => one.id)),
    knownParents: new Set(named.filter((one) => one.groupId === task.groupId).map((one) => one.id)),
  }
}

/** Enough to know what happened; the whole text is in the attempt's record. */
const LOGGED_ERROR = 200

/** One line per transition; successes are the rule and stay at debug. */
function logEnd(logger: Logger, task: Task, attempt: EndedAttempt, result: CommitResult): void {
  const { outcome, statusCode } = attempt
  if (outcome.kind === 'success' && result === 'applied') return
  const fields = {
    taskId: task.id,
    groupId: task.groupId,
    worker: task.worker,
    attempt: task.attempts,
    statusCode,
    result,
    ...('error' in outcome ? { error: outcome.error.slice(0, LOGGED_ERROR) } : {}),
  }
  if (result === 'leaseLost')
    logger.warn(fields, 'a late answer was refused: the task had been taken, reset or deleted')
  else if (outcome.kind === 'success') logger.debug(fields, 'attempt succeeded')
  else if (outcome.kind === 'rateLimited') logger.info(fields, 'attempt was rate limited')
  else logger.info(fields, 'attempt failed')
}

/** That a worker is not called any more, and that it is again, is for whoever is on duty. */
function logBreaker(logger: Logger, { worker }: Task, { signs }: WatchedEnd): void {
  for (const change of signs.changes) {
    if (change.kind === 'holdWork')
      logger.warn({ worker, reason: change.hold.reason }, 'the breaker of a worker is open')
    if (change.kind === 'releaseWork') logger.info({ worker }, 'the breaker of a worker is closed')
  }
}
