import fc from 'fast-check'
import { expect } from 'vitest'
import type { Task } from '../../server/core/task.ts'
import type { ClaimRequest, ClaimResult, ScannedRecord, TaskStorage } from '../../storage/task-storage.ts'
import type { SimulatedClock } from '../support/simulated-clock.ts'
import { commitToModel, isLeaseExpired, renewInModel } from './model.ts'
import { anyEdit, taskSeed } from './model-arbitraries.ts'
import { applyClaim } from './model-claims.ts'
import { compareAll, compareGates, noFaults, same } from './model-compare.ts'
import { changeSetOf, type Edit, type ModelRun, type TaskSeed } from './model-edits.ts'
import { everyGate, pick, workers } from './model-gate-edits.ts'
import { forgettable } from './model-gates.ts'
import { groupIds } from './model-group-edits.ts'
import { createInModel, putInModel, recordInModel, recordsOfKind, scannedRecords } from './model-records.ts'
import type { StorageFactory } from './storage-world.ts'

/** The store under test, and how to move time and crash it. */
export interface RealRun {
  storage: TaskStorage
  readonly clock: SimulatedClock
  /** Opens the store again as another boot; null when the engine forgets. */
  readonly reopen: ((bootId: string) => Promise<TaskStorage>) | null
}

export interface CommandRun extends ModelRun {
  bootId: string
  /** As text, for the report. */
  readonly begun: string[]
  /** Commands that ran: proof that the test did its work. */
  executed: number
  /** Of each gate what the engine may have dropped in this command, in the order of `everyGate`. */
  readonly droppable: ReturnType<typeof forgettable>[]
}

/** More than a run makes. */
const MAX_LEASES = 10_000

/** One step on model and store. Holds only numbers, so that it can be run again on another state while shrinking. */
export type StorageCommand = fc.AsyncCommand<CommandRun, RealRun>

/** A command that compares the whole state when it is done. */
const command = (text: string, run: (model: CommandRun, real: RealRun) => Promise<void>): StorageCommand => ({
  check: () => true,
  run: async (model, real) => {
    model.begun.push(text)
    model.droppable.length = 0
    noteDroppable(model)
    await run(model, real)
    model.executed++
    await compareAll(model, real.storage)
    await compareGates(model, real.storage, model.droppable)
  },
  toString: () => text,
})

/** As it is now, besides what was noted before. */
function noteDroppable(model: CommandRun): void {
  for (const [index, ref] of everyGate.entries())
    model.droppable[index] = [...(model.droppable[index] ?? []), ...forgettable(model, ref)]
}

/** Several change sets in one call: some apply, some are refused, none may touch the others. */
const commit = (edits: readonly Edit[]): StorageCommand =>
  command(`commit(${JSON.stringify(edits)})`, async (model, { storage }) => {
    const sets = edits.map((edit) => changeSetOf(edit, model)).filter((set) => set !== null)
    const expected = sets.map((set) => {
      const result = commitToModel(model, set)
      // Over several partitions the sets of a call may be as many scripts: after each a gate that says nothing may go.
      noteDroppable(model)
      return result
    })
    expect(await storage.commit(sets)).toEqual(expected)
  })

interface CrowdSeed {
  readonly groups: readonly number[]
  readonly task: TaskSeed
  readonly slots: number
}

/** Tasks of a group in a crowd: with one or two no group can have a turn too many. */
const CROWD = 4

