import { MAX_PAGE_SIZE, type RecordScan, type TaskStorage } from '../../storage/task-storage.ts'
import { type BackupLine, tasksOfOneMoment } from '../core/backup.ts'
import type { HoldScope } from '../core/change-set.ts'
import type { Clock } from '../core/clock.ts'
import type { GateScope } from '../core/gate.ts'
import type { Task } from '../core/task.ts'
import type { TaskGroup } from '../core/task-group.ts'

export interface BackupContext {
  readonly storage: TaskStorage
  readonly clock: Clock
}

/** A group that was still changing at the last look is told as it was at one moment as far as answers go, see `tasksOfOneMoment`. */
export interface BackupTally {
  groups: number
  tasks: number
  records: number
  movingGroups: number
}

export const emptyTally = (): BackupTally => ({ groups: 0, tasks: 0, records: 0, movingGroups: 0 })

/** Groups and names asked for at once, tasks with their payloads, and attempts: each is one script or a few of Redis. */
const GROUPS_PER_READ = 500
const TASKS_PER_READ = 50
/** A group that changes is looked at so often. */
const MAX_LOOKS = 6
/** Clocks of servers and ours may differ by so much. */
const SKEW_MS = 10_000

/**
 * Everything that a store keeps, a line at a time, while servers go on working. What was acknowledged before this began is in it. One
 * group is in memory at a time.
 */
export async function* backupLines(context: BackupContext, tally: BackupTally): AsyncGenerator<BackupLine> {
  for await (const id of groupIds(context)) yield* groupLines(context, id, tally)
  const rules: string[] = []
  for await (const line of recordLines(context)) {
    if (line.key.startsWith('worker/')) rules.push(line.key.slice('worker/'.length))
    tally.records++
    yield line
  }
  yield* gateLines(context, rules)
}

/** Oldest first. Pages move when a group is deleted meanwhile, so it is gone through until nothing new is found. */
async function* groupIds({ storage }: BackupContext): AsyncGenerator<string> {
  const told = new Set<string>()
  for (let before = -1; told.size > before; ) {
    before = told.size
    for (let page = 1; ; page++) {
      const query = { search: '', sort: 'createdAt', page, pageSize: GROUPS_PER_READ } as const
      const { groups } = await storage.listGroups(query)
      for (const { id } of groups) {
        if (told.has(id)) continue
        told.add(id)
        yield id
      }
      if (groups.length < GROUPS_PER_READ) break
    }
  }
}

async function* groupLines(context: BackupContext, id: string, tally: BackupTally): AsyncGenerator<BackupLine> {
  const read = await readGroup(context, id)
  if (read === null) return
  tally.groups++
  if (!read.isSettled) tally.movingGroups++
  yield { kind: 'group', group: read.group }
  for (let at = 0; at < read.tasks.length; at += TASKS_PER_READ) {
    const tasks = read.tasks.slice(at, at + TASKS_PER_READ)
    const attempts = await Promise.all(tasks.map((task) => context.storage.listAttempts(task.id)))
    for (const [index, task] of tasks.entries()) {
      tally.tasks++
      yield { kind: 'task', task, attempts: attempts[index] ?? [] }
    }
  }
}

interface ReadGroup {
  readonly group: TaskGroup
  readonly tasks: readonly Task[]
  readonly isSettled: boolean
}

/** Looks again until nothing changed between two looks: what was read in between then is of one moment. Null: it was deleted. */
async function readGroup({ storage, clock }: BackupContext, id: string): Promise<ReadGroup | null> {
  const since = clock.now() - SKEW_MS
  const known = new Map<string, Task>()
  for (let look = 1; ; look++) {
    const group = await storage.findGroup(id)
    if (group === null) return null
    const listed = await listTasks(storage, id, { payloads: false })
    const changed = [...listed.values()].filter((task) => known.get(task.id)?.version !== task.version)
    const isSettled = changed.length === 0 && listed.size === known.size && look > 1
    if (isSettled) return { group, tasks: inOrderOf(listed, known), isSettled }
    if (look === MAX_LOOKS) return { group, tasks: await readMoving(storage, id, { known, since }), isSettled }
    for (const each of known.keys()) if (!listed.has(each)) known.delete(each)
    await readInto(
      known,
      storage,
      changed.map((task) => task.id),
    )
  }
}

