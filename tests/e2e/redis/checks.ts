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
} from '../../../server/selftest/checks.ts'
import { faultsOfFailures, faultsOfLost, latePosts, lostAttempts } from '../../../server/selftest/fleet-checks.ts'
import { Index } from '../../../server/selftest/history.ts'
import type { Aftermath } from './storm.ts'

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
  expect(faultsOfOutputs(index)).toEqual([])
  expect(faultsOfTokens(new Index(whole))).toEqual([])
  const given = new Set(sent.map(({ delivery }) => delivery))
  // An attempt that the store gave back had no lease any more when the next one began.
  expect(faultsOfOverlap(index, (delivery) => (given.has(delivery) ? 0 : Number.POSITIVE_INFINITY))).toEqual([])
  expect(faults).toEqual([])
  return counts
}
