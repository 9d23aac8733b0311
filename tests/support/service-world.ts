import { expect, onTestFinished } from 'vitest'
import { decideAttempt } from '../../server/core/attempt.ts'
import { idsNamedBy } from '../../server/core/continuations.ts'
import { CrewError, type ErrorCode } from '../../server/core/errors.ts'
import { followPolicy } from '../../server/core/failure-policy.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup } from '../../server/core/task-group.ts'
import type { TaskInput } from '../../server/core/task-input.ts'
import { readReply, type WorkerReply } from '../../server/core/worker-response.ts'
import { createGraph, type GroupInput } from '../../server/services/groups.ts'
import type { ServiceContext } from '../../server/services/service-context.ts'
import { openSqliteStorage } from '../../storage/sqlite/sqlite-storage.ts'
import type { ClaimedTask, TaskStorage } from '../../storage/task-storage.ts'
import { answer } from './attempts.ts'
import { type SimulatedClock, simulatedClock } from './simulated-clock.ts'

export const LEASE_MS = 30_000

/** An empty store with the services on it. At the end of the test its books must agree with a full scan. */
export interface ServiceWorld {
  readonly storage: TaskStorage
  readonly clock: SimulatedClock
  readonly context: ServiceContext
  /** The same world seen through another storage. */
  through(storage: TaskStorage): ServiceContext
  /** A group `g` (unless it is named) with these tasks, each of worker `w` unless it says otherwise. */
  graph(tasks: readonly TaskInput[], group?: Partial<GroupInput>): Promise<CountedGroup>
  load(id: string): Promise<Task>
  /** The tasks that exist, by id. */
  loadAll(groupId?: string): Promise<Map<string, Task>>
  /** Claims all that can be claimed now. */
  claim(): Promise<ClaimedTask[]>
  /** Claims this task; others that are claimed by the way stay in flight. */
  claimTask(id: string): Promise<ClaimedTask>
  /** The worker answers: what it changes is committed, decided again while it conflicts. */
  finish(claimed: ClaimedTask, reply?: WorkerReply): Promise<string>
  /** Claims and answers, until nothing can be claimed. Answers the ids in the order in which they were claimed. */
  runAll(replyTo?: (task: Task) => WorkerReply): Promise<string[]>
  fingerprint(): Promise<string>
}

export async function openServiceWorld(): Promise<ServiceWorld> {
  const clock = simulatedClock()
  const storage = await openSqliteStorage({ path: ':memory:', clock, bootId: 'boot-1' })
  onTestFinished(async () => {
    const { faults } = await storage.audit()
    await storage.close()
    expect(faults).toEqual([])
  })
  let made = 0
  const newId = () => `new-${++made}`
  const through = (other: TaskStorage): ServiceContext => ({
    storage: other,
    clock,
    random: () => 0,
    newId,
    workers: { hasAddress: () => true, slotsOf: () => ({ inFlight: 0, limit: 20 }) },
  })
  const context = through(storage)
  const known = new Map<string, ClaimedTask>()

  async function claim(): Promise<ClaimedTask[]> {
    const request = {
      limit: 1000,
      slots: new Map(),
      slotsPerWorker: 1000,
      maxLeasesPerWorker: 1_000,
      until: clock.now() + LEASE_MS,
    }
    const { tasks } = await storage.claim(request)
    for (const one of tasks) known.set(one.task.id, one)
    return tasks
  }

  async function finish(claimed: ClaimedTask, reply: WorkerReply = answer()): Promise<string> {
    let [task]: (Task | undefined)[] = [claimed.task]
    for (let tries = 0; task && tries < 20; tries++) {
      const result = await commitAnswer(task, claimed.token, reply)
      if (result !== 'conflict') return result
      ;[task] = await storage.getTasks([claimed.task.id])
    }
    return 'leaseLost'
  }

  async function commitAnswer(task: Task, token: string, reply: WorkerReply): Promise<string> {
    const now = clock.now()
    const outcome = readReply(reply, now)
    const named = outcome.kind === 'success' ? await storage.getTasks(idsNamedBy(outcome.children)) : []
    const keyed = task.mergeKey === '' ? [] : await storage.listDuplicates(task.mergeKey)
    const duplicates = keyed.filter(({ id }) => id !== task.id)
    const attempt = { outcome, token, instance: 'boot-1', startedAt: now, endedAt: now, statusCode: 200, bytes: 0 }
    const changeSet = decideAttempt(task, attempt, {
      now,
      random: () => 0,
      newId,
      keyScope: (await storage.getGroup(task.groupId))?.keyScope ?? 'group',
      groupEpoch: (await storage.getGroup(task.groupId))?.epoch ?? 0,
      takenIds: new Set(named.map(({ id }) => id)),
      knownParents: new Set(named.filter(({ groupId }) => groupId === task.groupId).map(({ id }) => id)),
      duplicates,
    })
    const followed = await followPolicy(changeSet, [task, ...duplicates], { now, groups: storage })
    const [result = 'conflict'] = await storage.commit([followed])
    return result
  }

  return {
    storage,
    clock,
    context,
    through,
    claim,
    finish,
    graph: (tasks, group = {}) =>
      createGraph(context, { id: 'g', name: '', ...group, tasks: tasks.map((task) => ({ worker: 'w', ...task })) }),
    async load(id) {
      const [task] = await storage.getTasks([id])
      if (!task) throw new Error(`there is no task ${id}`)
      return task
    },
    async loadAll(groupId = 'g') {
      const all = { page: 1, pageSize: 0, search: '', skipCompleted: false }
      const { tasks } = await storage.listTasks({ ...all, groupId })
      return new Map(tasks.map((task) => [task.id, task]))
    },
    async claimTask(id) {
      await claim()
      const claimed = known.get(id)
      if (!claimed) throw new Error(`${id} could not be claimed`)
      return claimed
    },
    async runAll(replyTo = () => answer()) {
      const ran: string[] = []
      for (let tasks = await claim(); tasks.length > 0; tasks = await claim()) {
        for (const claimed of tasks) {
          ran.push(claimed.task.id)
          await finish(claimed, replyTo(claimed.task))
        }
      }
      return ran
    },
    fingerprint: async () => (await storage.audit()).fingerprint,
  }
}

/** The refusal must have this code; answers it for a closer look. */
export async function refusalOf(code: ErrorCode, work: Promise<unknown>): Promise<CrewError> {
  const error: unknown = await work.then(
    () => new Error('expected a refusal'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof CrewError)) throw error
  expect(error.code).toBe(code)
  return error
}
