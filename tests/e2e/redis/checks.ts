import { expect } from 'vitest'
import {
  faultsOfChildren,
  faultsOfCreations,
  faultsOfEnds,
  faultsOfOrder,
  faultsOfOverlap,
  faultsOfPosts,
  MAX_WINDOW_MS,
} from '../kill/checks.ts'
import { Index } from '../kill/history.ts'
import type { AttemptJson } from '../support/api-client.ts'
import type { Delivery } from '../support/recording-worker.ts'
import { instanceOf } from './fleet.ts'
import type { Aftermath, Trouble } from './storm.ts'

/** A POST that a server handed to the network before its trouble may be read a little after it. */
const ARRIVAL_MS = 1000

/** What happened, for the log and for asking that enough did. */
export interface Counts {
  readonly tasks: number
  readonly posts: number
  /** Requests without an answer that says what became of them. */
  readonly unknown: number
  /** Attempts that were given back, with a POST and without. */
  readonly lost: number
  readonly neverSent: number
  /** POSTs that a frozen server had begun and sent when it went on, for attempts that the others had given back by then. */
  readonly late: number
}

/** Nothing acknowledged is lost, nothing is stuck, nothing is done twice, every POST has its reason, and the books agree. */
export function expectSound({ history: whole, troubles, faults }: Aftermath): Counts {
  const late = latePosts(new Index(whole), troubles)
  const history = { ...whole, deliveries: whole.deliveries.filter((delivery) => !late.has(delivery)) }
  const index = new Index(history)
  const lost = lostAttempts(index)
  const sent = lost.filter(({ delivery }) => delivery !== undefined)
  const counts = {
    tasks: history.tasks.size,
    posts: history.deliveries.length,
    unknown: history.creations.filter(({ outcome }) => outcome === 'unknown').length,
    lost: sent.length,
    neverSent: lost.length - sent.length,
    late: late.size,
  }
  console.log(JSON.stringify(counts))
  expect(faultsOfCreations(index)).toEqual([])
  expect(faultsOfEnds(index)).toEqual([])
  expect(faultsOfPosts(index)).toEqual([])
  expect(faultsOfFailures(index)).toEqual([])
  expect(lost.flatMap((one) => faultsOfLost(one, troubles))).toEqual([])
  expect(faultsOfOrder(index)).toEqual([])
  expect(faultsOfChildren(index)).toEqual([])
  const given = new Set(sent.map(({ delivery }) => delivery))
  // An attempt that the store gave back had no lease any more when the next one began.
  expect(faultsOfOverlap(index, (delivery) => (given.has(delivery) ? 0 : Number.POSITIVE_INFINITY))).toEqual([])
  expect(faults).toEqual([])
  return counts
}

/** Between the last look at the lease and the network are a few instructions, and a server may be frozen at any of them. */
function latePosts(index: Index, troubles: readonly Trouble[]): ReadonlySet<Delivery> {
  const isLate = (delivery: Delivery): boolean => {
    const { taskId, attempt, firstByteAt } = delivery
    const isGivenBack = index.attemptsOf(taskId).some(({ number, outcome }) => number === attempt && outcome === 'lost')
    const isAfter = troubles.some(
      ({ instance, at }) => instance === instanceOf(delivery) && at + ARRIVAL_MS < firstByteAt,
    )
    return isGivenBack && isAfter
  }
  return new Set(index.history.deliveries.filter(isLate))
}

interface LostAttempt {
  readonly taskId: string
  readonly attempt: AttemptJson
  /** None when the claim was all there was of it: its server died, or the answer to the claim was lost. */
  readonly delivery: Delivery | undefined
}

function lostAttempts(index: Index): LostAttempt[] {
  return [...index.history.tasks.keys()].flatMap((taskId) =>
    index
      .attemptsOf(taskId)
      .filter(({ outcome }) => outcome === 'lost')
      .map((attempt) => ({
        taskId,
        attempt,
        delivery: index.deliveriesOf(taskId).find((delivery) => delivery.attempt === attempt.number),
      })),
  )
}

/** Lost is only what was in flight when its server died or froze: without an answer, or with one that had just come. */
function faultsOfLost({ taskId, attempt, delivery }: LostAttempt, troubles: readonly Trouble[]): string[] {
  const what = `task ${taskId}, attempt ${attempt.number}`
  if (delivery === undefined)
    return troubles.length > 0 ? [] : [`${what}: lost although nothing happened to any server`]
  const arrivedAt = delivery.firstByteAt - ARRIVAL_MS
  const trouble = troubles.find(({ instance, at }) => instance === instanceOf(delivery) && at > arrivedAt)
  if (!trouble) {
    const tookMs = Date.parse(attempt.endedAt) - Date.parse(attempt.startedAt)
    const answeredMs = (delivery.answeredAt ?? Number.NaN) - delivery.firstByteAt
    const times = `POSTed for ${answeredMs} ms, and taken for lost ${tookMs} ms after its claim`
    return [`${what}: lost although nothing happened to ${instanceOf(delivery)} (${times})`]
  }
  const windowMs = trouble.at - (delivery.answeredAt ?? Number.POSITIVE_INFINITY)
  return windowMs > MAX_WINDOW_MS ? [`${what}: answered ${windowMs} ms before its server's trouble, and yet lost`] : []
}

/** The worker fails tasks that were told to fail first; nothing else is a failure of a task. */
function faultsOfFailures(index: Index): string[] {
  return [...index.history.tasks.keys()].flatMap((taskId) =>
    index
      .attemptsOf(taskId)
      .filter(({ outcome, statusCode }) => !(outcome === 'failed' && statusCode === 500))
      .filter(({ outcome }) => outcome !== 'succeeded' && outcome !== 'lost')
      .map(({ number, outcome, error }) => `task ${taskId}, attempt ${number}: ${outcome} (${error})`),
  )
}
