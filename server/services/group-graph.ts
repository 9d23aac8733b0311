import { type Task, type TaskState, taskStates } from '../core/task.ts'
import { findGroup } from './groups.ts'
import type { ServiceContext } from './service-context.ts'
import { viewTasks } from './task-views.ts'

/** The tasks of a group, field by field: 10,000 objects with six names each would be twice the text. */
export interface GroupGraph {
  /** How many tasks the group has. */
  readonly count: number
  readonly workers: readonly string[]
  readonly states: readonly TaskState[]
  readonly ids: readonly string[]
  readonly names: readonly string[]
  /** Places in `workers`, in `states`, and of the parents in `ids`. */
  readonly worker: readonly number[]
  readonly state: readonly number[]
  readonly parents: readonly (readonly number[])[]
  readonly isPartial: boolean
}

/** More are neither drawn nor read by anybody, and are 5 MB. */
export const MAX_GRAPH_TASKS = 50_000
/** Claims and results go in between. */
const TASKS_PER_READ = 2_000

/** Oldest first. Read in pages, so tasks that are deleted meanwhile may take others with them until it is read again. */
export async function readGroupGraph(context: ServiceContext, groupId: string): Promise<GroupGraph> {
  await findGroup(context, groupId)
  const graph = new GraphColumns()
  for (let page = 1; ; page++) {
    const query = {
      groupId,
      page,
      pageSize: TASKS_PER_READ,
      search: '',
      skipCompleted: false,
      payloads: false,
      errors: 'last' as const,
    }
    const { tasks, count } = await context.storage.listTasks(query)
    for (const { task, state } of await viewTasks(context, tasks)) graph.add(task, state)
    if (tasks.length < TASKS_PER_READ || page * TASKS_PER_READ >= MAX_GRAPH_TASKS) return graph.told(count)
  }
}

class GraphColumns {
  readonly #names: string[] = []
  readonly #worker: number[] = []
  readonly #state: number[] = []
  readonly #parents: number[][] = []
  readonly #ids = new Places()
  readonly #workers = new Places()

  add(task: Task, state: TaskState): void {
    // A task that moved up while pages were read is not told twice.
    if (this.#ids.of(task.id) !== undefined) return
    this.#ids.add(task.id)
    this.#names.push(task.name)
    this.#worker.push(this.#workers.add(task.worker))
    this.#state.push(taskStates.indexOf(state))
    // Parents are older: one that is not known is gone.
    this.#parents.push(task.parentIds.flatMap((id) => this.#ids.of(id) ?? []))
  }

  told(count: number): GroupGraph {
    return {
      count,
      workers: this.#workers.texts,
      states: taskStates,
      ids: this.#ids.texts,
      names: this.#names,
      worker: this.#worker,
      state: this.#state,
      parents: this.#parents,
      isPartial: count > this.#names.length,
    }
  }
}

/** Texts in the order they came, each once. */
class Places {
  readonly #places = new Map<string, number>()

  get texts(): string[] {
    return [...this.#places.keys()]
  }

  of(text: string): number | undefined {
    return this.#places.get(text)
  }

  add(text: string): number {
    const place = this.#places.get(text) ?? this.#places.size
    this.#places.set(text, place)
    return place
  }
}
