import type { ClaimedTask, TaskStorage } from '../../storage/task-storage.ts'
import { decideLostAttempt, decideUnstartedAttempt, type Loss } from '../core/attempt.ts'
import type { ChangeSet } from '../core/change-set.ts'
import type { Clock, Random } from '../core/clock.ts'
import { followPolicy } from '../core/failure-policy.ts'
import { lossOf } from '../core/outside.ts'
import type { Task } from '../core/task.ts'
import type { AttemptObserver } from './attempt-observer.ts'
import type { Logger } from './logger.ts'
import type { WorkerBook } from './worker-book.ts'
import type { WorkerFigures } from './worker-figures.ts'

export interface ReaperOptions {
  readonly storage: TaskStorage
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly book: Pick<WorkerBook, 'settingsOf'>
}

/** A commit of this size takes a few milliseconds. */
const REAPED_PER_COMMIT = 100

/** Gives back the attempts whose server died or whose lease ended, until none is left. Answers how many. */
export async function reapLeases(
  options: ReaperOptions & {
    readonly figures: Pick<WorkerFigures, 'record'>
    readonly observer: Pick<AttemptObserver, 'ended'>
    /** An attempt of this server is not lost however long the machine slept: its lease is renewed, or taken by another server. */
    readonly isOwn: (token: string) => boolean
  },
): Promise<number> {
  let reaped = 0
  for (;;) {
    const listed = await options.storage.listExpiredLeases(REAPED_PER_COMMIT)
    const expired = listed.filter((task) => !options.isOwn(task.lease?.token ?? ''))
    if (expired.length === 0) return reaped
    const changeSets = await Promise.all(
      expired.map((task) => decideLost(options, task, lossOf(task.lease?.holder ?? ''))),
    )
    const results = await options.storage.commit(changeSets)
    const applied = results.filter((result) => result === 'applied').length
    reaped += applied
    for (const [at, task] of expired.entries()) {
      if (results[at] === 'applied') countLoss(options, task, changeSets[at])
      const fields = { taskId: task.id, groupId: task.groupId, worker: task.worker, attempt: task.attempts }
      options.logger.warn(fields, 'attempt lost: its lease ended without a result')
    }
    // Everything met a conflict: somebody else is at it. The next poll looks again.
    if (applied === 0) return reaped
  }
}

/** Its worker is to blame for one thing alone, that it fell silent. Of a lost attempt nobody knows how it went. */
function countLoss(
  { figures, observer }: { figures: Pick<WorkerFigures, 'record'>; observer: Pick<AttemptObserver, 'ended'> },
  task: Task,
  changeSet: ChangeSet | undefined,
): void {
  for (const change of changeSet?.changes ?? []) {
    if (change.kind !== 'addAttempt' || change.taskId !== task.id) continue
    observer.ended(task, change.attempt)
    if (change.attempt.outcome !== 'timeout') continue
    const { startedAt, endedAt, statusCode, error } = change.attempt
    figures.record(task, { outcome: { kind: 'failure', error: error ?? '' }, startedAt, endedAt, statusCode })
  }
}

/** Takes a lease off a task that this server will not finish; decides again while the task is edited meanwhile. */
export async function giveBack(
  options: ReaperOptions,
  claimed: ClaimedTask,
  decide: (task: Task) => ChangeSet | Promise<ChangeSet>,
): Promise<void> {
  let task: Task | undefined = claimed.task
  while (task?.lease?.token === claimed.token) {
    const [result] = await options.storage.commit([await decide(task)])
    if (result !== 'conflict') return
    task = (await options.storage.getTasks([task.id]))[0]
  }
}

/** The change that takes an attempt without a result off a task. */
export async function decideLost(options: ReaperOptions, task: Task, reason: Loss): Promise<ChangeSet> {
  const now = options.clock.now()
  const { lease } = task
  const keyed = task.mergeKey === '' ? [] : await options.storage.listDuplicates(task.mergeKey)
  const duplicates = keyed.filter((other) => other.id !== task.id)
  const decided = decideLostAttempt(
    task,
    {
      token: lease?.token ?? '',
      instance: lease?.holder ?? '',
      startedAt: lease?.startedAt ?? now,
      endedAt: now,
      statusCode: null,
      bytes: 0,
    },
    {
      now,
      random: options.random,
      retryOf: (worker) => options.book.settingsOf(worker).retry,
      duplicates,
      reason,
    },
  )
  return followPolicy(decided, [task, ...duplicates], { now, groups: options.storage })
}

/** The change that takes an attempt off a task whose worker was not called. Somebody may have left it no attempts meanwhile. */
export function decideUnstarted({ clock, storage }: ReaperOptions, task: Task, token: string): Promise<ChangeSet> {
  return followPolicy(decideUnstartedAttempt(task, token), [task], { now: clock.now(), groups: storage })
}
