import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect } from 'vitest'
import { type Task, taskStates } from '../../server/core/task.ts'
import type { ClaimRequest, ClaimResult, TaskStorage } from '../../storage/task-storage.ts'
import type { SimulatedClock } from '../support/simulated-clock.ts'
import {
  childrenOf,
  commitToModel,
  countGroup,
  duplicatesOf,
  isFinished,
  isLeaseExpired,
  liveHolds,
  renewInModel,
  stateInModel,
  tasksOf,
} from './model.ts'
import { anyEdit } from './model-arbitraries.ts'
import { applyClaim } from './model-claims.ts'
import { changeSetOf, type Edit, type ModelRun } from './model-edits.ts'
import type { StorageFactory } from './storage-world.ts'
import { everyGroup, everyTask } from './storage-world.ts'

/** The store under test, and how to move time and crash it. */
export interface RealRun {
  storage: TaskStorage
  readonly clock: SimulatedClock
  /** Opens the store again as another boot; null when the engine forgets. */
  readonly reopen: ((bootId: string) => Promise<TaskStorage>) | null
}

export interface CommandRun extends ModelRun {
  bootId: string
  readonly isPartitioned: boolean
  /** Commands that ran: proof that the test did its work. */
  executed: number
}

/** One step on model and store. Holds only numbers, so that it can be run again on another state while shrinking. */
export type StorageCommand = fc.AsyncCommand<CommandRun, RealRun>

/** A command that compares the whole state when it is done. */
const command = (text: string, run: (model: CommandRun, real: RealRun) => Promise<void>): StorageCommand => ({
  check: () => true,
  run: async (model, real) => {
    await run(model, real)
    model.executed++
    await compareAll(model, real.storage)
  },
  toString: () => text,
})

/** Several change sets in one call: some apply, some are refused, none may touch the others. */
const commit = (edits: readonly Edit[]): StorageCommand =>
  command(`commit(${JSON.stringify(edits)})`, async (model, { storage }) => {
    const sets = edits.map((edit) => changeSetOf(edit, model)).filter((set) => set !== null)
    const expected = sets.map((set) => commitToModel(model, set))
    expect(await storage.commit(sets)).toEqual(expected)
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
    const request = requestOf(seed, model)
    checkClaim(model, request, await storage.claim(request))
  })

function requestOf(seed: ClaimSeed, model: CommandRun): ClaimRequest {
  const { limit, slotsPerWorker, ms } = seed
  // Permits are counted by the worker that a task had when it was claimed: the model's edits of running tasks would differ.
  const maxLeasesPerWorker = model.isPartitioned ? 1_000 : seed.maxLeases
  const slots = new Map(seed.slots.map((count, index) => [`w${index}`, count]))
  return { limit, slots, slotsPerWorker, maxLeasesPerWorker, until: model.clock.now() + ms }
}

