import { describe, expect, test } from 'vitest'
import type { Change, ChangeSet, CommitResult } from '../../server/core/change-set.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { describeTaskStorage } from './conformance.ts'
import { commitToModel, type Model } from './model.ts'
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
  'never says when to ask again': broken((storage) => ({
    claim: async (request) => ({ ...(await storage.claim(request)), nextDueAt: null }),
  })),
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
      await expect(run).rejects.toThrow('Property failed')
    })
  }
})
