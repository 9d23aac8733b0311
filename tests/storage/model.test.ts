import { describe, expect, test } from 'vitest'
import type { Change, ChangeSet, CommitResult } from '../../server/core/change-set.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { changeSet, insertTask, putGroup } from '../support/changes.ts'
import { makeGroup, makeTask } from '../support/make.ts'
import { simulatedClock } from '../support/simulated-clock.ts'
import { describeTaskStorage } from './conformance.ts'
import { commitToModel, leaseInModel, type Model, makeModel } from './model.ts'
import { changeSetOf } from './model-edits.ts'
import { reportOf } from './model-report.ts'
import { describeStorageModel, runModel } from './model-run.ts'
import { openModelStorage } from './model-storage.ts'
import type { OpenOptions, StorageFactory } from './storage-world.ts'

const modelFactory = (open: (options: OpenOptions) => TaskStorage): StorageFactory => ({
  open: async (options) => open(options),
  isDurable: false,
  cleanup: async () => {},
})

// The suite is tested on the model first: where they disagree one of them is wrong about the port.
describeTaskStorage('the model', modelFactory(openModelStorage))
describeStorageModel('the model', modelFactory(openModelStorage), { commands: 2_000, seed: 1 })

test('no edit moves a task that runs to gates that have no permit for it', () => {
  const run = { ...makeModel(simulatedClock(), 'boot'), leases: [], made: 0, isPartitioned: true, meets: () => {} }
  const task = makeTask({ id: 'a', worker: 'w0', workgroup: 'wg1' })
  commitToModel(run, changeSet({ changes: [putGroup(makeGroup({ id: task.groupId })), insertTask(task)] }))
  leaseInModel(run, 'a', { token: 'a.1', until: run.clock.now() + 1_000 })
  const seed = { parents: [], key: 0, worker: 1, workgroup: 2, priority: 1, delay: 0, holds: 0, weight: 0 }
  const edited = changeSetOf({ kind: 'edit', task: 0, isStale: false, seed, field: 9 }, run)
  expect(edited?.changes).toMatchObject([{ patch: { worker: 'w0', workgroup: 'wg1', priority: 1 } }])
})

/** An engine that applies something else than what it was told. */
const altering = (alter: (set: ChangeSet, model: Model) => ChangeSet) => (options: OpenOptions) =>
  openModelStorage({ ...options, commit: (model, set): CommitResult => commitToModel(model, alter(set, model)) })

const withoutGuards = (kind: string) =>
  altering((set) => ({ ...set, guards: set.guards.filter((guard) => guard.kind !== kind) }))

/** An engine with one method broken. */
const broken = (breakIt: (storage: TaskStorage) => Partial<TaskStorage>) => (options: OpenOptions) => {
  const storage = openModelStorage(options)
  return { ...storage, ...breakIt(storage) }
}

