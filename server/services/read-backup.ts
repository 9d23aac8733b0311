import type { TaskStorage } from '../../storage/task-storage.ts'
import { type BackupCount, type BackupLine, TaskBatch } from '../core/backup.ts'
import type { Change, ChangeSet } from '../core/change-set.ts'
import type { Clock } from '../core/clock.ts'
import { CrewError } from '../core/errors.ts'
import type { TaskGroup } from '../core/task-group.ts'
import { type BackupContext, backupLines, emptyTally } from './write-backup.ts'

/** What would be mixed with what is restored: the kind of the first thing that a backup of the store would hold; null: it is empty. */
export async function firstKindIn(context: BackupContext): Promise<BackupLine['kind'] | null> {
  for await (const { kind } of backupLines(context, emptyTally())) return kind
  return null
}

/**
 * Writes the lines of a backup into an empty store, which counts and lists everything anew. A group that is too large for one change
 * set is paused until it is whole, so that no server that is there already runs a part of it.
 */
export async function restoreLines(
  { storage, clock }: { readonly storage: TaskStorage; readonly clock: Clock },
  lines: AsyncIterable<BackupLine>,
  onProgress: (count: BackupCount) => void,
): Promise<BackupCount> {
  const count = { groups: 0, tasks: 0, records: 0 }
  const restoring = new Restoring(storage, clock)
  for await (const line of lines) {
    if (line.kind === 'group') count.groups++
    if (line.kind === 'task') count.tasks++
    if (line.kind === 'record') count.records++
    await restoring.write(line)
    onProgress(count)
  }
  await restoring.finish()
  return count
}

/** Changes that go to the storage together: small groups one by one would be a sync to disk each. */
const CHANGES_PER_COMMIT = 200

/** States: between groups → a group begins → (it is written in part, paused) → it ends → between groups. */
class Restoring {
  readonly #storage: TaskStorage
  readonly #clock: Clock
  readonly #batch = new TaskBatch()
  #group: TaskGroup | null = null
  #isInPart = false
  #sets: ChangeSet[] = []
  #changes = 0

  constructor(storage: TaskStorage, clock: Clock) {
    this.#storage = storage
    this.#clock = clock
  }

  async write(line: BackupLine): Promise<void> {
    if (line.kind !== 'task') await this.#endGroup()
    switch (line.kind) {
      case 'group':
        this.#group = line.group
        return
      case 'task':
        if (this.#batch.add(line.task, line.attempts, this.#clock.now())) await this.#writePart()
        return
      case 'gate':
        return this.#commit(gateChanges(line))
      case 'hold':
        return this.#commit([{ kind: 'holdWork', hold: line.hold }])
      case 'record':
        return this.#storage.putRecord(line.key, line.value, line.expiresAt)
    }
  }

  /** All that was written is there. */
  async finish(): Promise<void> {
    await this.#endGroup()
    await this.#flush()
  }

  async #writePart(): Promise<void> {
    const begun: Change[] =
      this.#isInPart || this.#group === null ? [] : [{ kind: 'putGroup', group: { ...this.#group, isPaused: true } }]
    this.#isInPart = true
    await this.#commit([...begun, ...this.#batch.take()])
  }

  /** The group is whole, and as paused as it was. */
  async #endGroup(): Promise<void> {
    const group = this.#group
    if (group === null) return
    const put: Change = { kind: 'putGroup', group }
    const tasks = this.#batch.take()
    await this.#commit(this.#isInPart ? [...tasks, put] : [put, ...tasks])
    this.#group = null
    this.#isInPart = false
  }

  async #commit(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return
    this.#sets.push({ guards: [], changes, events: [] })
    this.#changes += changes.length
    // Groups of several partitions that go together are new at the same moment: lists would tell them in any order.
    if (this.#changes >= CHANGES_PER_COMMIT || this.#storage.isPartitioned) await this.#flush()
  }

  async #flush(): Promise<void> {
    const sets = this.#sets
    this.#sets = []
    this.#changes = 0
    const results = sets.length === 0 ? [] : await this.#storage.commit(sets)
    const refused = results.find((result) => result !== 'applied')
    if (refused === undefined) return
    throw new CrewError(
      'conflict',
      `A group of the backup does not fit into the store (${refused}), which somebody else writes to: restore into one that is empty.`,
    )
  }
}

function gateChanges({ scope, name, limits, pace }: BackupLine & { readonly kind: 'gate' }): Change[] {
  const limiting: Change[] = limits === null ? [] : [{ kind: 'limitWork', scope, name, limits }]
  const pacing: Change[] = pace === null || scope === 'all' ? [] : [{ kind: 'paceWork', scope, name, pace }]
  return [...limiting, ...pacing]
}
