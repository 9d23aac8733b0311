import { crc32 } from 'node:zlib'
import { CrewError } from '../../server/core/errors.ts'
import { keyOf, partitionTag } from './keys.ts'
import type { ScriptRunner } from './script-runner.ts'
import type { ScriptName } from './scripts.ts'
import { inTurns, slicesOf } from './slices.ts'

/** No commit takes so long: a reservation as old was left by a server that died, or whose answer was lost. */
const RESERVED_MS = 60_000
/** Entries read with one command, or written by one script: 2 µs each. */
const IDS_PER_SCRIPT = 1000

/**
 * Which group each task is in, where there are several partitions: an id is unique over all of them (WIRE section 1), and no
 * script sees more than one. States of an entry: free → `reserved` for a group, before its task is written → `kept` → free, when
 * the task is deleted. An entry never ends by itself, and a wrong one does no harm: an entry of another group is taken over when
 * that group has no such task, a reserved one only after a while. So what follows a commit is a hint, and may fail.
 */
export class Directory {
  readonly #runner: ScriptRunner
  readonly #count: number
  readonly #now: () => string | number

  constructor({ runner, count, now }: { runner: ScriptRunner; count: number; now: () => string | number }) {
    this.#runner = runner
    this.#count = count
    this.#now = now
  }

  partitionOf(id: string): number {
    return crc32(id) % this.#count
  }

  /** The groups of those that are known. */
  async groupsOf(taskIds: readonly string[]): Promise<Map<string, string>> {
    const entries = await this.entriesOf(taskIds)
    return new Map([...entries].map(([id, entry]) => [id, groupIn(entry)]))
  }

  /** Of those that are known, as far as they can be read. */
  async entriesOf(taskIds: readonly string[]): Promise<Map<string, string>> {
    const entries = new Map<string, string>()
    await this.#inSlices(taskIds, same, async (ids) => {
      const [first = '', ...more] = ids.map((id) => keyOf(partitionTag(this.partitionOf(id)), 'taskGroup', id))
      const found = (await this.#runner.command('MGET', first, ...more).catch(nothingWhileAway)) as (string | null)[]
      for (const [index, id] of ids.entries()) if (found[index]) entries.set(id, found[index])
    })
    return entries
  }

  /** Takes the ids for tasks of these groups, and answers what each was. */
  async take(tasks: readonly Named[], { isWrittenWhenFull }: { isWrittenWhenFull: boolean }): Promise<Taken[]> {
    const taken: Taken[] = []
    await this.#inSlices(tasks, idOf, async (some) => {
      const script = isWrittenWhenFull ? 'takeIdsWhenFull' : 'takeIds'
      const told = (await this.#run(script, some, [RESERVED_MS, ...flatOf(some)])) as [Taken['word'], string][]
      for (const [index, [word, entry]] of told.entries()) taken.push({ ...(some[index] as Named), word, entry })
    })
    return taken
  }

  /** Takes an id over whose task is gone. Answers its entry, or '' when somebody else did. */
  async takeOver({ id, groupId, entry }: Taken): Promise<string> {
    return (await this.#run('takeOverId', [{ id }], [id, entry, groupId])) as string
  }

  /** Their tasks are written. A hint. */
  async keep(tasks: readonly Named[]): Promise<void> {
    await this.#inSlices(tasks, idOf, (some) => this.#run('keepIds', some, flatOf(some)).catch(nothingWhileAway))
  }

  /** Frees those that still have these entries. A hint. */
  async forget(entries: ReadonlyMap<string, string>): Promise<void> {
    await this.#inSlices(
      [...entries],
      ([id]) => id,
      (some) => this.#run('forgetIds', [{ id: some[0]?.[0] ?? '' }], some.flat()).catch(nothingWhileAway),
    )
  }

  /** Of one partition each. */
  async #inSlices<Value>(
    values: readonly Value[],
    idOf: (value: Value) => string,
    work: (slice: readonly Value[]) => Promise<unknown>,
  ): Promise<void> {
    const byPartition = Map.groupBy(values, (value) => this.partitionOf(idOf(value)))
    await inTurns(
      [...byPartition.values()].flatMap((some) => slicesOf(some, IDS_PER_SCRIPT)),
      work,
    )
  }

  #run(script: ScriptName, [first]: readonly Pick<Named, 'id'>[], args: readonly (string | number)[]) {
    const tag = partitionTag(this.partitionOf(first?.id ?? ''))
    return this.#runner.run(script, tag, [this.#now(), ...args])
  }
}

export interface Named {
  readonly id: string
  readonly groupId: string
}

export interface Taken extends Named {
  /** `fresh`: it was nobody's. `own`: its group's already. `open`: another group's, free if that has no such task. `busy`: another's. */
  readonly word: 'fresh' | 'own' | 'open' | 'busy'
  /** As it is now. */
  readonly entry: string
}

/** `k1700000000000 g1`: the group is all behind the first space. */
export const groupIn = (entry: string): string => entry.slice(entry.indexOf(' ') + 1)

const same = (id: string): string => id
const idOf = ({ id }: Named): string => id
const flatOf = (tasks: readonly Named[]): string[] => tasks.flatMap(({ id, groupId }) => [id, groupId])

function nothingWhileAway(error: unknown): [] {
  if (error instanceof CrewError) return []
  throw error
}
