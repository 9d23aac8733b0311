import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { HoldScope } from '../../server/core/change-set.ts'
import { sentenceOf } from '../../server/core/fault.ts'
import { type Task, taskStates, withoutPayloads } from '../../server/core/task.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { settledGate } from './gate-steps.ts'
import {
  childrenOf,
  countGroup,
  duplicatesOf,
  hasEnded,
  isFinished,
  type Model,
  stateInModel,
  tasksOf,
} from './model.ts'
import { compareFailing } from './model-failing.ts'
import { everyGate } from './model-gate-edits.ts'
import {
  forgetLike,
  forgettable,
  gateInModel,
  gateNames,
  liveHolds,
  narrowLike,
  pastHoldsInModel,
} from './model-gates.ts'
import { compareGroupLists } from './model-groups.ts'
import { placesOf, trafficRow } from './model-traffic.ts'
import { everyGroup, everyTask } from './storage-world.ts'

/** The model, and how many commands ran: lists come up by turns. */
type ComparedModel = Model & { readonly executed: number; readonly isPartitioned: boolean }

/** Commands from one full scan to the next: on a Cluster it takes as long as all the rest. What it finds is found at the end as well. */
const AUDIT_EVERY = 8

/** All that can be asked of a store at once: tasks, groups and their books after every command, the lists by turns. */
export async function compareAll(model: ComparedModel, storage: TaskStorage): Promise<void> {
  const groups = [...model.books.groups.values()]
  const [{ groups: found, count }, pages] = await Promise.all([
    storage.listGroups(everyGroup),
    Promise.all(groups.map(({ id }) => storage.listTasks(everyTask(id)))),
    compareLists(model, storage),
    model.executed % AUDIT_EVERY === 0 ? compareAudit(storage) : null,
  ])
  expect(count).toBe(groups.length)
  expect(timesOf(found)).toEqual(timesOf(found).sort((a, b) => b - a))
  const counted = groups.map((group) => countGroup(model, group))
  same(byId(found), byId(counted))
  for (const [index, { tasks }] of pages.entries()) {
    expect(timesOf(tasks)).toEqual(timesOf(tasks).sort((a, b) => a - b))
    same(byId(tasks), byId(tasksOf(model, groups[index]?.id ?? '')))
  }
}

/** Counters, countdowns and indexes agree with a full scan (I12). */
export async function compareAudit(storage: TaskStorage): Promise<void> {
  noFaults((await storage.audit()).faults.map(sentenceOf))
}

/** `dropped`: what the engine may have dropped of each gate in this command. */
export async function compareGates(
  model: ComparedModel,
  storage: TaskStorage,
  dropped: readonly ReturnType<typeof forgettable>[],
): Promise<void> {
  const now = model.clock.now()
  const gates = await storage.getGates(everyGate)
  expect(gates).toHaveLength(everyGate.length)
  for (const [index, ref] of everyGate.entries()) {
    const gate = gates[index]
    if (!gate) continue
    if (model.isPartitioned) narrowLike(model, gate)
    forgetLike(model, gate, [...(dropped[index] ?? []), ...forgettable(model, ref)])
    same(settledGate(gate, now), settledGate(gateInModel(model, ref), now))
  }
}

async function compareTraffic(model: ComparedModel, storage: TaskStorage): Promise<void> {
  const all = { page: 1, pageSize: 0 }
  const [{ workers }, { workgroups }] = await Promise.all([storage.listWorkers(all), storage.listWorkgroups(all)])
  const rowsOf = (scope: HoldScope) => {
    const named = [...model.books.tasks.values()].map((task) => task[scope])
    const names = [...new Set([...named, ...gateNames(model, scope)])].filter((name) => name !== '')
    return names.sort().map((name) => trafficRow(model, scope, name))
  }
  same(workers, rowsOf('worker'))
  same(workgroups, rowsOf('workgroup'))
  expect(await storage.countTasks()).toBe(model.books.tasks.size)
}

