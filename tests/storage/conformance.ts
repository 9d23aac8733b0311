import { afterAll, describe, expect, test } from 'vitest'
import { describeBooks } from './conformance/books.ts'
import { describeCallsAtOnce } from './conformance/calls-at-once.ts'
import { describeClaims } from './conformance/claims.ts'
import { describeCommits } from './conformance/commits.ts'
import { describeDurability } from './conformance/durability.ts'
import { describeFailing } from './conformance/failing.ts'
import { describeGateOpenings } from './conformance/gate-openings.ts'
import { describeGates } from './conformance/gates.ts'
import { describeGraph } from './conformance/graph.ts'
import { describeGroupLists } from './conformance/group-lists.ts'
import { describeHolds } from './conformance/holds.ts'
import { describeKeeping } from './conformance/keeping.ts'
import { describeLeases } from './conformance/leases.ts'
import { describeLists } from './conformance/lists.ts'
import { describeMergeKeys } from './conformance/merge-keys.ts'
import { describeNames } from './conformance/names.ts'
import { describeTasks } from './conformance/tasks.ts'
import { describeTraffic } from './conformance/traffic.ts'
import { openStorageWorld, type StorageFactory, type StorageWorld } from './storage-world.ts'

export type { StorageFactory } from './storage-world.ts'

/** Declares one test with a store of its own. */
export interface StorageTest {
  (sentence: string, body: (world: StorageWorld) => Promise<void>): void
  /** For what only an engine that outlives its process promises; the others are not asked. */
  readonly durable: (sentence: string, body: (world: StorageWorld) => Promise<void>) => void
  /** For what spans groups: engines that keep each in a partition of its own do not promise it, and are not asked. */
  readonly acrossGroups: (sentence: string, body: (world: StorageWorld) => Promise<void>) => void
}

/**
 * What every engine behind the port has to keep, as tests. A new engine is handed to it and must pass unchanged; a new
 * duty of engines gets a case here and, where it is state, a command in the model test.
 */
export function describeTaskStorage(name: string, factory: StorageFactory): void {
  describe(`the port's contract on ${name}`, () => {
    const it = storageTest(factory)
    describe('commits and guards', () => describeCommits(it))
    describe('calls at once', () => describeCallsAtOnce(it))
    describe('tasks', () => describeTasks(it))
    describe('the graph', () => describeGraph(it))
    describe('claims', () => describeClaims(it))
    describe('merge keys', () => describeMergeKeys(it))
    describe('pauses and holds', () => describeHolds(it))
    describe('gates', () => describeGates(it))
    describe('gates that open', () => describeGateOpenings(it))
    describe('leases', () => describeLeases(it))
    describe('lists', () => describeLists(it))
    describe('lists of groups', () => describeGroupLists(it))
    describe('traffic', () => describeTraffic(it))
    describe('names', () => describeNames(it))
    describe('books', () => describeBooks(it))
    describe('what fails', () => describeFailing(it))
    describe('what is kept beside the tasks', () => describeKeeping(it))
    if (factory.isDurable) describe('durability', () => describeDurability(it, factory))
    afterAll(() => factory.cleanup())
  })
}

function storageTest(factory: StorageFactory): StorageTest {
  const runIn = async (body: (world: StorageWorld) => Promise<void>) => {
    const world = await openStorageWorld(factory)
    try {
      await body(world)
      // Whatever a test is about, it leaves no fault behind in counters, countdowns and indexes.
      expect((await world.storage.audit()).faults).toEqual([])
    } finally {
      await world.close()
    }
  }
  const it = (sentence: string, body: (world: StorageWorld) => Promise<void>) => test(sentence, () => runIn(body))
  const durable = (sentence: string, body: (world: StorageWorld) => Promise<void>) => {
    if (factory.isDurable) it(sentence, body)
  }
  const acrossGroups = (sentence: string, body: (world: StorageWorld) => Promise<void>) => {
    if (!factory.isPartitioned) it(sentence, body)
  }
  return Object.assign(it, { durable, acrossGroups })
}