/** Some groups get several tasks each for one worker, and then it has fewer slots than tasks: so it matters whose turn it is. */
const crowd = (seed: CrowdSeed): StorageCommand =>
  command(`crowd(${JSON.stringify(seed)})`, async (model, { storage }) => {
    const existing = [...model.books.groups.keys()]
    const tasks = Array.from({ length: CROWD }, () => ({ ...seed.task, parents: [], key: 0, delay: 0, holds: 0 }))
    for (const index of new Set(seed.groups)) {
      const group = groupIds.indexOf(pick(existing, index) ?? '')
      const set = changeSetOf({ kind: 'insert', group, tasks, flaw: 'none' }, model)
      if (group >= 0 && set) expect(await storage.commit([set])).toEqual([commitToModel(model, set)])
    }
    const slots = Array.from({ length: workers.length }, () => 0).with(seed.task.worker % workers.length, seed.slots)
    const request = requestOf({ limit: 12, slots, slotsPerWorker: 0, maxLeases: 12, ms: 5_000 }, model)
    if (model.isPartitioned && hasLongEnded(model)) await reapSome(model, storage, MAX_LEASES)
    checkClaim(model, request, await storage.claim(request))
  })

type ClaimSeed = {
  readonly limit: number
  readonly slots: readonly number[]
  readonly slotsPerWorker: number
  readonly maxLeases: number
  readonly ms: number
}

const claim = (seed: ClaimSeed): StorageCommand =>
  command(`claim(${JSON.stringify(seed)})`, async (model, { storage }) => {
    if (model.isPartitioned && hasLongEnded(model)) await reapSome(model, storage, MAX_LEASES)
    const request = requestOf(seed, model)
    checkClaim(model, request, await storage.claim(request))
  })

function requestOf(seed: ClaimSeed, model: CommandRun): ClaimRequest {
  const { limit, slotsPerWorker, maxLeases: maxLeasesPerWorker, ms } = seed
  const slots = new Map(seed.slots.map((count, index) => [`w${index}`, count]))
  return { limit, slots, slotsPerWorker, maxLeasesPerWorker, until: model.clock.now() + ms }
}

function checkClaim(model: CommandRun, request: ClaimRequest, result: ClaimResult): void {
  const { tasks: before } = model.books
  for (const { task } of result.tasks) model.meets('claim', before.get(task.id) ?? task)
  noFaults(applyClaim(model, request, result, { hasTurns: !model.isPartitioned }))
  for (const { task, token, parents } of result.tasks) {
    model.leases.push({ taskId: task.id, token, version: task.version })
    same(task, model.books.tasks.get(task.id))
    const known = task.parentIds.map((id) => model.books.tasks.get(id))
    same(
      parents,
      known.map((parent) => parent && parentResult(parent)),
    )
  }
}

/** Calls that are on their way together: they may share a transaction, and are still applied one after another. */
const together = (first: readonly Edit[], seed: ClaimSeed, second: readonly Edit[]): StorageCommand =>
  command(`together(${JSON.stringify([first, seed, second])})`, async (model, { storage }) => {
    const setsOf = (edits: readonly Edit[]) =>
      edits.map((edit) => changeSetOf(edit, model)).filter((set) => set !== null)
    const [sets, later] = [setsOf(first), setsOf(second)]
    const request = requestOf(seed, model)
    const answers = await Promise.all([storage.commit(sets), storage.claim(request), storage.commit(later)])
    const expected = sets.map((set) => commitToModel(model, set))
    checkClaim(model, request, answers[1])
    expect([answers[0], answers[2]]).toEqual([expected, later.map((set) => commitToModel(model, set))])
  })

const parentResult = ({ id, worker, input, output }: Task) => ({ taskId: id, worker, input, output })

const renew = (picks: readonly number[], ms: number, holder: string | undefined): StorageCommand =>
  command(`renew(${JSON.stringify(picks)}, ${ms}, ${holder})`, async (model, { storage }) => {
    const seen = model.leases.length === 0 ? [] : picks.map((pick) => model.leases[pick % model.leases.length])
    const refs = [...new Set(seen)].filter((lease) => lease !== undefined)
    const until = model.clock.now() + ms
    const lost = refs.filter((lease) => !renewInModel(model, lease, { until, holder }))
    const answer = await storage.renewLeases(refs, until, holder)
    expect(answer.toSorted()).toEqual(lost.map(({ token }) => token).sort())
  })

