import type { ClaimedTask, TaskStorage } from '../../storage/task-storage.ts'
import { decideLostAttempt } from '../core/attempt.ts'
import type { ChangeSet } from '../core/change-set.ts'
import type { Clock, Random } from '../core/clock.ts'
import type { Task } from '../core/task.ts'
import type { Logger } from './logger.ts'

export interface ReaperOptions {
  readonly storage: TaskStorage
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** A commit of this size takes a few milliseconds. */
const REAPED_PER_COMMIT = 100

/** Gives back the attempts whose server died or whose lease ended, until none is left. Answers how many. */
export async function reapLeases(
  options: ReaperOptions & {
    /** An attempt of this server is not lost however long the machine slept: its lease is renewed, or taken by another server. */
    readonly isOwn: (token: string) => boolean
  },
): Promise<number> {
  let reaped = 0
  for (;;) {
    const listed = await options.storage.listExpiredLeases(REAPED_PER_COMMIT)
    const expired = listed.filter((task) => !options.isOwn(task.lease?.token ?? ''))
    if (expired.length === 0) return reaped
    const changeSets = await Promise.all(expired.map((task) => decideLost(options, task, 'lost')))
    const results = await options.storage.commit(changeSets)
    const applied = results.filter((result) => result === 'applied').length
    reaped += applied
    for (const task of expired) {
      const fields = { taskId: task.id, groupId: task.groupId, worker: task.worker, attempt: task.attempts }
      options.logger.warn(fields, 'attempt lost: its lease ended without a result; it is given back')
    }
    // Everything met a conflict: somebody else is at it. The next poll looks again.
    if (applied === 0) return reaped
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
export async function decideLost(options: ReaperOptions, task: Task, reason: 'lost' | 'givenBack'): Promise<ChangeSet> {
  const now = options.clock.now()
  const { lease } = task
  const duplicates = task.mergeKey === '' ? [] : await options.storage.listDuplicates(task.mergeKey)
  return decideLostAttempt(
    task,
    {
      token: lease?.token ?? '',
      instance: lease?.bootId ?? '',
      startedAt: lease?.startedAt ?? now,
      endedAt: now,
      statusCode: null,
      bytes: 0,
    },
    { now, random: options.random, duplicates: duplicates.filter((other) => other.id !== task.id), reason },
  )
}
