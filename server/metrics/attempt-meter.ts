import type { ClaimedTask } from '../../storage/task-storage.ts'
import type { AttemptObserver, ObservedEnd } from '../controller/attempt-observer.ts'
import type { AttemptOutcome } from '../core/attempt-record.ts'
import type { ChangeSet } from '../core/change-set.ts'
import type { Task } from '../core/task.ts'
import type { GroupEnds } from './group-ends.ts'
import type { RecentEnds } from './recent-ends.ts'
import type { CrewRegistry } from './registry.ts'
import type { TopNames } from './top-names.ts'

/** The words of UI.md section 5.9, and `lost` for what was given back without an answer. */
const outcomeLabels: Readonly<Record<AttemptOutcome, string>> = {
  succeeded: 'ok',
  failed: 'error',
  timeout: 'timeout',
  rateLimited: 'rate_limited',
  networkError: 'network',
  badResponse: 'invalid_response',
  lost: 'lost',
  givenBack: 'lost',
}

/** More parents than these are not looked at: the last of them to end is among those that are known, or it is not known. */
const MAX_PARENTS = 100

export interface AttemptMeterOptions {
  readonly registry: CrewRegistry
  readonly workers: TopNames
  readonly ends: RecentEnds
  readonly groupEnds: Pick<GroupEnds, 'note'>
}

/** Counts attempts. In memory and without a read: README.md says what it costs. */
export class AttemptMeter implements Omit<AttemptObserver, 'traceparentOf'> {
  readonly #workers: TopNames
  readonly #ends: RecentEnds
  readonly #groupEnds: Pick<GroupEnds, 'note'>
  readonly #attempts
  readonly #durations
  readonly #waits
  readonly #commits
  readonly #cooloffs

  constructor({ registry, workers, ends, groupEnds }: AttemptMeterOptions) {
    this.#workers = workers
    this.#ends = ends
    this.#groupEnds = groupEnds
    this.#attempts = registry.counter('crew_task_attempts_total')
    this.#durations = registry.histogram('crew_task_attempt_duration_seconds')
    this.#waits = registry.histogram('crew_task_queue_wait_seconds')
    this.#commits = registry.histogram('crew_store_commit_seconds')
    this.#cooloffs = registry.counter('crew_workgroup_cooloffs_total')
  }

  began({ task, parents }: ClaimedTask, now: number): void {
    const dueAt = this.#dueAt(task, parents)
    if (dueAt !== null) this.#waits.observe({ worker: this.#workers.use(task.worker) }, Math.max(0, now - dueAt) / 1000)
  }

  ended(task: Task, { outcome, startedAt, endedAt }: ObservedEnd): void {
    const worker = this.#workers.use(task.worker)
    this.#attempts.inc({ worker, outcome: outcomeLabels[outcome] })
    // How long a server took to die says nothing about the worker.
    if (outcome === 'lost' || outcome === 'givenBack') return
    this.#durations.observe({ worker }, Math.max(0, endedAt - startedAt) / 1000)
    this.#ends.note(task.id, { at: endedAt, run: task.run, attempt: task.attempts })
  }

  concluded({ groupId }: Task, { changes }: ChangeSet): void {
    this.#groupEnds.note(groupId)
    for (const change of changes) {
      if (change.kind === 'holdWork' && change.hold.scope === 'workgroup') this.#cooloffs.inc()
    }
  }

  committed(ms: number): void {
    this.#commits.observe(ms / 1000)
  }

  /** The series of a worker that is named no longer. */
  forget(worker: string): void {
    for (const outcome of new Set(Object.values(outcomeLabels))) this.#attempts.remove({ worker, outcome })
    this.#durations.remove({ worker })
    this.#waits.remove({ worker })
  }

  /** Since when the task could start but for its turn; null: its parents ended where this server did not see it. */
  #dueAt({ runAfter, parentIds, failures, rateLimitedSince }: Task, parents: ClaimedTask['parents']): number | null {
    const isOwnTime = parentIds.length === 0 || failures > 0 || rateLimitedSince > 0
    if (isOwnTime) return runAfter > 0 ? runAfter : null
    let lastEnd = 0
    for (const { taskId } of parents.slice(-MAX_PARENTS)) lastEnd = Math.max(lastEnd, this.#ends.get(taskId)?.at ?? 0)
    return lastEnd > 0 ? Math.max(lastEnd, runAfter) : null
  }
}
