import type { RetryPolicy } from './backoff.ts'

/**
 * What keeps a task from being claimed for reasons of its own, as bits. A task is **armed** when no bit is set
 * (DESIGN section 3: engines know `armed`, not its reasons). Bits rather than a boolean, so that an engine can lift one
 * reason from a whole group (`liftHold`) without knowing what it means. `passed`: it failed for good, and its group goes on without it.
 */
export const Hold = { paused: 1, complete: 2, exhausted: 4, passed: 8 } as const

/** What has one of these bits is a finished parent: its children wait for it no more. */
export const FINISHED = Hold.complete | Hold.passed

/** The right to run one attempt. A result counts only while its token is the task's current one. */
export interface Lease {
  /** At least 64 random bits: a store that fails over repeats counters, not these (DESIGN section 3). */
  readonly token: string
  /**
   * Who holds it: the boot of a server (leases of another boot of a single-process engine are dead), or, behind `OUTSIDE`, who runs
   * the attempt outside Crew's servers: that one lives as long as its time, whatever becomes of servers.
   */
  readonly holder: string
  readonly startedAt: number
  readonly until: number
}

/** How the name of a holder begins that is no server. Boots are UUIDs, so none is taken for the other. */
export const OUTSIDE = 'outside:'

/** A task as the books have it. What clients see is made from it in the API. */
export interface Task {
  readonly id: string
  readonly groupId: string
  readonly name: string
  readonly worker: string
  /** '' is none. */
  readonly workgroup: string
  /** '' is none. */
  readonly key: string
  /** The key with its scope (group or worker); '' is none. Equal merge keys exclude each other (I3, I8). */
  readonly mergeKey: string
  /** Bits of `Hold`. */
  readonly holds: number
  readonly remainingAttempts: number
  readonly priority: number
  readonly progressWeight: number
  /** Epoch ms; 0 is unset: due at once. */
  readonly runAfter: number
  readonly isSeed: boolean
  readonly errorDelayInSeconds: number
  readonly retry: RetryPolicy | null
  readonly timeoutSeconds: number | null
  /** Exact JSON text, never re-encoded. */
  readonly input: string
  /** Exact JSON text, never re-encoded. */
  readonly output: string
  /** One line a failed attempt, the newest 50. */
  readonly errors: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  readonly parentIds: readonly string[]
  readonly createdAt: number
  /** The task whose answer created this one; '' when a client did. */
  readonly createdBy: string
  /** Raised by every change that a decision under way must see. */
  readonly version: number
  /** Raised by every reset. A delivery id names a run, so that all retries of one run share it. */
  readonly run: number
  /** Attempts started in this run. */
  readonly attempts: number
  /** Attempts of this run that failed: the exponent of the backoff. */
  readonly failures: number
  /** When the present streak of rate limits began; 0 outside one. */
  readonly rateLimitedSince: number
  /** Attempts of this run that were given back because the server died or drained under them. */
  readonly givenBack: number
  /** Kept by the engine: the countdown. */
  readonly unfinishedParents: number
  /** Kept by the engine. */
  readonly lease: Lease | null
}

/** What a change may set on a stored task. */
export type TaskPatch = {
  -readonly [Field in keyof Omit<
    Task,
    'id' | 'groupId' | 'createdAt' | 'version' | 'unfinishedParents' | 'lease'
  >]?: Task[Field]
}

export const isPaused = (task: Pick<Task, 'holds'>): boolean => (task.holds & Hold.paused) !== 0
export const isComplete = (task: Pick<Task, 'holds'>): boolean => (task.holds & Hold.complete) !== 0
export const isExhausted = (task: Pick<Task, 'holds'>): boolean => (task.holds & Hold.exhausted) !== 0

export const isFinished = (task: Pick<Task, 'holds'>): boolean => (task.holds & FINISHED) !== 0
/** Whether it failed for good, and waits for somebody who tries it again. */
export const isGivenUp = (task: Pick<Task, 'holds' | 'lease'>): boolean =>
  isExhausted(task) && !isComplete(task) && task.lease === null

/** The task as lists tell it that were not asked for payloads. */
export const withoutPayloads = (task: Task): Task => ({ ...task, input: 'null', output: 'null' })

/** Sets or clears one bit. */
export function withHold(holds: number, bit: number, isSet: boolean): number {
  return isSet ? holds | bit : holds & ~bit
}

/** The patch fields that set the attempts left: the number and its bits always move together. */
export function attemptsLeft(holds: number, remainingAttempts: number): { remainingAttempts: number; holds: number } {
  if (remainingAttempts <= 0) return { remainingAttempts, holds: withHold(holds, Hold.exhausted, true) }
  return { remainingAttempts, holds: withHold(holds, Hold.exhausted | Hold.passed, false) }
}

/** The bits of a task that is complete. Nothing is passed over any more. */
export const completed = (holds: number): number => withHold(withHold(holds, Hold.passed, false), Hold.complete, true)

/** The merge key of a task (WIRE 4.5); '' when it has no key. Neither ids nor worker names hold a space, so keys are told apart. */
export function mergeKeyOf(task: Pick<Task, 'groupId' | 'worker' | 'key'>, keyScope: 'group' | 'worker'): string {
  if (task.key === '') return ''
  return keyScope === 'group' ? `g:${task.groupId} ${task.key}` : `w:${task.worker} ${task.key}`
}

/** Same for every retry of one run, new after a reset (WIRE section 3). */
export const deliveryIdOf = (task: Pick<Task, 'id' | 'run'>): string => `${task.id}_${task.run}`

/**
 * The part of a task's state that does not turn with time; groups count their tasks by it.
 * Order matters: a task that is complete is succeeded whatever else holds it, one that runs is running until it ends.
 */
export type Bucket = 'succeeded' | 'running' | 'failed' | 'paused' | 'blocked' | 'waiting'

export const buckets: readonly Bucket[] = ['succeeded', 'running', 'failed', 'paused', 'blocked', 'waiting']

export function bucketOf(task: { holds: number; unfinishedParents: number; isLeased: boolean }): Bucket {
  if (task.holds & Hold.complete) return 'succeeded'
  if (task.isLeased) return 'running'
  if (task.holds & Hold.exhausted) return 'failed'
  if (task.holds & Hold.paused) return 'paused'
  return task.unfinishedParents > 0 ? 'blocked' : 'waiting'
}

/** The words of WIRE section 1 for a task's state. */
export const taskStates = [
  'blocked',
  'scheduled',
  'retrying',
  'throttled',
  'ready',
  'paused',
  'running',
  'succeeded',
  'failed',
] as const
export type TaskState = (typeof taskStates)[number]

/** How far from now something is held: epoch ms, 0 when it is not. */
export interface Surroundings {
  readonly now: number
  readonly isGroupPaused: boolean
  /** The later end of the holds on its workgroup and its worker; 0 when neither is held. */
  readonly heldUntil: number
}

/** The state of a task as clients see it (WIRE section 1). */
export function stateOf(task: Task, around: Surroundings): TaskState {
  const bucket = bucketOf({ ...task, isLeased: task.lease !== null })
  if (bucket === 'succeeded' || bucket === 'running' || bucket === 'failed') return bucket
  if (bucket === 'paused' || around.isGroupPaused) return 'paused'
  if (bucket === 'blocked') return 'blocked'
  if (task.runAfter > around.now) return task.failures > 0 ? 'retrying' : 'scheduled'
  return around.heldUntil > around.now ? 'throttled' : 'ready'
}