const reap = (limit: number): StorageCommand =>
  command(`reap(${limit})`, (model, { storage }) => reapSome(model, storage, limit))

/** What a reaper does: each lease that ended is given back, by its token. */
async function reapSome(model: CommandRun, storage: TaskStorage, limit: number): Promise<void> {
  const found = await storage.listExpiredLeases(limit)
  const expired = [...model.books.tasks.values()].filter((task) => isLeaseExpired(model, task))
  expect(found).toHaveLength(Math.min(limit, expired.length))
  expect(found.map(untilOf)).toEqual(
    expired
      .map(untilOf)
      .sort((a, b) => a - b)
      .slice(0, limit),
  )
  const sets = found.map((task) => {
    expect(task).toEqual(model.books.tasks.get(task.id))
    model.meets('reap', task)
    return {
      guards: [{ kind: 'lease', taskId: task.id, token: task.lease?.token ?? '', version: task.version } as const],
      changes: [
        { kind: 'patchTask', taskId: task.id, patch: { givenBack: task.givenBack + 1 }, lease: 'settle' } as const,
      ],
      events: [],
    }
  })
  expect(await storage.commit(sets)).toEqual(sets.map((set) => commitToModel(model, set)))
}

/** A permit ends by itself a minute after its lease, which then counts no more. Servers reap each second. */
const hasLongEnded = (model: CommandRun): boolean =>
  [...model.books.tasks.values()].some(({ lease }) => lease !== null && lease.until <= model.clock.now() - 60_000)

const untilOf = (task: Task): number => task.lease?.until ?? 0

type RecordSeed = { readonly key: number; readonly value: string; readonly ms: number }

/** Some are in a kind, some have no end. */
const recordKeys = ['r0', 'kind/r1', 'kind/r2'] as const

const endOf = ({ ms }: RecordSeed, { clock }: CommandRun): number => (ms === 0 ? 0 : clock.now() + ms)

const putRecord = (seed: RecordSeed): StorageCommand =>
  command(`putRecord(${JSON.stringify(seed)})`, async (model, { storage }) => {
    const [key, value, end] = [recordKeys[seed.key] ?? '', seed.value || null, endOf(seed, model)]
    await storage.putRecord(key, value, end)
    putInModel(model, key, value, end)
    await compareRecords(model, storage)
  })

/** At once: one of them may create it, and all others see what that one put. */
const createRecords = (seeds: readonly RecordSeed[]): StorageCommand =>
  command(`createRecords(${JSON.stringify(seeds)})`, async (model, { storage }) => {
    const wanted = seeds.map((seed) => ({ ...seed, key: recordKeys[seed.key] ?? '', end: endOf(seed, model) }))
    const answers = await Promise.all(wanted.map(({ key, value, end }) => storage.createRecord(key, value, end)))
    for (const [index, { key, value, end }] of wanted.entries())
      if (answers[index] === null) expect(createInModel(model, key, value, end)).toBeNull()
    for (const [index, { key }] of wanted.entries())
      if (answers[index] !== null) expect(answers[index]).toBe(recordInModel(model, key))
    await compareRecords(model, storage)
  })

async function compareRecords(model: CommandRun, storage: TaskStorage): Promise<void> {
  const found = await Promise.all(recordKeys.map((key) => storage.getRecord(key)))
  expect(found).toEqual(recordKeys.map((key) => recordInModel(model, key)))
  const { records } = await storage.listRecords('kind', { page: 1, pageSize: 0 })
  expect(records).toEqual(recordsOfKind(model, 'kind'))
  expect(await scanned(storage)).toEqual(scannedRecords(model))
}

