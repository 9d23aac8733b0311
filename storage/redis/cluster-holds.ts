import type { Change, ChangeSet, HoldScope } from '../../server/core/change-set.ts'
import { type ClusterParts, onAll, outageOf, partitionAt } from './cluster-parts.ts'
import { partitionTag } from './keys.ts'

/** No server tells of a hold for so long after it was made. */
const RELEASES_KEPT_MS = 24 * 3600 * 1000

/** Holds are in all partitions: an operator's at once, those of a worker's answer through the outbox of its partition. */
export class ClusterHolds {
  readonly #parts: ClusterParts
  readonly #telling = new Set<number>()

  constructor(parts: ClusterParts) {
    this.#parts = parts
  }

  /** An operator's hold or resume: in every partition, or the caller hears that it may not be (and repeats it). */
  async everywhere(changes: readonly Change[]): Promise<void> {
    await this.#noteReleases(changes)
    await onAll(this.#parts, (partition) => partition.commit([{ guards: [], changes, events: [] }]).then(orThrow))
    this.#parts.due.noteAll()
  }

  /** Everywhere before the first hold is released: one that another server is telling of just now must not come after that. */
  async #noteReleases(changes: readonly Change[]): Promise<void> {
    const released = changes.flatMap((change) => (change.kind === 'releaseWork' ? [change.scope, change.name] : []))
    if (released.length === 0) return
    const { options, partitions, now } = this.#parts
    const args = [now(), RELEASES_KEPT_MS, ...released]
    await Promise.all([...partitions.keys()].map((at) => options.runner.run('noteReleases', partitionTag(at), args)))
  }

  /** Tells the others of the holds that answers put on this partition. Holds only raise, so telling twice is fine. */
  async tell(index: number): Promise<void> {
    const { options, partitions, now } = this.#parts
    const home = partitionAt(this.#parts, index)
    const others = [...partitions.keys()].filter((other) => other !== index)
    for (const text of (await home.command('LRANGE', 'outbox', '', 0, -1)) as string[]) {
      const [scope, name, until, reason, madeAt] = JSON.parse(text) as [HoldScope, string, string, string, string]
      const args = [now(), scope, name, until, reason, madeAt]
      await Promise.all(others.map((other) => options.runner.run('tellHold', partitionTag(other), args)))
      await home.command('LREM', 'outbox', '', 1, text)
    }
  }

  /** Once at a time. What cannot be told now is told after one of the next claims. */
  async tellSoon(index: number): Promise<void> {
    if (this.#telling.has(index)) return
    this.#telling.add(index)
    await this.tell(index)
      .catch(outageOf)
      .finally(() => this.#telling.delete(index))
  }
}

/** What a full store refused is answered by an error. */
function orThrow(results: readonly unknown[]): void {
  for (const result of results) if (result instanceof Error) throw result
}

/** Holds that an answer put on its own partition are to be told to the others. */
export const hasHolds = ({ changes }: ChangeSet): boolean => changes.some(({ kind }) => kind === 'holdWork')