const mutants: Record<string, (options: OpenOptions) => TaskStorage> = {
  'takes any token': withoutGuards('lease'),
  'takes results decided before an edit': altering((set, model) => ({
    ...set,
    guards: set.guards.map((guard) =>
      guard.kind === 'lease' ? { ...guard, version: model.books.tasks.get(guard.taskId)?.version ?? 0 } : guard,
    ),
  })),
  'takes edits of an older version': withoutGuards('version'),
  'makes a group that exists again': withoutGuards('group'),
  'does not count duplicates': withoutGuards('duplicates'),
  'does not count children': withoutGuards('children'),
  'never releases children': altering((set) => ({
    ...set,
    changes: set.changes.filter(({ kind }) => kind !== 'releaseChildren'),
  })),
  'releases children twice': altering((set) => ({
    ...set,
    changes: set.changes.flatMap((change): Change[] =>
      change.kind === 'releaseChildren' ? [change, change] : [change],
    ),
  })),
  'forgets to fence': altering((set) => ({
    ...set,
    changes: set.changes.map((change) => {
      if (change.kind !== 'patchTask' || change.lease !== 'fence') return change
      const { lease: _, ...rest } = change
      return rest
    }),
  })),
  'settles where it should fence': altering((set) => ({
    ...set,
    changes: set.changes.map((change) => (change.kind === 'patchTask' ? { ...change, lease: 'settle' } : change)),
  })),
  'lowers a hold': altering((set) => ({
    ...set,
    changes: set.changes.flatMap((change): Change[] =>
      change.kind === 'holdWork'
        ? [{ kind: 'releaseWork', scope: change.hold.scope, name: change.hold.name }, change]
        : [change],
    ),
  })),
  'applies what a refused set wrote before': (options) =>
    openModelStorage({
      ...options,
      commit: (model, set) => {
        const result = commitToModel(model, set)
        if (result === 'conflict') {
          for (const change of set.changes) commitToModel(model, { guards: [], changes: [change], events: [] })
        }
        return result
      },
    }),
  'has a clock that is ahead': ({ clock, bootId }) =>
    openModelStorage({ clock: { now: () => clock.now() + 600 }, bootId }),
  'claims more than was asked for': broken((storage) => ({
    claim: (request) => storage.claim({ ...request, limit: request.limit + 1 }),
  })),
  'fills only one slot': broken((storage) => ({
    claim: (request) => storage.claim({ ...request, limit: Math.min(1, request.limit) }),
  })),
  'claims in the wrong order': broken((storage) => ({
    claim: async (request) => {
      const result = await storage.claim(request)
      return { ...result, tasks: result.tasks.toReversed() }
    },
  })),
  'has no turns for groups': (options) => openModelStorage({ ...options, hasTurns: false }),
  'never says when to ask again': broken((storage) => ({
    claim: async (request) => ({ ...(await storage.claim(request)), nextDueAt: null }),
  })),
  'forgets limits': altering((set) => ({
    ...set,
    changes: set.changes.map((change) => (change.kind === 'limitWork' ? { ...change, limits: null } : change)),
  })),
  'keeps no pace': altering((set) => ({ ...set, changes: set.changes.filter(({ kind }) => kind !== 'paceWork') })),
  'narrows nobody': altering((set) => ({ ...set, changes: set.changes.filter(({ kind }) => kind !== 'narrowWork') })),
  'ends any hold when a breaker closes': altering((set) => ({
    ...set,
    changes: set.changes.map((change): Change => {
      if (change.kind !== 'releaseWork' || !change.onlyBreaker) return change
      const { onlyBreaker: _, ...rest } = change
      return rest
    }),
  })),
  'opens every breaker as a plain hold': altering((set) => ({
    ...set,
    changes: set.changes.map((change) =>
      change.kind === 'holdWork' ? { ...change, hold: { ...change.hold, probeMs: 0 } } : change,
    ),
  })),
  'takes no start for a probe': broken((storage) => ({
    claim: async (request) => {
      const result = await storage.claim(request)
      return { ...result, tasks: result.tasks.map((claimed) => ({ ...claimed, isProbe: false })) }
    },
  })),
  'forgets holds that are over': broken((storage) => ({
    listPastHolds: async (scope, name) =>
      (await storage.listPastHolds(scope, name)).filter(({ endedAt }) => endedAt === null),
  })),
  'counts nobody ahead': broken(() => ({ countAhead: async () => 0 })),
  'does not find expired leases': broken(() => ({ listExpiredLeases: async () => [] })),
  'renews leases that are lost': broken((storage) => ({
    renewLeases: async (leases, until) => {
      await storage.renewLeases(leases, until)
      return []
    },
  })),
}

describe('an engine is found out that', () => {
  for (const [fault, open] of Object.entries(mutants)) {
    test(fault, async () => {
      const run = runModel(modelFactory(open), { commands: 10_000, seed: 1, isShrinking: false })
      await expect(run).rejects.toThrow('differs from the model')
    })
  }
})

test('a run ends when enough commands ran', async () => {
  const { executed } = await runModel(modelFactory(openModelStorage), { commands: 300, seed: 1 })
  expect(executed).toBeGreaterThanOrEqual(300)
  expect(executed).toBeLessThan(300 + 150)
})

test('a failure says what differs, how to find it again, and the few commands that lead there', async () => {
  const open = mutants['claims more than was asked for']
  if (!open) throw new Error('there is no such engine')
  const failed = await runModel(modelFactory(open), { commands: 1_000, seed: 1 }).catch((error: Error) => error.message)
  const [what, where, ...commands] = `${failed}`.split('\n')
  expect(what).toMatch(/^the engine differs from the model: \d+ tasks were claimed, the limit is \d+$/)
  expect(where).toMatch(/^seed 1, path "[\d:]+", shrunk \d+ times to \d+ commands:$/)
  expect(commands.length).toBeLessThan(10)
  expect(commands.at(-1)).toMatch(/^(claim|together)\(/)
})

test('a report of very many commands is cut to the last of them', () => {
  const commands = Array.from({ length: 100 }, (_, n) => `command ${n} ${'x'.repeat(5_000)}`)
  const { message } = reportOf({ error: new Error('why'), commands }, { seed: 1, path: '0', shrinks: 0 })
  const lines = message.split('\n')
  expect([lines.length, lines[2], lines.at(-1)?.slice(0, 10)]).toEqual([63, '(40 before these)', 'command 99'])
  expect(message.length).toBeLessThan(30_000)
})