/** Until when each gate is held is compared with the gates. */
async function compareHolds(model: ComparedModel, storage: TaskStorage): Promise<void> {
  for (const scope of ['workgroup', 'worker'] as const)
    same(byName(await storage.listHolds(scope)), byName(liveHolds(model, scope)))
}

async function comparePastHolds(model: ComparedModel, storage: TaskStorage): Promise<void> {
  for (const { scope, name } of everyGate) {
    if (scope !== 'all') same(await storage.listPastHolds(scope, name), [...pastHoldsInModel(model, scope, name)])
  }
}

async function comparePlace(model: ComparedModel, storage: TaskStorage, { id }: Task): Promise<void> {
  const { least, most } = placesOf(model, id)
  const ahead = await storage.countAhead(id)
  expect(ahead).toBeGreaterThanOrEqual(least)
  expect(ahead).toBeLessThanOrEqual(most)
}

/** One of the lists, and one thing in it, by turns: all of them come up hundreds of times in a run. */
async function compareLists(model: ComparedModel, storage: TaskStorage): Promise<void> {
  const turn = model.executed
  const all = [...model.books.tasks.values()]
  const task = all[turn % Math.max(1, all.length)]
  if (!task) return
  switch (turn % 13) {
    case 0: {
      const states = taskStates.filter((_, at) => at === turn % taskStates.length || at === (turn >> 4) % 16)
      const listed = await storage.listTasks({ ...everyTask(task.groupId), states, payloads: false })
      const expected = tasksOf(model, task.groupId).filter((each) => states.includes(stateInModel(model, each)))
      same(byId(listed.tasks), byId(expected.map(withoutPayloads)))
      return expect(listed.count).toBe(expected.length)
    }
    case 1: {
      const children = byId(childrenOf(model.books, task.id))
      const { tasks } = await storage.listTasks({ ...everyTask(task.groupId), parent: task.id })
      same(byId(tasks), children)
      return same(byId(await storage.listChildren([task.id])), children)
    }
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
    case 6:
      return compareTraffic(model, storage)
    case 7:
      return comparePastHolds(model, storage)
    case 8:
      return compareHolds(model, storage)
    case 9:
      return comparePlace(model, storage, task)
    case 10:
      return compareGroupLists(model, storage, turn)
    case 11:
      return compareFailing(model, storage, task)
    default: {
      return compareEnded(model, storage)
    }
  }
}

async function compareEnded(model: Model, storage: TaskStorage): Promise<void> {
  const all = [...model.books.groups.keys()].filter((id) => hasEnded(model, id))
  for (const ending of ['succeeded', 'failed'] as const) {
    const found = await storage.listEndedGroups({ ending, before: model.clock.now() + 1, limit: 100 })
    const expected = all.filter((id) => isFinished(model, id) === (ending === 'succeeded'))
    expect(sortedIds(found)).toEqual(expected.sort())
  }
}

/** Vitest's own comparison explains well and takes long: it is asked only when there is something to explain, of lists the first. */
export function same(found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return
  if (Array.isArray(found) && Array.isArray(expected) && found.length === expected.length) {
    const at = found.findIndex((one, index) => !isDeepStrictEqual(one, expected[index]))
    expect(found[at], `place ${at}`).toStrictEqual(expected[at])
  }
  expect(found).toStrictEqual(expected)
}

/** Sentences that say what is wrong. */
export function noFaults(faults: readonly string[]): void {
  if (faults.length > 0) throw new Error(faults.join('; '))
}

const timesOf = (things: readonly { readonly createdAt: number }[]): number[] =>
  things.map(({ createdAt }) => createdAt)
const byId = <Thing extends { readonly id: string }>(things: readonly Thing[]): Thing[] =>
  things.toSorted((a, b) => (a.id < b.id ? -1 : 1))
const byName = <Thing extends { readonly name: string }>(things: readonly Thing[]): Thing[] =>
  things.toSorted((a, b) => (a.name < b.name ? -1 : 1))
const sortedIds = (things: readonly { readonly id: string }[]): string[] => things.map(({ id }) => id).sort()
