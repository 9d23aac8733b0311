import { expect } from 'vitest'
import {
  faultsOfChildren,
  faultsOfCreations,
  faultsOfEnds,
  faultsOfOrder,
  faultsOfOutputs,
  faultsOfOverlap,
  faultsOfPosts,
  faultsOfTokens,
  MAX_WINDOW_MS,
} from '../../../server/selftest/checks.ts'
import { ARRIVAL_MS, faultsOfFailures, type LostAttempt, lostAttempts } from '../../../server/selftest/fleet-checks.ts'
import { type Delivery, type History, Index } from '../../../server/selftest/history.ts'
import type { Creation } from '../../../server/selftest/work.ts'
import type { Aftermath } from '../../e2e/redis/storm.ts'

/** A store went on with less than it had acknowledged. Times are of `performance.now`. */
export interface Rollback {
  /** What was acknowledged before must be there. */
  readonly from: number
  /** The store took commands again. */
  readonly until: number
}

/** What was gone, for the log and for asking that it was enough, or little enough. */
export interface Losses {
  readonly tasks: number
  /** Tasks that were acknowledged. */
  readonly acknowledged: number
  /** How long before the end of the rollback the oldest of them was acknowledged; 0 without any. */
  readonly oldestMs: number
  /** POSTs of attempts that the store knows nothing of. */
  readonly posts: number
}

/**
 * Judges what is left when a store went back in time: what it promised in that time may be gone (I1), everything else holds. An attempt
 * that it forgot is none: its task runs again with another token, and its answer must have no effect.
 */
export function expectSoundAfter({ history: whole, faults }: Aftermath, rollbacks: readonly Rollback[]): Losses {
  const forgotten = forgottenPosts(new Index(whole), rollbacks)
  const lost = whole.creations.filter((creation) => isLost(creation, whole))
  const history: History = {
    ...whole,
    creations: whole.creations.filter((creation) => !lost.includes(creation)),
    deliveries: whole.deliveries.filter((delivery) => !forgotten.has(delivery)),
  }
  const index = new Index(history)
  const losses = lossesOf(whole, { lost, forgotten, rollbacks })
  console.log(JSON.stringify(losses))
  expect(lost.flatMap((creation) => faultsOfLoss(creation, rollbacks))).toEqual([])
  expect(faultsOfCreations(index)).toEqual([])
  expect(faultsOfEnds(index)).toEqual([])
  expect(faultsOfPosts(index)).toEqual([])
  expect(faultsOfFailures(index)).toEqual([])
  const given = lostAttempts(index)
  expect(given.flatMap((attempt) => faultsOfGivenBack(attempt, rollbacks))).toEqual([])
  expect(faultsOfOrder(index)).toEqual([])
  expect(faultsOfChildren(index)).toEqual([])
  expect(faultsOfOutputs(index)).toEqual([])
  expect(faultsOfTokens(new Index(whole))).toEqual([])
  const ended = new Set(given.map(({ delivery }) => delivery))
  expect(faultsOfOverlap(index, (delivery) => (ended.has(delivery) ? 0 : Number.POSITIVE_INFINITY))).toEqual([])
  expect(faults).toEqual([])
  return losses
}

/** All of it is gone; a part of it would be a fault of another kind. */
const isLost = ({ outcome, tasks }: Creation, history: History): boolean =>
  outcome === 'acknowledged' && tasks.every(({ id }) => !history.tasks.has(id))

function faultsOfLoss({ tasks, endedAt }: Creation, rollbacks: readonly Rollback[]): string[] {
  const isExplained = rollbacks.some(({ from, until }) => endedAt >= from && endedAt <= until + ARRIVAL_MS)
  return isExplained ? [] : tasks.map(({ id }) => `task ${id} was acknowledged when nothing could be lost, and is gone`)
}

/**
 * POSTs of a rollback of which the store knows nothing: their tasks are gone, their numbers have no record, or were given out again.
 * Those of other times are left to the checks, which find them.
 */
function forgottenPosts(index: Index, rollbacks: readonly Rollback[]): ReadonlySet<Delivery> {
  const forgotten = new Set<Delivery>()
  const { deliveries, tasks } = index.history
  for (const taskId of new Set(deliveries.map((delivery) => delivery.taskId))) {
    const recorded = new Set(index.attemptsOf(taskId).map(({ number }) => number))
    let next = Number.POSITIVE_INFINITY
    for (const delivery of index.deliveriesOf(taskId).toReversed()) {
      const isKnown = tasks.has(taskId) && recorded.has(delivery.attempt) && delivery.attempt < next
      if (!isKnown && rollbacks.some((rollback) => isWithin(delivery, rollback))) forgotten.add(delivery)
      else next = delivery.attempt
    }
  }
  return forgotten
}

const isWithin = ({ firstByteAt }: Delivery, { from, until }: Rollback): boolean =>
  firstByteAt >= from && firstByteAt <= until + ARRIVAL_MS

/** Given back is what a rollback took the end of, or what was in flight when Redis was away: its claim may have had no answer. */
function faultsOfGivenBack({ taskId, attempt, delivery }: LostAttempt, rollbacks: readonly Rollback[]): string[] {
  if (!delivery) return []
  const { firstByteAt, answeredAt } = delivery
  const isExplained = rollbacks.some(
    ({ from, until }) => firstByteAt <= until && (answeredAt === null || answeredAt >= from - MAX_WINDOW_MS),
  )
  return isExplained ? [] : [`task ${taskId}, attempt ${attempt.number}: lost although its end was not rolled back`]
}

function lossesOf(
  { tasks }: History,
  found: {
    readonly lost: readonly Creation[]
    readonly forgotten: ReadonlySet<Delivery>
    readonly rollbacks: readonly Rollback[]
  },
): Losses {
  const ageOf = ({ endedAt }: Creation): number =>
    Math.min(...found.rollbacks.map(({ until }) => until - endedAt).filter((age) => age >= -ARRIVAL_MS))
  return {
    tasks: tasks.size,
    acknowledged: found.lost.reduce((sum, creation) => sum + creation.tasks.length, 0),
    oldestMs: Math.round(Math.max(0, ...found.lost.map(ageOf))),
    posts: found.forgotten.size,
  }
}
