import { describe, expect, test } from 'vitest'
import type { Change, ChangeSet, Guard } from '../../server/core/change-set.ts'
import { createGraph } from '../../server/services/groups.ts'
import { deleteTask } from '../../server/services/tasks.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { simulatedClock } from '../support/simulated-clock.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import type { Agenda } from './agenda.ts'
import { Answers } from './answers.ts'
import { makeChance } from './chance.ts'
import type { Plan } from './plan.ts'
import { Promises } from './promises.ts'
import { SharedStore } from './shared-store.ts'
import { type SimulationOptions, simulate } from './simulate.ts'
import { Violation } from './violation.ts'

/** A control is looked for where it shows soonest, as most of a seed's time would be about other things. */
const PLAIN: Partial<Plan> = {
  isAttended: true,
  faults: new Set(['kill', 'stall', 'executeThenFail', 'reorder']),
  operations: new Set(['createGraph', 'createTasks', 'editTask', 'resetTask', 'pauseGroup']),
  answers: new Set(['success', 'children', 'error']),
}

/** Nothing here is about time: a busy machine may take as long as it likes. */
const PATIENCE = { timeout: 180_000 }

/** The promise that one of the first seeds found broken; null: none did. */
async function findBroken(options: Omit<SimulationOptions, 'seed' | 'plan'>): Promise<string | null> {
  for (let seed = 1; seed <= MAX_SEEDS; seed++) {
    const error: unknown = await simulate({ ...options, plan: PLAIN, seed }).then(
      () => null,
      (failure: Error) => failure.cause,
    )
    if (error instanceof Violation) return error.promise
    if (error !== null) throw error
  }
  return null
}

/** Most are found by the first few. */
const MAX_SEEDS = 60

const altering =
  (alter: (change: Change) => readonly Change[]) =>
  (changeSet: ChangeSet): ChangeSet => ({ ...changeSet, changes: changeSet.changes.flatMap(alter) })

/** Children are written a moment after the completion that names them. */
function childrenApart(storage: TaskStorage, agenda: Agenda): TaskStorage {
  const isChild = (change: Change): boolean => change.kind === 'insertTask' && change.task.createdBy !== ''
  return wrapStorage(storage, {
    async commit(changeSets) {
      const results = await storage.commit(
        changeSets.map((set) => ({ ...set, changes: set.changes.filter((change) => !isChild(change)) })),
      )
      const apart = changeSets.flatMap(({ changes }) => changes.filter(isChild))
      const later = { guards: [], changes: apart, events: [] }
      if (apart.length > 0) agenda.after(1, '', () => void storage.commit([later]).catch(() => {}))
      return results
    },
  })
}

