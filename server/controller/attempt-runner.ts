import type { ClaimedTask, TaskStorage } from '../../storage/task-storage.ts'
import { decideAttempt, type EndedAttempt } from '../core/attempt.ts'
import type { CommitResult } from '../core/change-set.ts'
import type { Clock, Random, Timers } from '../core/clock.ts'
import { idsNamedBy } from '../core/continuations.ts'
import type { Task } from '../core/task.ts'
import { requestBody, requestHeaders, workerUrl } from '../core/worker-request.ts'
import { readReply, type WorkerReply } from '../core/worker-response.ts'
import type { Committer } from './committer.ts'
import type { Logger } from './logger.ts'
import { readPatiently } from './storage-health.ts'
import type { CallEnd, WorkerClient } from './worker-client.ts'

/** Where workers are and how they are called. */
export interface WorkerSettings {
  /** Null: no worker has an address. */
  readonly baseUrl: string | null
  readonly authorization: string | null
  readonly timeoutSeconds: number
}

export interface RunnerOptions {
  readonly storage: TaskStorage
  readonly committer: Committer
  readonly client: WorkerClient
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly newId: () => string
  readonly newTraceparent: () => string
  readonly logger: Logger
  readonly workers: WorkerSettings
  readonly version: string
  /** The boot of this server, for the record. */
  readonly instance: string
}

/** An attempt in flight. */
export interface RunningAttempt {
  readonly claimed: ClaimedTask
  /** The end of its lease as this server knows it. */
  leaseUntil: number
  /** The worker has answered or never will: its slot is free. */
  readonly answered: Promise<CallEnd>
  /** Cuts the call off. */
  abort(): void
}

/** POSTs the task to its worker, unless its lease is over before there is a connection: a machine may sleep at any moment. */
export function startAttempt(options: RunnerOptions, claimed: ClaimedTask, leaseUntil: number): RunningAttempt {
  const { task, parents } = claimed
  const { baseUrl, authorization } = options.workers
  const timeoutSeconds = task.timeoutSeconds ?? options.workers.timeoutSeconds
  const traceparent = options.newTraceparent()
  const { reply, abort } = options.client.post({
    url: workerUrl(baseUrl ?? '', task.worker),
    headers: requestHeaders(task, { version: options.version, timeoutSeconds, authorization, traceparent }),
    body: requestBody(task, parents),
    timeoutMs: timeoutSeconds * 1000,
    mayStart: () => options.clock.now() < attempt.leaseUntil,
  })
  const attempt: RunningAttempt = { claimed, leaseUntil, answered: reply, abort }
  return attempt
}

/** Decides what the reply changes and commits it; again from fresh books when the task was edited meanwhile. */
export async function finishAttempt(options: RunnerOptions, claimed: ClaimedTask, reply: WorkerReply): Promise<void> {
  const { token } = claimed
  const endedAt = options.clock.now()
  const attempt: EndedAttempt = {
    outcome: readReply(reply, endedAt),
    token,
    instance: options.instance,
    startedAt: claimed.task.lease?.startedAt ?? endedAt,
    endedAt,
    statusCode: reply.kind === 'answer' ? reply.status : null,
    bytes: reply.kind === 'answer' ? reply.bytes : 0,
  }
  let task: Task | undefined = claimed.task
  for (let tries = 0; task && tries < MAX_DECISIONS; tries++) {
    const decided: Task = task
    const context = await readPatiently(options.timers, () => loadContext(options, decided, attempt))
    const result = await options.committer.commit(decideAttempt(decided, attempt, context))
    logEnd(options.logger, decided, attempt, result)
    if (result !== 'conflict') return
    task = (await readPatiently(options.timers, () => options.storage.getTasks([decided.id])))[0]
  }
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
  const { storage, random, newId } = options
  const base = {
    now: endedAt,
    random,
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
