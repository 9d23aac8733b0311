import type { HoldScope } from '../../server/core/change-set.ts'
import type { Database, Row } from './database.ts'
import type { LaneKey } from './lane.ts'

/** The tasks that name a worker or workgroup, and those of them that are complete. */
export interface NameCount {
  tasks: number
  done: number
}

/**
 * The books of lanes, summed by worker and by workgroup, as a name may have a lane in each of a million groups. In memory only, since
 * the rows of lanes say it as well: read from them when somebody asks first, and again after a failed transaction.
 */
export class NameBooks {
  readonly #db: Database
  #counts: Readonly<Record<HoldScope, Map<string, NameCount>>> | null = null

  constructor(db: Database) {
    this.#db = db
  }

  /** Names with tasks, and how many. */
  of(scope: HoldScope): ReadonlyMap<string, NameCount> {
    this.#counts ??= { worker: this.#read('worker'), workgroup: this.#read('workgroup') }
    return this.#counts[scope]
  }

  /** Tasks of a lane came, went or were completed. */
  add(lane: Pick<LaneKey, HoldScope>, change: Readonly<NameCount>): void {
    if (this.#counts === null) return
    addTo(this.#counts.worker, lane.worker, change)
    addTo(this.#counts.workgroup, lane.workgroup, change)
  }

  /** Its lanes are about to be deleted. */
  dropGroup(groupSeq: number): void {
    if (this.#counts === null) return
    for (const lane of this.#db.all('SELECT worker, workgroup, tasks, done FROM lane WHERE group_seq = ?', groupSeq)) {
      const { tasks, done } = lane as { tasks: number; done: number }
      this.add(lane as unknown as LaneKey, { tasks: -tasks, done: -done })
    }
  }

  /** What is known may not be so any more. */
  forget(): void {
    this.#counts = null
  }

  #read(scope: HoldScope): Map<string, NameCount> {
    const rows = this.#db.all(
      `SELECT ${scope} AS name, sum(tasks) AS tasks, sum(done) AS done FROM lane WHERE ${scope} <> '' AND tasks > 0 GROUP BY 1`,
    )
    return new Map(rows.map(({ name, tasks, done }: Row) => [name as string, { tasks, done } as NameCount]))
  }
}

function addTo(counts: Map<string, NameCount>, name: string, { tasks, done }: Readonly<NameCount>): void {
  if (name === '') return
  const count = counts.get(name)
  const next = { tasks: (count?.tasks ?? 0) + tasks, done: (count?.done ?? 0) + done }
  if (next.tasks === 0) counts.delete(name)
  else counts.set(name, next)
}
