import type { WorkHold } from './change-set.ts'
import { type Gate, type GateBound, type GateScope, type Room, roomOf, windowOf } from './gate.ts'
import { runnerOf } from './outside.ts'
import { isComplete, isExhausted, isFinished, isPaused, type Lease, type Task } from './task.ts'
import type { StopCause } from './task-group.ts'
import { FOREVER, formatTime } from './time.ts'

/** Why a task is not running: a stable word, a sentence for people, when it ends, and what it is about. */
export interface Reason {
  readonly code: ReasonCode
  readonly message: string
  /** Epoch ms: when it ends by itself, or when the next task may start. Absent when nobody knows. */
  readonly until?: number
  /** An id or a name to look at. */
  readonly ref?: string
}

/** The stable words. */
export const reasonCodes = [
  'succeeded',
  'running',
  'no_attempts_left',
  'paused',
  'group_paused',
  'group_stopped',
  'parent_unfinished',
  'not_due',
  'retrying',
  'workgroup_held',
  'worker_held',
  'breaker_open',
  'workgroup_full',
  'worker_full',
  'server_full',
  'workgroup_rate_limited',
  'worker_rate_limited',
  'rate_limited',
  'paced',
  'ramping',
  'duplicate_running',
  'no_address',
  'ready',
] as const

export type ReasonCode = (typeof reasonCodes)[number]

/** What bears on whether a task may run now. The same facts as the claimable sentence of the port. */
export interface EligibilityFacts {
  readonly now: number
  readonly isGroupPaused: boolean
  /** The failure that stopped its group; counts only while that is paused. */
  readonly stoppedBy?: StopCause | null
  readonly unfinishedParents: readonly Pick<Task, 'id' | 'holds'>[]
  /** Of its workgroup, if it has one, of its worker, and of all tasks. */
  readonly gates: readonly Gate[]
  /** Why its workgroup and its worker are held, as far as they are. */
  readonly holds: readonly Pick<WorkHold, 'scope' | 'kind' | 'reason'>[]
  /** Another task with its merge key that is in flight. */
  readonly runningDuplicate: string | null
  readonly hasAddress: boolean
  /** Attempts in flight at its worker, and how many may be; null: it is not called, but fetches its tasks. */
  readonly slots: { readonly inFlight: number; readonly limit: number } | null
  /** When its worker last told how its attempt goes; null: it told nothing. */
  readonly lastWordAt: number | null
}

/** More parents than these are counted, not listed. */
const LISTED_PARENTS = 5

/** Every reason that holds a task back, the strongest first; the only one of a task that runs or is done. */
export function explain(task: Task, facts: EligibilityFacts): Reason[] {
  if (isComplete(task)) return [{ code: 'succeeded', message: 'It is complete.' }]
  if (task.lease !== null) {
    return [{ code: 'running', message: whereItRuns(task, task.lease, facts), until: task.lease.until }]
  }
  const reasons = [
    ...ownReasons(task, facts),
    ...parentReasons(facts),
    ...timeReasons(task, facts),
    ...trafficReasons(task, facts),
  ]
  if (reasons.length > 0) return reasons
  return [{ code: 'ready', message: `Nothing holds it back: ${whenReady(task, facts)}.` }]
}

const whenReady = ({ worker }: Task, { slots }: EligibilityFacts): string =>
  slots === null ? `a polling worker of ${worker} has to fetch it` : 'it starts at the next turn of its worker'

function whereItRuns({ attempts }: Task, { holder, startedAt }: Lease, { lastWordAt }: EligibilityFacts): string {
  const runner = runnerOf(holder)
  const lastWord = lastWordAt === null ? '' : ` Its worker last told of it at ${formatTime(lastWordAt)}.`
  switch (runner.kind) {
    case 'server':
      return `Attempt ${attempts} is in flight.`
    case 'callback':
      return `Attempt ${attempts} was accepted with 202, and goes on while heartbeats come in time.${lastWord}`
    case 'poll':
      return `Polling worker ${runner.workerId} has attempt ${attempts} since ${formatTime(startedAt)}.${lastWord}`
  }
}

function ownReasons(task: Task, facts: EligibilityFacts): Reason[] {
  const reasons: Reason[] = []
  if (isExhausted(task)) {
    const passed = isFinished(task) ? ' The tasks below it go on without it.' : ''
    reasons.push({
      code: 'no_attempts_left',
      message: `It failed and has no attempts left: retry or reset it.${passed}`,
    })
  }
  if (isPaused(task)) reasons.push({ code: 'paused', message: 'It is paused: resume it.', ref: task.id })
  if (facts.isGroupPaused && facts.stoppedBy) reasons.push(stopReason(task, facts.stoppedBy))
  else if (facts.isGroupPaused) {
    reasons.push({ code: 'group_paused', message: 'Its group is paused: resume the group.', ref: task.groupId })
  }
  return reasons
}

