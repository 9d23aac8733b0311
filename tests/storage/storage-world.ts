import { expect } from 'vitest'
import type { Change, ChangeSet, CommitResult } from '../../server/core/change-set.ts'
import type { Clock } from '../../server/core/clock.ts'
import { Hold, stateOf, type Task } from '../../server/core/task.ts'
import type { CountedGroup, TaskGroup } from '../../server/core/task-group.ts'
import type { ClaimedTask, ClaimRequest, EndedQuery, TaskQuery, TaskStorage } from '../../storage/task-storage.ts'
import { changeSet, holdWork, insertTask, putGroup, success } from '../support/changes.ts'
import { makeWorld, type World } from '../support/make.ts'
import { simulatedClock } from '../support/simulated-clock.ts'

export interface OpenOptions {
  readonly clock: Clock
  readonly bootId: string
}

/** What an engine gives to be tested: how to open it, and how to clean up after it. */
export interface StorageFactory {
  /** An empty store. */
  open(options: OpenOptions): Promise<TaskStorage>
  /** The store that was opened last, after it was closed. */
  reopen?(options: OpenOptions): Promise<TaskStorage>
  /** Whether a closed store can be opened again with all it held. */
  readonly isDurable: boolean
  /** Calls made together may be run in another order: a change in several parts waits for none of the others. */
  readonly isUnordered?: boolean
  /** Groups are apart: no change set, merge key or turn spans two of them (DESIGN section 5, Redis Cluster). */
  readonly isPartitioned?: boolean
  /** Takes away all that `open` left behind. */
  cleanup(): Promise<void>
}

export const LEASE_MS = 30_000

/** A store of its own for one test, with the steps that most tests take. */
export interface StorageWorld extends World {
  readonly storage: TaskStorage
  readonly bootId: string
  /** Commits changes that nothing guards; they must apply. */
  commit(...changes: Change[]): Promise<void>
  /** Commits one change set and answers how it went. */
  tryCommit(set: Partial<ChangeSet>): Promise<CommitResult>
  addGroup(fields?: Partial<TaskGroup>): Promise<TaskGroup>
  /** Answers the task as the store has it. */
  addTask(group: Pick<TaskGroup, 'id'>, fields?: Partial<Task>): Promise<Task>
  claim(request?: Partial<ClaimRequest>): Promise<ClaimedTask[]>
  /** Claims this task; all others must be held back or are claimed by the way. */
  claimTask(task: Pick<Task, 'id'>): Promise<ClaimedTask>
  claimIds(request?: Partial<ClaimRequest>): Promise<string[]>
  /** Claims and completes. */
  complete(...tasks: Pick<Task, 'id'>[]): Promise<void>
  load(task: Pick<Task, 'id'>): Promise<Task>
  loadGroup(group: Pick<TaskGroup, 'id'>): Promise<CountedGroup>
  listIds(group: Pick<TaskGroup, 'id'>, query?: Partial<TaskQuery>): Promise<string[]>
  /** Ids of groups that ended so, before a moment from now. */
  listEnded(ending: EndedQuery['ending'], query?: Partial<EndedQuery>): Promise<string[]>
  fingerprint(): Promise<string>
  /** Closes the store and opens it again, as another boot unless it is told which. */
  reopen(bootId?: string): Promise<void>
  close(): Promise<void>
}