async function scanned(storage: TaskStorage): Promise<ScannedRecord[]> {
  const found: ScannedRecord[] = []
  for (let cursor: string | null = null; ; ) {
    const { records, next } = await storage.scanRecords(cursor)
    found.push(...records)
    if (next === null) return found.sort((a, b) => (a.key < b.key ? -1 : 1))
    cursor = next
  }
}

const advance = (ms: number): StorageCommand =>
  command(`advance(${ms})`, async (_, real) => {
    real.clock.advance(ms)
  })

/** The server dies and another boot opens the store. */
const crash = (): StorageCommand =>
  command('crash()', async (model, real) => {
    if (!real.reopen) return
    await real.storage.close()
    model.bootId = `boot-${model.executed}`
    real.storage = await real.reopen(model.bootId)
  })

const leaseMs = fc.constantFrom(1, 1_000, 5_000, 30_000)
const slots = fc.nat({ max: 8 })
const recordSeed: fc.Arbitrary<RecordSeed> = fc.record({
  key: fc.nat({ max: recordKeys.length - 1 }),
  value: fc.constantFrom('', 'a', '7 b'),
  ms: fc.constantFrom(0, 1, 1_000, 9_000),
})
const crowdSeed: fc.Arbitrary<CrowdSeed> = fc.record({
  groups: fc.array(fc.nat({ max: 5 }), { minLength: 2, maxLength: 2 }),
  task: taskSeed,
  slots: fc.integer({ min: 2, max: 5 }),
})
const claimSeed: fc.Arbitrary<ClaimSeed> = fc.record({
  limit: fc.nat({ max: 12 }),
  slots: fc.array(slots, { maxLength: 2 }),
  slotsPerWorker: slots,
  maxLeases: fc.integer({ min: 1, max: 12 }),
  ms: leaseMs,
})

interface Weighed {
  readonly weight: number
  readonly arbitrary: fc.Arbitrary<StorageCommand>
  /** Of the engine. */
  readonly needs?: 'durable' | 'order'
}

const arbitraries: readonly Weighed[] = [
  { weight: 24, arbitrary: fc.array(anyEdit, { minLength: 1, maxLength: 1 }).map(commit) },
  { weight: 4, arbitrary: fc.array(anyEdit, { minLength: 2, maxLength: 6 }).map(commit) },
  { weight: 8, arbitrary: claimSeed.map(claim) },
  { weight: 0.5, arbitrary: crowdSeed.map(crowd) },
  {
    weight: 4,
    needs: 'order',
    arbitrary: fc
      .tuple(fc.array(anyEdit, { maxLength: 2 }), claimSeed, fc.array(anyEdit, { maxLength: 2 }))
      .map(([first, seed, second]) => together(first, seed, second)),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.array(fc.nat({ max: 1_000 }), { maxLength: 4 }), leaseMs, fc.constantFrom(undefined, 'outside:w'))
      .map(([picks, ms, holder]) => renew(picks, ms, holder)),
  },
  { weight: 3, arbitrary: fc.nat({ max: 4 }).map(reap) },
  { weight: 0.5, arbitrary: recordSeed.map(putRecord) },
  { weight: 1, arbitrary: fc.array(recordSeed, { minLength: 1, maxLength: 3 }).map(createRecords) },
  { weight: 3, arbitrary: fc.constantFrom(1, 499, 1_000, 9_000, 40_000).map(advance) },
  { weight: 0.5, needs: 'durable', arbitrary: fc.constant(null).map(crash) },
]

/** Those that an engine can be asked for: not every one can be reopened, or has calls made together in order. */
export function anyCommand({
  isDurable,
  isUnordered,
}: Pick<StorageFactory, 'isDurable' | 'isUnordered'>): fc.Arbitrary<StorageCommand> {
  const used = arbitraries.filter(
    ({ needs }) => !(needs === 'durable' && !isDurable) && !(needs === 'order' && isUnordered),
  )
  return fc.oneof(...used.map(({ weight, arbitrary }) => ({ weight: Math.round(weight * 4), arbitrary })))
}