function stopReason({ id, groupId }: Task, { taskId, isPausedToo }: StopCause): Reason {
  const paused = isPausedToo ? ' Somebody paused it as well.' : ''
  if (id === taskId) {
    const message = `Its group ${groupId} was stopped by its failure: retry or reset it, or resume the group.${paused}`
    return { code: 'group_stopped', message, ref: taskId }
  }
  const message = `Its group was stopped when task ${taskId} failed for good: retry that task or the group, or resume the group.${paused}`
  return { code: 'group_stopped', message, ref: taskId }
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
  if (task.remainingAttempts === 0) return [] // nothing comes after the wait
  const left = `${task.remainingAttempts} attempt${task.remainingAttempts === 1 ? '' : 's'} left`
  const message = `It failed ${countOfTimes(task.failures)} and waits to be tried again (${left}).`
  return [{ code: 'retrying', message, until: task.runAfter }]
}

const countOfTimes = (count: number): string => (count === 1 ? 'once' : `${count} times`)

function trafficReasons(task: Task, facts: EligibilityFacts): Reason[] {
  const { gates, runningDuplicate } = facts
  const reasons = gates.flatMap((gate) => gateReasons(gate, facts))
  if (runningDuplicate !== null) {
    const message = `Task ${runningDuplicate} with the same key runs; this one gets its result.`
    reasons.push({ code: 'duplicate_running', message, ref: runningDuplicate })
  }
  if (!facts.hasAddress) {
    const message = `Worker ${task.worker} has no address: give it a url, set CREW_WORKER_BASE_URL, or have its tasks fetched (mode pull).`
    reasons.push({ code: 'no_address', message, ref: task.worker })
  }
  if (!reasons.some(({ code }) => code === 'worker_full')) reasons.push(...slotReasons(task, facts))
  return reasons
}

/** A claim counts the slots of its own server, and the leases of the worker over all of them. */
function slotReasons({ worker }: Task, { slots, gates }: EligibilityFacts): Reason[] {
  if (slots === null) return []
  const leases = gates.find(({ scope }) => scope === 'worker')?.leases ?? 0
  const inFlight = Math.max(slots.inFlight, leases)
  if (inFlight < slots.limit) return []
  const message = `Worker ${worker} has ${inFlight} of ${slots.limit} attempts in flight.`
  return [{ code: 'worker_full', message, ref: worker }]
}

/** What keeps a gate shut, if it is: of several bounds the one that ends last. */
function gateReasons(gate: Gate, facts: EligibilityFacts): Reason[] {
  const { free, nextAt, bound } = roomOf(gate, facts.now)
  if (free > 0 || bound === null) return []
  const cause = bound === 'breaker' && isHeldByOthers(gate, facts) ? 'hold' : bound
  return [
    {
      code: gateCodes[cause][gate.scope],
      message: sentences[cause](gate, facts),
      ...endOf(nextAt),
      ...(gate.scope !== 'all' && { ref: gate.name }),
    },
  ]
}

/** A breaker may be open behind a pause. */
const isHeldByOthers = ({ scope }: Gate, { holds }: EligibilityFacts): boolean =>
  holds.some((hold) => hold.scope === scope && hold.kind !== 'breaker')

function endOf(nextAt: Room['nextAt']): Pick<Reason, 'until'> {
  return nextAt === null || nextAt >= FOREVER ? {} : { until: nextAt }
}

const everywhere = (code: ReasonCode) => ({ workgroup: code, worker: code, all: code })

const gateCodes: Readonly<Record<GateBound, Readonly<Record<GateScope, ReasonCode>>>> = {
  // Nobody can hold all tasks.
  hold: { workgroup: 'workgroup_held', worker: 'worker_held', all: 'server_full' },
  breaker: everywhere('breaker_open'),
  concurrency: { workgroup: 'workgroup_full', worker: 'worker_full', all: 'server_full' },
  rate: { workgroup: 'workgroup_rate_limited', worker: 'worker_rate_limited', all: 'rate_limited' },
  pace: everywhere('paced'),
  ramp: everywhere('ramping'),
}

const sentences: Readonly<Record<GateBound, (gate: Gate, facts: EligibilityFacts) => string>> = {
  hold: (gate, facts) => {
    const end = gate.heldUntil >= FOREVER ? ' until somebody resumes it' : ''
    return `${subjectOf(gate)} is held${end}${whyHeld(gate, facts)}.`
  },
  breaker: (gate, facts) => `${subjectOf(gate)} fails, and its breaker is open${whyHeld(gate, facts)}.`,
  concurrency: (gate) => `${subjectOf(gate)} has ${gate.leases} of ${gate.limits.maxConcurrent} attempts in flight.`,
  rate: (gate) => `${subjectOf(gate)} has used up its rate${rateText(gate)}.`,
  pace: (gate) => `${subjectOf(gate)} is paced, so that it does not run into the limit behind it.`,
  ramp: (gate, { now }) => `${subjectOf(gate)} opens step by step, at present with ${windowOf(gate, now)} at once.`,
}

const whyHeld = ({ scope }: Gate, { holds }: EligibilityFacts): string => {
  const reason = holds.find((hold) => hold.scope === scope)?.reason ?? ''
  return reason === '' ? '' : `: ${reason}`
}

const rateText = ({ limits: { rate } }: Gate): string => (rate ? `, ${rate.count} in ${rate.perMs / 1000} s` : '')

function subjectOf({ scope, name }: Gate): string {
  return scope === 'all' ? 'The whole of Crew' : `Its ${scope} ${name}`
}