function checkClaim(model: CommandRun, request: ClaimRequest, result: ClaimResult): void {
  const { tasks: before } = model.books
  for (const { task } of result.tasks) model.meets('claim', before.get(task.id) ?? task)
  expect(applyClaim(model, request, result, { hasTurns: !model.isPartitioned })).toEqual([])
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

const renew = (picks: readonly number[], ms: number): StorageCommand =>
  command(`renew(${JSON.stringify(picks)}, ${ms})`, async (model, { storage }) => {
    const seen = model.leases.length === 0 ? [] : picks.map((pick) => model.leases[pick % model.leases.length])
    const refs = [...new Set(seen)].filter((lease) => lease !== undefined)
    const until = model.clock.now() + ms
    const lost = refs.filter(({ taskId, token }) => !renewInModel(model, taskId, token, until))
    const answer = await storage.renewLeases(refs, until)
    expect(answer.toSorted()).toEqual(lost.map(({ token }) => token).sort())
  })

/** What a reaper does: each lease that ended is given back, by its token. */
const reap = (limit: number): StorageCommand =>
  command(`reap(${limit})`, async (model, { storage }) => {
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
  })

const untilOf = (task: Task): number => task.lease?.until ?? 0

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

/** All that can be asked of a store at once: everything after every command, the lists by turns. */
async function compareAll(model: CommandRun, storage: TaskStorage): Promise<void> {
  const groups = [...model.books.groups.values()]
  const [{ groups: found, count }, pages, ofWorkgroups, ofWorkers, { faults }] = await Promise.all([
    storage.listGroups(everyGroup),
    Promise.all(groups.map(({ id }) => storage.listTasks(everyTask(id)))),
    storage.listHolds('workgroup'),
    storage.listHolds('worker'),
    storage.audit(),
    compareLists(model, storage),
  ])
  expect(count).toBe(groups.length)
  expect(timesOf(found)).toEqual(timesOf(found).sort((a, b) => b - a))
  const counted = groups.map((group) => countGroup(model, group))
  same(byId(found), byId(counted))
  for (const [index, { tasks }] of pages.entries()) {
    expect(timesOf(tasks)).toEqual(timesOf(tasks).sort((a, b) => a - b))
    same(byId(tasks), byId(tasksOf(model, groups[index]?.id ?? '')))
  }
  same(byName(ofWorkgroups), byName(liveHolds(model, 'workgroup')))
  same(byName(ofWorkers), byName(liveHolds(model, 'worker')))
  expect(faults).toEqual([])
}

/** One of the lists, and one thing in it, by turns: all of them come up hundreds of times in a run. */
async function compareLists(model: CommandRun, storage: TaskStorage): Promise<void> {
  const turn = model.executed
  const all = [...model.books.tasks.values()]
  const task = all[turn % Math.max(1, all.length)]
  if (!task) return
  switch (turn % 7) {
    case 0: {
      const state = taskStates[turn % taskStates.length] ?? 'ready'
      const listed = await storage.listTasks({ ...everyTask(task.groupId), state })
      const expected = tasksOf(model, task.groupId).filter((each) => stateInModel(model, each) === state)
      return expect([sortedIds(listed.tasks), listed.count]).toEqual([sortedIds(expected), expected.length])
    }
    case 1:
      return same(byId(await storage.listChildren([task.id])), byId(childrenOf(model.books, task.id)))
    case 2:
      return same(byId(await storage.listDuplicates(task.mergeKey)), byId(duplicatesOf(model.books, task.mergeKey)))
    case 3:
      return same(
        byId(await storage.listCreatedBy([task.createdBy])),
        byId(all.filter((each) => each.createdBy !== '' && each.createdBy === task.createdBy)),
      )
    case 4:
      return same(await storage.listAttempts(task.id), (model.books.attempts.get(task.id) ?? []).toReversed())
    case 5: {
      const { colour = 'none' } = task.metadata
      const ids = (await storage.listTasks({ ...everyTask(task.groupId), metadata: { colour } })).tasks
      const expected = tasksOf(model, task.groupId).filter(({ metadata }) => metadata.colour === colour)
      return expect(sortedIds(ids)).toEqual(sortedIds(expected))
    }
    default: {
      const finished = [...model.books.groups.keys()].filter((id) => isFinished(model, id))
      return expect((await storage.listFinishedGroups(model.clock.now() + 1, 100)).sort()).toEqual(finished.sort())
    }
  }
}

/** Vitest's own comparison explains well and takes long: it is asked only when there is something to explain. */
function same(found: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(found, expected)) expect(found).toStrictEqual(expected)
}

const timesOf = (things: readonly { readonly createdAt: number }[]): number[] =>
  things.map(({ createdAt }) => createdAt)
const byId = <Thing extends { readonly id: string }>(things: readonly Thing[]): Thing[] =>
  things.toSorted((a, b) => (a.id < b.id ? -1 : 1))
const byName = <Thing extends { readonly name: string }>(things: readonly Thing[]): Thing[] =>
  things.toSorted((a, b) => (a.name < b.name ? -1 : 1))
const sortedIds = (things: readonly { readonly id: string }[]): string[] => things.map(({ id }) => id).sort()

const leaseMs = fc.constantFrom(1, 1_000, 5_000, 30_000)
const slots = fc.nat({ max: 8 })
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
      .tuple(fc.array(fc.nat({ max: 1_000 }), { maxLength: 4 }), leaseMs)
      .map(([picks, ms]) => renew(picks, ms)),
  },
  { weight: 3, arbitrary: fc.nat({ max: 4 }).map(reap) },
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
