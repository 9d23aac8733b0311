import { crc32 } from 'node:zlib'
import { keyOf, partitionTag } from './keys.ts'
import { type ScriptRunner, slicesOf } from './partition.ts'

/** A reservation that is not kept ends by itself: its server died between taking the id and writing the task. */
const RESERVED_MS = 60_000
/** Entries read with one command. */
const IDS_PER_READ = 1000

/**
 * Which group each task is in, where there are several partitions: an id is unique over all of them (WIRE section 1), and no
 * script sees more than one. An id is taken before its task is written and kept after it; what is left of a task that is gone is
 * taken over.
 */
export class Directory {
  readonly #runner: ScriptRunner
  readonly #count: number

  constructor(runner: ScriptRunner, count: number) {
    this.#runner = runner
    this.#count = count
  }

  partitionOf(id: string): number {
    return crc32(id) % this.#count
  }

  /** The groups of those that are known. */
  async groupsOf(taskIds: readonly string[]): Promise<Map<string, string>> {
    const groups = new Map<string, string>()
    const byPartition = Map.groupBy(taskIds, (id) => this.partitionOf(id))
    const slices = [...byPartition.values()].flatMap((ids) => slicesOf(ids, IDS_PER_READ))
    const read = async (ids: readonly string[]): Promise<void> => {
      const [first = '', ...more] = ids.map((id) => this.#keyOf(id))
      const found = (await this.#runner.command('MGET', first, ...more)) as (string | null)[]
      for (const [index, id] of ids.entries()) if (found[index]) groups.set(id, found[index])
    }
    await Promise.all(slices.map(read))
    return groups
  }

  /** Takes the ids for tasks of these groups, and answers what each was: free, its own group's, or another group's. */
  async take(tasks: readonly Named[]): Promise<Taken[]> {
    const before = await Promise.all(
      tasks.map(({ id, groupId }) =>
        this.#runner.command('SET', this.#keyOf(id), groupId, 'NX', 'GET', 'PX', RESERVED_MS),
      ),
    )
    return Promise.all(
      tasks.map(async (task, index): Promise<Taken> => {
        const takenBy = before[index] as string | null
        if (takenBy === null || takenBy === task.groupId) return { ...task, takenBy, isKept: false }
        const life = await this.#runner.command('PTTL', this.#keyOf(task.id))
        return { ...task, takenBy, isKept: life === -1 }
      }),
    )
  }

  /** Takes an id over whose task in that group is gone. Answers whether nobody else did. */
  async takeOver({ id, groupId }: Named, takenBy: string): Promise<boolean> {
    const tag = partitionTag(this.partitionOf(id))
    return (await this.#runner.run('takeId', tag, ['', id, takenBy, groupId, RESERVED_MS])) === 1
  }

  /** Its task is written. Sets it again: somebody who met a conflict may have freed it just now. */
  async keep(tasks: readonly Named[]): Promise<void> {
    await Promise.all(tasks.map(({ id, groupId }) => this.#runner.command('SET', this.#keyOf(id), groupId)))
  }

  async forget(taskIds: readonly string[]): Promise<void> {
    await Promise.all(taskIds.map((id) => this.#runner.command('DEL', this.#keyOf(id))))
  }

  #keyOf(id: string): string {
    return keyOf(partitionTag(this.partitionOf(id)), 'taskGroup', id)
  }
}

export interface Named {
  readonly id: string
  readonly groupId: string
}

export interface Taken extends Named {
  /** The group that had it; null when it was free. */
  readonly takenBy: string | null
  /** Its task was written; otherwise it is being written just now, or its server died over it. */
  readonly isKept: boolean
}