export async function openStorageWorld(factory: StorageFactory): Promise<StorageWorld> {
  const world = makeWorld(simulatedClock())
  const { clock } = world
  let bootId = 'boot-1'
  let storage = await factory.open({ clock, bootId })

  async function tryCommit(set: Partial<ChangeSet>): Promise<CommitResult> {
    const results = await storage.commit([changeSet(set)])
    expect(results).toHaveLength(1)
    return results[0] as CommitResult
  }

  async function commit(...changes: Change[]): Promise<void> {
    expect(await tryCommit({ changes })).toBe('applied')
  }

  async function claim(request: Partial<ClaimRequest> = {}): Promise<ClaimedTask[]> {
    const defaults = {
      limit: 100,
      slots: new Map(),
      slotsPerWorker: 100,
      maxLeasesPerWorker: 1_000,
      until: clock.now() + LEASE_MS,
    }
    return (await storage.claim({ ...defaults, ...request })).tasks
  }

  async function claimTask({ id }: Pick<Task, 'id'>): Promise<ClaimedTask> {
    const claimed = (await claim()).find(({ task }) => task.id === id)
    if (!claimed) throw new Error(`${id} could not be claimed`)
    return claimed
  }

  async function load({ id }: Pick<Task, 'id'>): Promise<Task> {
    const [task, ...more] = await storage.getTasks([id])
    if (!task) throw new Error(`${id} is not in the store`)
    expect(more).toEqual([])
    return task
  }

  return {
    ...world,
    get storage() {
      return storage
    },
    get bootId() {
      return bootId
    },
    commit,
    tryCommit,
    claim,
    claimTask,
    load,
    addGroup: async (fields) => {
      const group = world.group(fields)
      await commit(putGroup(group))
      return group
    },
    addTask: async (group, fields) => {
      const task = world.task({ groupId: group.id, ...fields })
      await commit(insertTask(task))
      return load(task)
    },
    claimIds: async (request) => (await claim(request)).map(({ task }) => task.id),
    complete: async (...tasks) => {
      for (const task of tasks) expect(await tryCommit(success(await claimTask(task)))).toBe('applied')
    },
    loadGroup: async ({ id }) => {
      const group = await storage.getGroup(id)
      if (!group) throw new Error(`${id} is not in the store`)
      return group
    },
    listIds: async ({ id }, query) =>
      (await storage.listTasks({ ...everyTask(id), ...query })).tasks.map((task) => task.id),
    listEnded: async (ending, query) => {
      const found = await storage.listEndedGroups({ ending, before: clock.now() + 1, limit: 10, ...query })
      return found.map(({ id }) => id)
    },
    fingerprint: async () => {
      const { faults, fingerprint } = await storage.audit()
      expect(faults).toEqual([])
      return fingerprint
    },
    reopen: async (nextBootId = world.nextId('boot')) => {
      if (!factory.reopen) throw new Error('this engine cannot reopen a store')
      await storage.close()
      bootId = nextBootId
      storage = await factory.reopen({ clock, bootId })
    },
    close: () => storage.close(),
  }
}

export const everyTask = (groupId: string): TaskQuery => ({
  groupId,
  search: '',
  skipCompleted: false,
  page: 1,
  pageSize: 0,
})

export const everyGroup = { search: '', page: 1, pageSize: 0 } as const

export const idsOf = (things: readonly { readonly id: string }[]): string[] => things.map(({ id }) => id)
export const sortedIds = (things: readonly { readonly id: string }[]): string[] => idsOf(things).sort()

/** One task in each of the nine states, all in one group but the first, whose group is paused. */
export async function makeEveryState(world: StorageWorld): Promise<Record<string, Task>> {
  const { clock } = world
  const now = clock.now()
  const group = await world.addGroup()
  const running = await world.addTask(group)
  const succeeded = await world.addTask(group, { holds: Hold.complete })
  await world.claimTask(running)
  await world.commit(holdWork('workgroup', 'held', now + 60_000, 'rate limit'))
  const made = {
    running,
    succeeded,
    blocked: await world.addTask(group, { parentIds: [running.id] }),
    scheduled: await world.addTask(group, { runAfter: now + 5_000 }),
    retrying: await world.addTask(group, { runAfter: now + 5_000, failures: 2 }),
    throttled: await world.addTask(group, { workgroup: 'held' }),
    ready: await world.addTask(group, { runAfter: now }),
    paused: await world.addTask(group, { holds: Hold.paused }),
    failed: await world.addTask(group, { holds: Hold.exhausted, remainingAttempts: 0 }),
  }
  // The helper is only as good as the core's own word for each of them.
  for (const [state, task] of Object.entries(made)) {
    const heldUntil = task.workgroup === 'held' ? now + 60_000 : 0
    expect(stateOf(await world.load(task), { now, isGroupPaused: false, heldUntil })).toBe(state)
  }
  return made
}
