import type { TaskStorage, TrafficRow } from '../../storage/task-storage.ts'
import type { WorkHold } from '../core/change-set.ts'
import type { Clock, Timers } from '../core/clock.ts'
import type { Gate } from '../core/gate.ts'
import { TaskCensus, type TaskCounts } from './task-census.ts'

/** What a scrape tells of the storage, all of one moment or nearly. */
export interface StoreReading {
  /** Null while the first count is under way. */
  readonly tasks: TaskCounts | null
  /** Those that are read; of more than these `areAll` is false. */
  readonly workers: readonly TrafficRow[]
  readonly areAll: boolean
  readonly gates: ReadonlyMap<string, Gate>
  readonly workerHolds: readonly WorkHold[]
  readonly workgroupHolds: readonly WorkHold[]
  readonly bytes: number | null
}

export type ReadStorage = Pick<TaskStorage, 'listGroups' | 'listWorkers' | 'listHolds' | 'getGates' | 'sizeInBytes'>

/** Who has more workers than a page tells of those that come first by name. */
const MAX_WORKERS = 1000
/** Every Prometheus scrapes less often; several of them share a reading. */
const FRESH_MS = 1000
/** At most a twentieth of the time something is read: a store that takes long is asked less often. */
const REST = 20
/** A scrape waits no longer: Prometheus gives up after 10 s, and a storage that hangs is a storage that is not up. */
const PATIENCE_MS = 2000

/** Reads what the gauges of the storage need: once for all who ask within a second, and never twice at the same time. */
export class StoreReader {
  readonly #options: { readonly storage: ReadStorage; readonly clock: Clock; readonly timers: Timers }
  readonly #census: TaskCensus
  #reading: Promise<StoreReading> | null = null
  #last: StoreReading | null = null
  #readAt = Number.NEGATIVE_INFINITY
  #restMs = 0

  constructor(options: { readonly storage: ReadStorage; readonly clock: Clock; readonly timers: Timers }) {
    this.#options = options
    this.#census = new TaskCensus(options.storage)
  }

  /** Of a second ago at most, as a rule; null: the storage does not answer. `named`: the workers whose gates are wanted. */
  async read(named: readonly string[]): Promise<StoreReading | null> {
    const now = this.#options.clock.now()
    // Also what failed is not asked for at once again. A clock that was set back must not put it off for long.
    if (Math.abs(now - this.#readAt) < this.#restMs) return this.#last
    this.#reading ??= this.#readNow(named).finally(() => {
      this.#reading = null
    })
    return this.#inTime(this.#reading)
  }

  #inTime(reading: Promise<StoreReading>): Promise<StoreReading | null> {
    return new Promise((resolve) => {
      const cancel = this.#options.timers.after(PATIENCE_MS, () => resolve(null))
      reading
        .catch(() => null)
        .then((value) => {
          cancel()
          resolve(value)
        })
    })
  }

  async #readNow(named: readonly string[]): Promise<StoreReading> {
    const { storage, clock } = this.#options
    const startedAt = clock.now()
    try {
      this.#last = await this.#readAll(storage, named, startedAt)
      return this.#last
    } catch (error) {
      this.#last = null
      throw error
    } finally {
      const now = clock.now()
      this.#readAt = now
      this.#restMs = Math.max(FRESH_MS, REST * (now - startedAt))
    }
  }

  async #readAll(storage: ReadStorage, named: readonly string[], now: number): Promise<StoreReading> {
    const refs = named.map((name) => ({ scope: 'worker' as const, name }))
    const [{ workers, count }, gates, workerHolds, workgroupHolds, bytes, tasks] = await Promise.all([
      storage.listWorkers({ page: 1, pageSize: MAX_WORKERS }),
      storage.getGates(refs),
      storage.listHolds('worker'),
      storage.listHolds('workgroup'),
      storage.sizeInBytes(),
      this.#census.turn(now),
    ])
    return {
      tasks,
      workers,
      areAll: count <= workers.length,
      gates: new Map(named.flatMap((name, at) => (gates[at] ? [[name, gates[at]] as const] : []))),
      workerHolds,
      workgroupHolds,
      bytes,
    }
  }
}
