import type { GateScope } from '../../server/core/gate.ts'
import type { LaneKey } from './lane.ts'

/** The leases there are, counted by what bounds them. Rebuilt from the rows at start and after a failed transaction. */
export class Leases {
  #total = 0
  readonly #byWorker = new Map<string, number>()
  readonly #byWorkgroup = new Map<string, number>()
  /** By merge key: a claim asks for each keyed task it meets. An edit can give two running tasks one key. */
  readonly #byKey = new Map<string, number>()

  clear(): void {
    this.#total = 0
    this.#byWorker.clear()
    this.#byWorkgroup.clear()
    this.#byKey.clear()
  }

  /** A task of the lane was leased, or its lease ended. */
  count({ worker, workgroup }: LaneKey, step: 1 | -1): void {
    this.#total += step
    add(this.#byWorker, worker, step)
    if (workgroup !== '') add(this.#byWorkgroup, workgroup, step)
  }

  of(scope: GateScope, name: string): number {
    if (scope === 'all') return this.#total
    return (scope === 'worker' ? this.#byWorker : this.#byWorkgroup).get(name) ?? 0
  }

  holdKey(mergeKey: string): void {
    if (mergeKey !== '') add(this.#byKey, mergeKey, 1)
  }

  /** Answers whether nobody holds the key any more. */
  freeKey(mergeKey: string): boolean {
    if (mergeKey !== '') add(this.#byKey, mergeKey, -1)
    return mergeKey !== '' && !this.#byKey.has(mergeKey)
  }

  hasKey(mergeKey: string): boolean {
    return mergeKey !== '' && this.#byKey.has(mergeKey)
  }

  keys(): Iterable<string> {
    return this.#byKey.keys()
  }
}

function add(counts: Map<string, number>, name: string, step: 1 | -1): void {
  const count = (counts.get(name) ?? 0) + step
  if (count === 0) counts.delete(name)
  else counts.set(name, count)
}
