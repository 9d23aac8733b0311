import type { TaskStorage } from '../../storage/task-storage.ts'
import type { Clock, Timers } from '../core/clock.ts'
import { addTallies, type FailedAttempt, type Tally } from '../core/figures.ts'
import type { Logger } from './logger.ts'
import { isOutage } from './storage-health.ts'
import type { WorkerFigures } from './worker-figures.ts'

export interface SharedFiguresOptions {
  readonly figures: WorkerFigures
  readonly storage: Pick<TaskStorage, 'feed' | 'putRecord' | 'listRecords'>
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  /** The boot of this server. */
  readonly instance: string
}

const KIND = 'figures'
/** People look at figures for longer than this. */
const TELL_MS = 5000
/** Who has not told for so long has gone; clocks of servers may differ by less. */
const GONE_MS = 60_000
/** A worker is some 300 bytes of a record; these are the ones that were called last. */
const MAX_TOLD = 200
/** Servers that are read: a store has a handful. */
const MAX_SERVERS = 100

/** What a server tells the others. */
interface Told {
  readonly at: number
  readonly workers: readonly ToldTally[]
}
type ToldTally = readonly [
  worker: string,
  attempts: number,
  errors: number,
  latencies: readonly (readonly [number, number])[],
  lastError: FailedAttempt | null,
]

/**
 * The figures of all servers on a store: each tells its own in a record, and adds those of the others when somebody asks. A
 * best-effort: without the others' a server shows its own.
 */
export class SharedFigures {
  readonly #options: SharedFiguresOptions
  #cancel: () => void = () => {}
  #isStopped = false
  #hasTold = false
  #clearedAt = 0

  constructor(options: SharedFiguresOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#options.storage.feed) this.#tellLater()
  }

  /** Takes its record away. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    if (this.#hasTold) await this.#attempt(() => this.#options.storage.putRecord(this.#key, null))
  }

  /** In the order of the names. */
  async talliesOf(workers: readonly string[]): Promise<Tally[]> {
    const { figures, clock } = this.#options
    const others = await this.#readOthers()
    const now = clock.now()
    return workers.map((worker) =>
      addTallies([figures.of(worker, now), ...others.flatMap((told) => told.get(worker) ?? [])]),
    )
  }

  /** Of all workers; of those that each server called last. */
  async total(): Promise<Tally> {
    const { figures, clock } = this.#options
    const others = await this.#readOthers()
    const own = figures.all(clock.now()).map(([, tally]) => tally)
    return addTallies([...own, ...others.flatMap((told) => [...told.values()])])
  }

  get #key(): string {
    return `${KIND}/${this.#options.instance}`
  }

  #tellLater(): void {
    if (this.#isStopped) return
    this.#cancel = this.#options.timers.after(TELL_MS, () => {
      void this.#attempt(() => this.#tell())
        .then(() => this.#clear())
        .finally(() => this.#tellLater())
    })
  }

  async #tell(): Promise<void> {
    const { figures, storage, clock } = this.#options
    const at = clock.now()
    const workers = figures.all(at).slice(0, MAX_TOLD).map(toldOf)
    if (workers.length === 0 && !this.#hasTold) return
    this.#hasTold = workers.length > 0
    const told: Told = { at, workers }
    await storage.putRecord(this.#key, workers.length > 0 ? JSON.stringify(told) : null)
  }

  /** Servers that were killed leave their records behind, and it may be long until somebody asks for figures. */
  async #clear(): Promise<void> {
    const now = this.#options.clock.now()
    if (now - this.#clearedAt < GONE_MS) return
    this.#clearedAt = now
    await this.#readOthers()
  }

  /** By worker, a map for each other server. Takes away the records of those that have gone. */
  async #readOthers(): Promise<ReadonlyMap<string, Tally>[]> {
    const { storage, clock } = this.#options
    if (!storage.feed) return []
    const others: ReadonlyMap<string, Tally>[] = []
    await this.#attempt(async () => {
      const { records } = await storage.listRecords(KIND, { page: 1, pageSize: MAX_SERVERS })
      for (const { key, value } of records) {
        const { at, workers } = JSON.parse(value) as Told
        if (Math.abs(clock.now() - at) > GONE_MS) await storage.putRecord(key, null)
        else if (key !== this.#key) others.push(new Map(workers.map((told) => [told[0], tallyOf(told)])))
      }
    })
    return others
  }

  /** Others log that the storage is away. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!isOutage(error)) this.#options.logger.error({ err: error }, 'figures of workers could not be shared')
    }
  }
}

function toldOf([worker, { attempts, errors, latencies, lastError }]: [string, Tally]): ToldTally {
  return [worker, attempts, errors, [...latencies], lastError]
}

function tallyOf([, attempts, errors, latencies, lastError]: ToldTally): Tally {
  return { attempts, errors, latencies: new Map(latencies), lastError }
}
