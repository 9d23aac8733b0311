import type { Change, ChangeSet, CrewEvent } from './change-set.ts'
import { type CrewGoDocument, type ImportedTask, readCrewGoTask, type Unusable } from './crew-go-document.ts'
import { orderGraph } from './graph.ts'
import { Hold, isComplete, type Task, withHold } from './task.ts'
import type { TaskGroup } from './task-group.ts'

/** A task that is not imported. `taken`: a task of another group of Crew has its id. */
export interface SkippedTask {
  readonly id: string
  readonly kind: Unusable['kind'] | 'taken'
  readonly reason: string
}

/** A task that is imported, but not as it was: a sentence about what became different. */
export interface ChangedTask {
  readonly id: string
  readonly change: string
}

/** The documents of one group, each read for itself. */
export interface ReadTasks {
  readonly tasks: readonly ImportedTask[]
  readonly skipped: readonly SkippedTask[]
}

/** A group's tasks as they go in: parents before their children. */
export interface ImportedGraph extends ReadTasks {
  readonly changed: readonly ChangedTask[]
}

export function readGroupTasks(
  documents: readonly CrewGoDocument[],
  context: { readonly group: TaskGroup; readonly now: number; readonly takenIds: ReadonlySet<string> },
): ReadTasks {
  const tasks: ImportedTask[] = []
  const skipped: SkippedTask[] = []
  for (const document of documents) {
    const { id } = document
    const reading = readCrewGoTask(document, context)
    if ('unusable' in reading) skipped.push({ id, ...reading.unusable })
    else if (context.takenIds.has(id)) skipped.push({ id, kind: 'taken', reason: 'Crew has a task with this id' })
    else tasks.push(reading.value)
  }
  return { tasks, skipped }
}

/** The parents that tasks name and that are not among them. */
export function outsideParents({ tasks }: ReadTasks): string[] {
  const ids = new Set(tasks.map(({ task }) => task.id))
  return [...new Set(tasks.flatMap(({ task }) => task.parentIds.filter((id) => !ids.has(id))))]
}

/**
 * Takes out the parents that are not imported, and puts the tasks in order; answers a sentence when they wait for each other in a
 * circle. A parent that crew-go does not have any more (`lostIds`) it did not wait for either. One that it has, but that does not
 * come along, counts as unfinished (I2): an unfinished child is paused, for it must not run without that parent's result.
 */
export function linkTasks(read: ReadTasks, lostIds: ReadonlySet<string>): ImportedGraph | { readonly cycle: string } {
  const ids = new Set(read.tasks.map(({ task }) => task.id))
  const changed: ChangedTask[] = []
  const linked = read.tasks.map((imported) => {
    const { task } = imported
    const missing = task.parentIds.filter((id) => !ids.has(id))
    const hasUnfinished = missing.some((id) => !lostIds.has(id)) && !isComplete(task)
    const sentences = [...imported.changes, ...missing.map((id) => aboutParent(id, lostIds))]
    if (hasUnfinished) sentences.push('it is paused: resume it when it may run without that parent')
    changed.push(...sentences.map((change) => ({ id: task.id, change })))
    if (missing.length === 0) return imported
    const holds = hasUnfinished ? withHold(task.holds, Hold.paused, true) : task.holds
    return { ...imported, task: { ...task, holds, parentIds: task.parentIds.filter((id) => ids.has(id)) } }
  })
  return inOrder({ tasks: linked, skipped: read.skipped, changed })
}

const aboutParent = (id: string, lostIds: ReadonlySet<string>): string =>
  lostIds.has(id)
    ? `its parent ${JSON.stringify(id)} does not exist any more and is left out`
    : `its parent ${JSON.stringify(id)} is not imported with this group and is left out`

/** Oldest first, which is how crew-go listed them: what a scan gives has no order. */
function inOrder(graph: ImportedGraph): ImportedGraph | { readonly cycle: string } {
  const byAge = graph.tasks.toSorted((a, b) => a.task.createdAt - b.task.createdAt)
  const nodes = byAge.map((imported) => ({ id: imported.task.id, parentIds: imported.task.parentIds, imported }))
  const nobody: ReadonlySet<string> = new Set()
  const ordered = orderGraph({ nodes, takenIds: nobody, knownParents: nobody, pointer: String })
  if (ordered.kind === 'refused') return { cycle: ordered.faults[0]?.detail ?? ordered.code }
  return { ...graph, tasks: ordered.nodes.map(({ imported }) => imported) }
}

/**
 * In the metadata of a group while only some of its tasks are stored. It stands and falls with the group, and the commit that lets
 * the group run takes it away: a separate record could survive its group, or be lost before it.
 */
const HALF_IMPORTED = 'crew.import'

/** An import of this group was cut short: it has to be deleted and imported again. */
export const isHalfImported = (group: TaskGroup): boolean => group.metadata[HALF_IMPORTED] !== undefined

/** Tasks that go in with one change set: Redis is busy with 250 of 1 KiB for 8 to 10 ms, with 1,000 for 30 to 55 (2026-11; I15: 25). */
export const TASKS_PER_COMMIT = 250
/** Characters of tasks in one change set, unless one task has more: what is on its way to the storage stays small. */
const CHARACTERS_PER_COMMIT = 4 * 1024 * 1024

/**
 * The change sets that store a group with its tasks (parents first), to be committed one after another. What fits into one goes in
 * whole; else the group is paused and marked until the last of them.
 */
export function* importChanges(group: TaskGroup, tasks: readonly Task[]): Generator<ChangeSet> {
  const batches = [...batchesOf(tasks)]
  if (batches.length <= 1) return yield insertion(group, null, group, tasks)
  yield insertion(group, null, { ...group, isPaused: true, metadata: { [HALF_IMPORTED]: 'not finished' } }, [])
  for (const batch of batches) yield insertion(group, group.epoch, null, batch)
  yield insertion(group, group.epoch, { ...group, epoch: group.epoch + 1 }, [])
}

function insertion({ id }: TaskGroup, epoch: number | null, put: TaskGroup | null, tasks: readonly Task[]): ChangeSet {
  const told: CrewEvent[] = put ? [{ type: epoch === null ? 'group.created' : 'group.updated', groupId: id }] : []
  return {
    guards: [{ kind: 'group', groupId: id, epoch }],
    changes: [
      ...(put ? [{ kind: 'putGroup', group: put } as const] : []),
      ...tasks.map((task): Change => ({ kind: 'insertTask', task })),
    ],
    events: [...told, ...tasks.map((task): CrewEvent => ({ type: 'task.created', groupId: id, taskId: task.id }))],
  }
}

function* batchesOf(tasks: readonly Task[]): Generator<Task[]> {
  let batch: Task[] = []
  let characters = 0
  for (const task of tasks) {
    const size = sizeOf(task)
    if (batch.length === TASKS_PER_COMMIT || (batch.length > 0 && characters + size > CHARACTERS_PER_COMMIT)) {
      yield batch
      batch = []
      characters = 0
    }
    batch.push(task)
    characters += size
  }
  if (batch.length > 0) yield batch
}

const sizeOf = ({ input, output, errors }: Task): number =>
  errors.reduce((sum, error) => sum + error.length, input.length + output.length)