describe('the simulator finds out', PATIENCE, () => {
  test('a store that takes any token', async () => {
    const tamper: SimulationOptions['tamper'] = (changeSet, before) => ({
      ...changeSet,
      guards: changeSet.guards.map((guard): Guard => {
        const task = before.find(({ id }) => guard.kind === 'lease' && id === guard.taskId)
        return task ? { kind: 'version', taskId: task.id, version: task.version } : guard
      }),
    })
    expect(await findBroken({ tamper })).toMatch(/^I[37]$/)
  })

  test('a store that takes what was decided before an edit', async () => {
    const tamper: SimulationOptions['tamper'] = (changeSet, before) => ({
      ...changeSet,
      guards: changeSet.guards.map((guard): Guard => {
        const task = before.find(({ id }) => guard.kind === 'lease' && id === guard.taskId)
        return task && guard.kind === 'lease' ? { ...guard, version: task.version } : guard
      }),
    })
    expect(await findBroken({ tamper })).toBe('I7')
  })

  test('a server that commits children apart from the completion', async () => {
    expect(await findBroken({ wrap: childrenApart })).toBe('I5')
  })

  test('a store that counts a parent down twice', async () => {
    const tamper = altering((change) => (change.kind === 'releaseChildren' ? [change, change] : [change]))
    expect(await findBroken({ tamper })).toMatch(/^I(2|12)$/)
  })

  test('a store that acknowledges a pause and keeps none', async () => {
    const tamper = altering((change) =>
      change.kind === 'putGroup' ? [{ ...change, group: { ...change.group, isPaused: false } }] : [change],
    )
    expect(await findBroken({ tamper })).toBe('I6')
  })

  test('a store that loses a task that it acknowledged', async () => {
    const tamper = altering((change) => (change.kind === 'insertTask' && change.task.id === 'g5.1' ? [] : [change]))
    expect(await findBroken({ tamper })).toBe('I1')
  })

  test('a store that forgets how many may run at once', async () => {
    const tamper = altering((change) => (change.kind === 'limitWork' ? [] : [change]))
    expect(await findBroken({ tamper })).toBe('I11')
  })

  test('a store that compares runAfter with a clock that is ahead', async () => {
    expect(await findBroken({ claimsAheadMs: 300 })).toBe('I10')
  })

  test('a server that POSTs what it claimed twice', async () => {
    const wrap = (storage: TaskStorage): TaskStorage =>
      wrapStorage(storage, {
        async claim(request) {
          const { tasks, nextDueAt } = await storage.claim(request)
          return { tasks: [...tasks, ...tasks], nextDueAt }
        },
      })
    expect(await findBroken({ wrap })).toBe('I9')
  })

  test('servers that never look for leases that ended', async () => {
    const wrap = (storage: TaskStorage): TaskStorage => wrapStorage(storage, { listExpiredLeases: async () => [] })
    expect(await findBroken({ wrap })).toBe('liveness')
  })

  test('a server that runs a duplicate again', async () => {
    const wrap = (storage: TaskStorage): TaskStorage => wrapStorage(storage, { listDuplicates: async () => [] })
    expect(await findBroken({ wrap })).toMatch(/^(I8|liveness)$/)
  })
})

test('a store that is made anew from its log is the same store', async () => {
  const chance = makeChance(1)
  const clock = simulatedClock()
  const answers = new Answers()
  let made = 0
  const next = (prefix: string) => () => `${prefix}-${++made}`
  const store = new SharedStore({ answers, promises: new Promises(), now: clock.now, newToken: next('token') })
  const workers = { hasAddress: () => true, slotsOf: () => null }
  const context = { storage: store.storage, clock, random: chance.next, newId: next('new'), workers }
  const tasks = ['a', 'b', 'c'].map((id) => ({ id, worker: 'w' }))
  await createGraph(context, { id: 'g', name: '', tasks })
  const claim = { limit: 2, slots: [], slotsPerWorker: 2, maxLeasesPerWorker: 2, until: clock.now() + 1000 }
  store.run({ method: 'claim', args: [claim] })
  const before = store.engine.audit().fingerprint
  await deleteTask(context, { taskId: 'c' })
  const after = store.engine.audit().fingerprint
  expect(store.rollBack(0)).toBe(0)
  expect(store.engine.audit().fingerprint).toBe(after)
  expect(store.rollBack(1)).toBe(1)
  expect(store.engine.audit().fingerprint).toBe(before)
  expect(store.leases).toBe(2)
  store.close()
})

describe('a seed', PATIENCE, () => {
  test('repeats everything that happened, to the last event', async () => {
    for (const seed of [1, 2, 3]) {
      const [first, again] = [await simulate({ seed }), await simulate({ seed })]
      expect(again).toEqual(first)
    }
  })

  test('differs from any other', async () => {
    const hashes = new Set<string>()
    for (let seed = 1; seed <= 5; seed++) hashes.add((await simulate({ seed })).hash)
    expect(hashes.size).toBe(5)
  })

  test('that breaks a promise is told with what repeats it, and with what came last', async () => {
    const wrap = (storage: TaskStorage): TaskStorage => wrapStorage(storage, { listExpiredLeases: async () => [] })
    const errors: Error[] = []
    for (let seed = 1; seed <= MAX_SEEDS && errors.length === 0; seed++)
      await simulate({ seed, wrap, plan: PLAIN }).catch((error: Error) => errors.push(error))
    expect(errors[0]?.message).toMatch(
      /^CREW_SIM_SEED=\d+ breaks a promise: .*liveness: after 120000 ms there are left: /,
    )
    expect(errors[0]?.message.split('\n').length).toBeGreaterThan(50)
  })
})
