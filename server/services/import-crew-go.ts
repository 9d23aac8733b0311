import { type ImportedTask, readCrewGoGroup } from '../core/crew-go-document.ts'
import {
  type ImportedGraph,
  importChanges,
  isHalfImported,
  linkTasks,
  outsideParents,
  readGroupTasks,
  type SkippedTask,
} from '../core/crew-go-import.ts'
import { isComplete, isExhausted, isPaused } from '../core/task.ts'
import type { TaskGroup } from '../core/task-group.ts'
import { type ImportPlan, planImport, type Stray } from './crew-go-plan.ts'
import type { CrewGoSource } from './crew-go-source.ts'
import { deleteGroup } from './groups.ts'
import type { ServiceContext } from './service-context.ts'

export interface ImportOptions {
  readonly source: CrewGoSource
  /** Finds out and tells everything, and writes nothing. */
  readonly isDryRun: boolean
  readonly tell: (finding: Finding) => void
  readonly onProgress: (progress: ImportProgress) => void
  /** Stops before the next group. */
  readonly signal: AbortSignal
}

/** How far an import is. */
export interface ImportProgress {
  readonly tasksRead: number
  readonly groupsDone: number
}

/** What people are told of, one by one. */
export type Finding =
  | { readonly kind: 'groupImported'; readonly id: string; readonly name: string; readonly tasks: TaskCount }
  | { readonly kind: 'groupSkipped'; readonly id: string; readonly reason: string }
  | { readonly kind: 'taskSkipped'; readonly id: string; readonly reason: string }
  | { readonly kind: 'taskChanged'; readonly id: string; readonly change: string }

export interface TaskCount {
  complete: number
  /** Neither complete nor paused; `exhausted` and `executing` are among them. */
  unfinished: number
  /** Themselves, or with their group. */
  paused: number
  /** They have no attempts left. */
  exhausted: number
  /** They were executing when crew-go was stopped, and run again. */
  executing: number
}

/** `withGroup`: of a group that was skipped. */
export type SkipKind = SkippedTask['kind'] | Stray['kind'] | 'withGroup'

export interface ImportCount {
  groups: number
  readonly tasks: TaskCount
  /** Groups that Crew has already. */
  groupsPresent: number
  groupsSkipped: number
  readonly tasksSkipped: Map<SkipKind, number>
}

/** One import under way. */
interface Run extends ImportOptions {
  readonly context: ServiceContext
  readonly count: ImportCount
  readonly progress: { tasksRead: number; groupsDone: number }
}

/**
 * Reads the store of crew-go and writes its groups with their tasks, a group at a time. Groups that are there already are left as
 * they are, so it may be run again, also after it was cut short.
 */
export async function importCrewGo(context: ServiceContext, options: ImportOptions): Promise<ImportCount> {
  const run: Run = { ...options, context, count: emptyCount(), progress: { tasksRead: 0, groupsDone: 0 } }
  for await (const plan of planImport(options.source, (tasks) => advance(run, { tasks, groups: 0 }))) {
    tellStrays(run, plan)
    for (const [groupId, taskIds] of plan.groups) {
      if (options.signal.aborted) return run.count
      await importGroup(run, groupId, [...taskIds])
      advance(run, { tasks: 0, groups: 1 })
    }
  }
  return run.count
}

function advance({ progress, onProgress }: Run, done: { readonly tasks: number; readonly groups: number }): void {
  progress.tasksRead += done.tasks
  progress.groupsDone += done.groups
  onProgress(progress)
}

function tellStrays(run: Run, { strays }: ImportPlan): void {
  for (const [id, stray] of strays) skipTask(run, { id, ...stray })
}

async function importGroup(run: Run, groupId: string, taskIds: readonly string[]): Promise<void> {
  const { context, source, isDryRun } = run
  const [document] = await source.readGroups([groupId])
  if (!document) return
  const reading = readCrewGoGroup(document, context.clock.now())
  if ('unusable' in reading) return skipGroup(run, groupId, reading.unusable.reason, taskIds.length)
  const stored = await context.storage.findGroup(groupId)
  if (stored && !isHalfImported(stored)) {
    run.count.groupsPresent++
    return
  }
  const graph = await readGraph(run, reading.value, taskIds)
  if ('cycle' in graph) return skipGroup(run, groupId, graph.cycle, taskIds.length)
  if (stored && !isDryRun) await deleteGroup(context, groupId)
  const isStored = isDryRun || (await storeGroup(context, reading.value, graph))
  if (isStored) tellGroup(run, reading.value, graph)
  else skipGroup(run, groupId, 'somebody changed it at the same time: run the import again', taskIds.length)
}

