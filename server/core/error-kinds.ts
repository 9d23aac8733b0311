import type { AttemptRecord } from './attempt-record.ts'
import { fingerprintOf, normalizedError } from './fingerprint.ts'
import type { Task, TaskState } from './task.ts'

/** States of a task whose last attempt failed, and that did not begin another one. */
export const failingStates = ['failed', 'retrying'] as const satisfies readonly TaskState[]
export type FailingState = (typeof failingStates)[number]

/** A task that fails now, as far as its error goes. */
export interface FailingTask {
  readonly id: string
  readonly groupId: string
  readonly worker: string
  readonly state: FailingState
  /** As `errorKindOf` says. */
  readonly errorKind: string
  /** A failure sets the time of the next try, also where there is none: it is the failure's time and a delay. */
  readonly runAfter: number
}

/** The tasks that fail by errors of one kind. */
export interface ErrorKind {
  readonly fingerprint: string
  /** Those with most of the tasks first, at most 20. */
  readonly workers: readonly string[]
  readonly count: number
  readonly failed: number
  readonly retrying: number
  /** How many task groups they are in. */
  readonly groups: number
  /** Those that failed first and last, as far as their tasks tell without their attempts; the last is a sample. */
  readonly witnesses: readonly FailingTask[]
}

/** When errors of a kind were seen, as far as is known; null: no attempt of them is kept. */
export interface ErrorSightings {
  readonly statusCode: number | null
  readonly firstSeenAt: number | null
  readonly lastSeenAt: number | null
}

const LISTED_WORKERS = 20
/** At each end: a retry delay has jitter, so the order of the times to come is not quite that of the failures. */
const WITNESSES = 3

/** The newest error of a task; null: it has none. */
export const lastErrorOf = (task: Pick<Task, 'errors'>): string | null => task.errors.at(-1) ?? null

/**
 * The fingerprint of a task's newest error; '' when it has none. Engines note it whenever they write `errors`, so that nobody reads
 * words to sort tasks. Where the rules of fingerprints change, what is noted has to be noted anew.
 */
export function errorKindOf(task: Pick<Task, 'errors'>): string {
  const error = lastErrorOf(task)
  return error === null ? '' : fingerprintOf(error)
}

/** What errors of a kind have in common, told by one of these; null when none of them is of it. */
export function messageOf(fingerprint: string, errors: readonly string[]): string | null {
  const error = errors.find((each) => fingerprintOf(each) === fingerprint)
  return error === undefined ? null : normalizedError(error)
}

/** Failing tasks by the kind of their newest error; kinds with most tasks first. Those without an error are of no kind. */
export function errorKindsOf(tasks: readonly FailingTask[]): ErrorKind[] {
  const kinds = Map.groupBy(tasks, ({ errorKind }) => errorKind)
  kinds.delete('')
  return [...kinds].map(([kind, failing]) => kindOf(kind, failing)).sort((a, b) => b.count - a.count)
}

function kindOf(fingerprint: string, tasks: readonly FailingTask[]): ErrorKind {
  const byTime = tasks.toSorted((a, b) => a.runAfter - b.runAfter)
  const failed = tasks.filter(({ state }) => state === 'failed').length
  return {
    fingerprint,
    workers: mostNamed(tasks.map(({ worker }) => worker)).slice(0, LISTED_WORKERS),
    count: tasks.length,
    failed,
    retrying: tasks.length - failed,
    groups: new Set(tasks.map(({ groupId }) => groupId)).size,
    witnesses: [...new Set([...byTime.slice(0, WITNESSES), ...byTime.slice(-WITNESSES)])],
  }
}

function mostNamed(names: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a).map(([name]) => name)
}

/** What the attempts of some of its tasks tell about errors of a kind. */
export function sightingsOf(fingerprint: string, attempts: readonly AttemptRecord[]): ErrorSightings {
  const seen = attempts
    .filter(({ error }) => error !== null && fingerprintOf(error) === fingerprint)
    .toSorted((a, b) => a.endedAt - b.endedAt)
  const [first, last] = [seen[0], seen.at(-1)]
  return {
    statusCode: last?.statusCode ?? null,
    firstSeenAt: first?.endedAt ?? null,
    lastSeenAt: last?.endedAt ?? null,
  }
}
