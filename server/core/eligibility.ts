import { isComplete, isExhausted, isPaused, type Task } from './task.ts'

/** Why a task is not running: a stable word, a sentence for people, when it ends, and what it is about. */
export interface Reason {
  readonly code: ReasonCode
  readonly message: string
  /** Epoch ms. */
  readonly until?: number
  /** An id or a name to look at. */
  readonly ref?: string
}

export type ReasonCode =
  | 'succeeded'
  | 'running'
  | 'no_attempts_left'
  | 'paused'
  | 'group_paused'
  | 'parent_unfinished'
  | 'not_due'
  | 'retrying'
  | 'workgroup_held'
  | 'worker_held'
  | 'duplicate_running'
  | 'no_address'
  | 'worker_full'
  | 'ready'

/** What bears on whether a task may run now. The same facts as the claimable sentence of the port. */
export interface EligibilityFacts {
  readonly now: number
  readonly isGroupPaused: boolean
  readonly unfinishedParents: readonly Pick<Task, 'id' | 'holds'>[]
  readonly workgroupHold: { readonly until: number; readonly reason: string } | null
  readonly workerHold: { readonly until: number; readonly reason: string } | null
  /** Another task with its merge key that is in flight. */
  readonly runningDuplicate: string | null
  readonly hasAddress: boolean
  /** Attempts in flight at its worker, and how many may be. */
  readonly slots: { readonly inFlight: number; readonly limit: number } | null
}

/** More parents than these are counted, not listed. */
const LISTED_PARENTS = 5

/** Every reason that holds a task back, the strongest first; the only one of a task that runs or is done. */
export function explain(task: Task, facts: EligibilityFacts): Reason[] {
  if (isComplete(task)) return [{ code: 'succeeded', message: 'It is complete.' }]
  if (task.lease !== null) {
    return [{ code: 'running', message: `Attempt ${task.attempts} is in flight.`, until: task.lease.until }]
  }
  const reasons = [
    ...ownReasons(task, facts),
    ...parentReasons(facts),
    ...timeReasons(task, facts),
    ...trafficReasons(task, facts),
  ]
  if (reasons.length > 0) return reasons
  return [{ code: 'ready', message: 'Nothing holds it back: it starts at the next turn of its worker.' }]
}

function ownReasons(task: Task, facts: EligibilityFacts): Reason[] {
  const reasons: Reason[] = []
  if (isExhausted(task)) {
    reasons.push({ code: 'no_attempts_left', message: 'It failed and has no attempts left: retry or reset it.' })
  }
  if (isPaused(task)) reasons.push({ code: 'paused', message: 'It is paused: resume it.', ref: task.id })
  if (facts.isGroupPaused) {
    reasons.push({ code: 'group_paused', message: 'Its group is paused: resume the group.', ref: task.groupId })
  }
  return reasons
}

function parentReasons({ unfinishedParents }: EligibilityFacts): Reason[] {
  const listed = unfinishedParents.slice(0, LISTED_PARENTS).map((parent): Reason => {
    const state = isExhausted(parent) ? 'failed for good: retry or reset it' : 'is not complete'
    return { code: 'parent_unfinished', message: `Its parent ${parent.id} ${state}.`, ref: parent.id }
  })
  const more = unfinishedParents.length - listed.length
  if (more > 0) listed.push({ code: 'parent_unfinished', message: `${more} more parents are not complete.` })
  return listed
}

function timeReasons(task: Task, { now }: EligibilityFacts): Reason[] {
  if (task.runAfter <= now) return []
  if (task.failures === 0) return [{ code: 'not_due', message: 'Its time has not come.', until: task.runAfter }]
  const message = `It failed ${task.failures} times and waits to be tried again (${task.remainingAttempts} attempts left).`
  return [{ code: 'retrying', message, until: task.runAfter }]
}

function trafficReasons(task: Task, facts: EligibilityFacts): Reason[] {
  const { workgroupHold, workerHold, runningDuplicate, slots } = facts
  const reasons: Reason[] = []
  if (workgroupHold) {
    const message = `Its workgroup ${task.workgroup} is held: ${workgroupHold.reason}.`
    reasons.push({ code: 'workgroup_held', message, until: workgroupHold.until, ref: task.workgroup })
  }
  if (workerHold) {
    const message = `Its worker ${task.worker} is held: ${workerHold.reason}.`
    reasons.push({ code: 'worker_held', message, until: workerHold.until, ref: task.worker })
  }
  if (runningDuplicate !== null) {
    const message = `Task ${runningDuplicate} with the same key runs; this one gets its result.`
    reasons.push({ code: 'duplicate_running', message, ref: runningDuplicate })
  }
  if (!facts.hasAddress) {
    const message = `Worker ${task.worker} has no address: set CREW_WORKER_BASE_URL.`
    reasons.push({ code: 'no_address', message, ref: task.worker })
  }
  if (slots && slots.inFlight >= slots.limit) {
    const message = `Worker ${task.worker} has ${slots.inFlight} of ${slots.limit} attempts in flight.`
    reasons.push({ code: 'worker_full', message, ref: task.worker })
  }
  return reasons
}