/** All of a group's tasks together, as they name each other. */
async function readGraph(
  { context, source }: Run,
  group: TaskGroup,
  taskIds: readonly string[],
): Promise<ImportedGraph | { readonly cycle: string }> {
  const documents = await source.readTasks(taskIds)
  const takenIds = await findTaken(context, group, taskIds)
  const read = readGroupTasks(documents, { group, now: context.clock.now(), takenIds })
  const outside = outsideParents(read)
  const existing = new Set((await source.readTasks(outside)).map(({ id }) => id))
  return linkTasks(read, new Set(outside.filter((id) => !existing.has(id))))
}

/** Ids asked for at once: the answer holds whole tasks. */
const IDS_PER_READ = 1000

/** What the half of an earlier import took is free again when that is deleted. */
async function findTaken(
  { storage }: ServiceContext,
  group: TaskGroup,
  taskIds: readonly string[],
): Promise<Set<string>> {
  const taken = new Set<string>()
  for (let at = 0; at < taskIds.length; at += IDS_PER_READ) {
    const tasks = await storage.getTasks(taskIds.slice(at, at + IDS_PER_READ))
    for (const { id, groupId } of tasks) if (groupId !== group.id) taken.add(id)
  }
  return taken
}

/** False when somebody else made or changed the group meanwhile; what was stored so far is paused, and the next import redoes it. */
async function storeGroup({ storage }: ServiceContext, group: TaskGroup, graph: ImportedGraph): Promise<boolean> {
  const tasks = graph.tasks.map(({ task }) => task)
  for (const changeSet of importChanges(group, tasks)) {
    const [result] = await storage.commit([changeSet])
    if (result !== 'applied') return false
  }
  return true
}

function tellGroup(run: Run, group: TaskGroup, graph: ImportedGraph): void {
  const tasks = countTasks(group, graph.tasks)
  run.count.groups++
  for (const key of Object.keys(tasks) as (keyof TaskCount)[]) run.count.tasks[key] += tasks[key]
  run.tell({ kind: 'groupImported', id: group.id, name: group.name, tasks })
  for (const changed of graph.changed) run.tell({ kind: 'taskChanged', ...changed })
  for (const skipped of graph.skipped) skipTask(run, skipped)
}

function skipGroup(run: Run, id: string, reason: string, taskCount: number): void {
  run.count.groupsSkipped++
  countSkipped(run, 'withGroup', taskCount)
  run.tell({ kind: 'groupSkipped', id, reason })
}

function skipTask(run: Run, { id, kind, reason }: { id: string; kind: SkipKind; reason: string }): void {
  countSkipped(run, kind, 1)
  run.tell({ kind: 'taskSkipped', id, reason })
}

function countSkipped({ count }: Run, kind: SkipKind, more: number): void {
  if (more > 0) count.tasksSkipped.set(kind, (count.tasksSkipped.get(kind) ?? 0) + more)
}

function countTasks(group: TaskGroup, imported: readonly ImportedTask[]): TaskCount {
  const count = emptyTaskCount()
  for (const { task, wasExecuting } of imported) {
    if (isComplete(task)) count.complete++
    else if (group.isPaused || isPaused(task)) count.paused++
    else {
      count.unfinished++
      if (isExhausted(task)) count.exhausted++
      else if (wasExecuting) count.executing++
    }
  }
  return count
}

const emptyTaskCount = (): TaskCount => ({ complete: 0, unfinished: 0, paused: 0, exhausted: 0, executing: 0 })

const emptyCount = (): ImportCount => ({
  groups: 0,
  tasks: emptyTaskCount(),
  groupsPresent: 0,
  groupsSkipped: 0,
  tasksSkipped: new Map(),
})
