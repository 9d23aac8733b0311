import { attemptsLeft, Hold, mergeKeyOf, type Task, withHold } from './task.ts'
import type { KeyScope } from './task-group.ts'
import type { TaskInput } from './task-input.ts'

/** WIRE section 1: what a task gets that does not say otherwise. */
export const DEFAULT_ATTEMPTS = 5
export const DEFAULT_ERROR_DELAY_SECONDS = 60

/** What a new task takes from where it is created. */
export interface Birth {
  readonly groupId: string
  readonly keyScope: KeyScope
  readonly now: number
  /** The task whose answer asks for it; '' for a client. */
  readonly createdBy: string
  /** When a task without parents is due; one with parents is due as soon as they are complete (WIRE section 1). */
  readonly runAfter: number
}

/** A task as it is first stored. `input.id` and `input.worker` must be there. */
export function newTask(input: TaskInput & { id: string; worker: string }, birth: Birth): Task {
  const { id, worker, workgroup = '', key = '', parentIds = [] } = input
  const left = attemptsLeft(0, input.remainingAttempts ?? DEFAULT_ATTEMPTS)
  const paused = withHold(left.holds, Hold.paused, input.isPaused ?? false)
  return {
    id,
    groupId: birth.groupId,
    name: input.name ?? '',
    worker,
    workgroup,
    key,
    mergeKey: mergeKeyOf({ groupId: birth.groupId, worker, key }, birth.keyScope),
    holds: withHold(paused, Hold.complete, input.isComplete ?? false),
    remainingAttempts: left.remainingAttempts,
    priority: input.priority ?? 0,
    progressWeight: input.progressWeight ?? 1,
    runAfter: input.runAfter ?? (parentIds.length > 0 ? 0 : birth.runAfter),
    isSeed: input.isSeed ?? false,
    errorDelayInSeconds: input.errorDelayInSeconds ?? DEFAULT_ERROR_DELAY_SECONDS,
    retry: input.retry ?? null,
    timeoutSeconds: input.timeoutSeconds ?? null,
    input: input.input ?? 'null',
    output: input.output ?? 'null',
    errors: [],
    metadata: input.metadata ?? {},
    parentIds,
    createdAt: birth.now,
    createdBy: birth.createdBy,
    version: 0,
    // From the clock, so that a task created again under an old id is not taken for the old one by its delivery id.
    run: birth.now,
    attempts: 0,
    failures: 0,
    rateLimitedSince: 0,
    givenBack: 0,
    unfinishedParents: 0,
    lease: null,
  }
}
