import type { TaskStorage } from '../../storage/task-storage.ts'
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
export async function reapLeases(options: ReaperOptions): Promise<number> {
  let reaped = 0
  for (;;) {
    const expired = await options.storage.listExpiredLeases(REAPED_PER_COMMIT)
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
