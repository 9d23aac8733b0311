import {
  faultsOfChildren,
  faultsOfCreations,
  faultsOfEnds,
  faultsOfOrder,
  faultsOfOutputs,
  faultsOfOverlap,
  faultsOfPosts,
  faultsOfTokens,
} from './checks.ts'
import type { Said, WorkerDelivery } from './flaky-worker.ts'
import { faultsOfLost, latePosts, lostAttempts, type Trouble } from './fleet-checks.ts'
import { type Delivery, type History, Index } from './history.ts'

/** What was done to the servers and to the tasks while a group ran. */
export interface Circumstances {
  readonly troubles: readonly Trouble[]
  readonly pauses: readonly PauseWindow[]
  /** What a server that vanished keeps its tasks for: nothing is given back sooner. */
  readonly leaseMs: number
}

/** From the answer that said that it is paused, to the request that ended it. Times are epoch milliseconds. */
export interface PauseWindow {
  readonly scope: 'group' | 'workgroup'
  readonly name: string
  readonly from: number
  until: number
}

/** The attempts that a task shows are the newest of this many. */
const KEPT_ATTEMPTS = 50

/** What a group is judged by, in the words of a report. */
export const GROUP_CHECKS = {
  acknowledged: 'what was acknowledged is there; of the rest all or nothing',
  ended: 'every task succeeds in the end',
  posts: 'every POST has its record, every repetition its reason',
  order: 'no task before its parents',
  children: 'the children of an answer, once each',
  overlap: 'one at a time, of a task and of a key',
  outcomes: 'the store tells what the worker said',
  outputs: 'a task ends with the answer of the attempt that counts; no token twice',
  pauses: 'nothing starts while it is paused',
} as const

export type GroupCheck = keyof typeof GROUP_CHECKS

export const GROUP_CHECK_NAMES = Object.keys(GROUP_CHECKS) as readonly GroupCheck[]

export interface GroupFault {
  readonly check: GroupCheck
  readonly text: string
}

export interface Verdict {
  readonly faults: readonly GroupFault[]
  readonly posts: number
  readonly lost: number
  /** Given back when their lease had ended, although nothing was done to their server: the machine was slow. */
  readonly stalled: number
}

/** What is known of a group, with what became of each POST. */
interface GroupHistory extends History {
  readonly deliveries: readonly WorkerDelivery[]
}

/** Judges a finished group by what was asked, what the worker saw and what the store tells. */
export function judgeGroup(whole: GroupHistory, around: Circumstances): Verdict {
  const late = latePosts(new Index(whole), around.troubles)
  const deliveries = whole.deliveries.filter((delivery) => !late.has(delivery) && isRecorded(whole, delivery))
  const index = new Index({ ...whole, deliveries })
  const lost = lostAttempts(index)
  const unexplained = lost.filter((each) => faultsOfLost(each, around.troubles).length > 0)
  const tooSoon = unexplained.filter(({ attempt }) => lastedMs(attempt) < around.leaseMs)
  const over = new Set<Delivery>(deliveries.filter((delivery) => isOver(index, delivery)))
  const isOverFor = (delivery: Delivery): number => (over.has(delivery) ? 0 : Number.POSITIVE_INFINITY)
  const found: Record<GroupCheck, readonly string[]> = {
    acknowledged: faultsOfCreations(index),
    ended: faultsOfEnds(index),
    posts: [...faultsOfPosts(index), ...tooSoon.flatMap((each) => faultsOfLost(each, around.troubles))],
    order: faultsOfOrder(index),
    children: faultsOfChildren(index),
    overlap: faultsOfOverlap(index, isOverFor),
    outcomes: faultsOfOutcomes(index, deliveries, around),
    outputs: [...faultsOfOutputs(index), ...faultsOfTokens(index)],
    pauses: faultsOfPauses(index, around.pauses),
  }
  const faults = GROUP_CHECK_NAMES.flatMap((check) => found[check].map((text) => ({ check, text })))
  return { faults, posts: deliveries.length, lost: lost.length, stalled: unexplained.length - tooSoon.length }
}

const lastedMs = ({ startedAt, endedAt }: { startedAt: string; endedAt: string }): number =>
  Date.parse(endedAt) - Date.parse(startedAt)

function isRecorded({ attempts }: History, { taskId, attempt }: WorkerDelivery): boolean {
  const kept = attempts.get(taskId) ?? []
  return kept.length < KEPT_ATTEMPTS || attempt >= (kept[0]?.number ?? 0)
}

/** An attempt that was given back has no lease any more; of one that had no answer the worker cannot tell the end. */
function isOver(index: Index, { taskId, attempt, said }: WorkerDelivery): boolean {
  return (
    said === 'nothing' ||
    index.attemptsOf(taskId).some(({ number, outcome }) => number === attempt && outcome === 'lost')
  )
}

/** What the store may say of an attempt, by what the worker did. Any may be lost, which is judged elsewhere. */
const OUTCOMES: Readonly<Record<Said, readonly string[]>> = {
  nothing: ['timeout', 'networkError'],
  done: ['succeeded'],
  failed: ['failed'],
  limited: ['rateLimited'],
  reset: ['networkError'],
  garbage: ['networkError', 'badResponse'],
}

/** An answer that came late may have been given up by then. */
const PROMPT_MS = 1000

function faultsOfOutcomes(index: Index, deliveries: readonly WorkerDelivery[], { troubles }: Circumstances): string[] {
  return deliveries.flatMap(({ taskId, attempt, said, instance, firstByteAt, answeredAt }) => {
    const record = index.attemptsOf(taskId).find(({ number }) => number === attempt)
    if (!record || record.outcome === 'lost' || record.outcome === 'givenBack') return []
    if (OUTCOMES[said].includes(record.outcome)) return []
    const isPrompt = answeredAt !== null && answeredAt - firstByteAt < PROMPT_MS
    const isTroubled = troubles.some((trouble) => trouble.instance === instance && trouble.at > firstByteAt)
    if (record.outcome === 'timeout' && (!isPrompt || isTroubled)) return []
    if (record.outcome === 'networkError' && isTroubled) return []
    return [
      `task ${taskId}, attempt ${attempt}: the worker said ${said}, the store says ${record.outcome} (${record.error})`,
    ]
  })
}

/** No attempt begins while its group or workgroup is known to be paused (I6). */
export function faultsOfPauses(index: Index, pauses: readonly PauseWindow[]): string[] {
  if (pauses.length === 0) return []
  return [...index.history.tasks.values()].flatMap((task) => {
    const ofTask = pauses.filter(({ scope, name }) => name === (scope === 'group' ? task.taskGroupId : task.workgroup))
    return index.attemptsOf(task.id).flatMap(({ number, startedAt }) => {
      const at = Date.parse(startedAt)
      const broken = ofTask.find(({ from, until }) => at > from && at < until)
      return broken
        ? [`task ${task.id}, attempt ${number} began ${at - broken.from} ms into a pause of ${broken.name}`]
        : []
    })
  })
}