/**
 * One pass from the oldest to the newest. What an answer makes comes after its creator and with its end, so a creator that was read at
 * its end has all it made in the pass. What a deletion moved out of the pass is told as it was before (`known`).
 */
async function readMoving(
  storage: TaskStorage,
  groupId: string,
  { known, since }: { readonly known: ReadonlyMap<string, Task>; readonly since: number },
): Promise<Task[]> {
  const passed = await listTasks(storage, groupId, { payloads: true })
  const listed = await listTasks(storage, groupId, { payloads: false })
  return tasksOfOneMoment(inOrderOf(listed, new Map([...known, ...passed])), since)
}

const inOrderOf = (listed: ReadonlyMap<string, Task>, read: ReadonlyMap<string, Task>): Task[] =>
  [...listed.keys()].flatMap((id) => read.get(id) ?? [])

/** Oldest first. */
async function listTasks(
  storage: TaskStorage,
  groupId: string,
  { payloads }: { readonly payloads: boolean },
): Promise<Map<string, Task>> {
  const tasks = new Map<string, Task>()
  const pageSize = payloads ? TASKS_PER_READ : MAX_PAGE_SIZE
  for (let page = 1; ; page++) {
    const query = { groupId, search: '', skipCompleted: false, page, pageSize, payloads }
    const found = await storage.listTasks(query)
    for (const task of found.tasks) tasks.set(task.id, task)
    if (found.tasks.length < pageSize) return tasks
  }
}

async function readInto(known: Map<string, Task>, storage: TaskStorage, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += TASKS_PER_READ) {
    const tasks = await storage.getTasks(ids.slice(at, at + TASKS_PER_READ))
    for (const task of tasks) known.set(task.id, task)
  }
}

type RecordLine = BackupLine & { readonly kind: 'record' }

async function* recordLines({ storage }: BackupContext): AsyncGenerator<RecordLine> {
  const told = new Set<string>()
  for (let cursor: string | null = null; ; ) {
    const scan: RecordScan = await storage.scanRecords(cursor)
    for (const record of scan.records) {
      if (told.has(record.key)) continue
      told.add(record.key)
      yield { kind: 'record', ...record }
    }
    if (scan.next === null) return
    cursor = scan.next
  }
}

/** Of the gate of all tasks, those of names that tasks, holds or limits say, and those of rules. */
async function* gateLines({ storage }: BackupContext, rules: readonly string[]): AsyncGenerator<BackupLine> {
  yield* gatesOf(storage, 'all', [''])
  for (const scope of ['worker', 'workgroup'] as const) {
    const names = new Set([...(scope === 'worker' ? rules : []), ...(await namesOf(storage, scope))])
    yield* gatesOf(storage, scope, [...names])
    for (const hold of await storage.listHolds(scope)) yield { kind: 'hold', hold }
  }
}

async function namesOf(storage: TaskStorage, scope: HoldScope): Promise<string[]> {
  const names: string[] = []
  for (let page = 1; ; page++) {
    const query = { page, pageSize: GROUPS_PER_READ }
    const rows =
      scope === 'worker' ? (await storage.listWorkers(query)).workers : (await storage.listWorkgroups(query)).workgroups
    names.push(...rows.map(({ name }) => name))
    if (rows.length < GROUPS_PER_READ) return names
  }
}

async function* gatesOf(storage: TaskStorage, scope: GateScope, names: readonly string[]): AsyncGenerator<BackupLine> {
  for (let at = 0; at < names.length; at += GROUPS_PER_READ) {
    const refs = names.slice(at, at + GROUPS_PER_READ).map((name) => ({ scope, name }))
    for (const { name, limits, limitsFrom, pace } of await storage.getGates(refs)) {
      const own = limitsFrom === name ? limits : null
      if (own !== null || pace !== null) yield { kind: 'gate', scope, name, limits: own, pace }
    }
  }
}
