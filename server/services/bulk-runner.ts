import { setImmediate as othersTurn } from 'node:timers/promises'
import { advanceBulk, type BulkOperation } from '../core/bulk.ts'
import { chunkSizeOf, runChunk } from './bulk-chunk.ts'
import {
  dropIds,
  findOperation,
  forgetStop,
  IDS_PER_SLICE,
  isAskedToStop,
  putOperation,
  readIds,
} from './bulk-records.ts'
import type { ServiceContext } from './service-context.ts'

interface UnderWay {
  shouldStop: boolean
  readonly ended: Promise<void>
}

/**
 * Works on bulk operations, each chunk by chunk with the turn of others in between, however many there are. What is not running here
 * has ended, is with another server, or was interrupted. States: `open` → close → `closed`; only `close` moves it. What is closed
 * half-way is interrupted, and can be continued.
 */
export class BulkRunner {
  /** The name by which others know who works on an operation. Made here: within a request with a key it would be made again by the next server. */
  readonly instance: string
  readonly #context: ServiceContext
  readonly #onError: (error: unknown, id: string) => void
  readonly #underWay = new Map<string, UnderWay>()
  #isClosed = false

  /** `onError` hears why an operation was interrupted. */
  constructor(context: ServiceContext, onError: (error: unknown, id: string) => void = () => {}) {
    this.instance = context.newId()
    this.#context = context
    this.#onError = onError
  }

  get count(): number {
    return this.#underWay.size
  }

  isRunning(id: string): boolean {
    return this.#underWay.has(id)
  }

  /** Goes on with it from where it is. Its record says that it runs here. */
  start(operation: BulkOperation): void {
    if (this.#isClosed || this.#underWay.has(operation.id)) return
    // The record stays as it is: not running here and not ended, so interrupted.
    const ended = this.#run(operation).catch((error: unknown) => this.#onError(error, operation.id))
    const whenEnded = ended.then(() => void this.#underWay.delete(operation.id))
    this.#underWay.set(operation.id, { shouldStop: false, ended: whenEnded })
  }

  /** Resolves when nothing more of it is done here. */
  async stop(id: string): Promise<void> {
    const one = this.#underWay.get(id)
    if (one) one.shouldStop = true
    await one?.ended
  }

  /** Resolves when it has ended or was interrupted. */
  async ended(id: string): Promise<void> {
    await this.#underWay.get(id)?.ended
  }

  /** Resolves when chunks under way are written. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#underWay.values()].map(({ ended }) => ended))
  }

  async #run(begun: BulkOperation): Promise<void> {
    const { storage, clock } = this.#context
    const list = new BulkList(this.#context, begun)
    let operation = begun
    while (operation.state === 'running') {
      if (this.#isClosed) return putOperation(storage, { ...operation, seenAt: 0 })
      const ids = (await this.#shouldStop(operation.id))
        ? null
        : await list.read(operation.next, chunkSizeOf(operation))
      operation = ids
        ? advanceBulk(operation, await runChunk(this.#context, operation, ids), clock.now())
        : { ...operation, state: 'stopped', endedAt: clock.now() }
      if (!(await this.#isOurs(operation.id))) return
      // First, as a list without an end would stay for ever; an operation without a list ends when it is continued.
      if (operation.state !== 'running') await this.#tidy(operation)
      await putOperation(storage, operation)
      await othersTurn()
    }
  }

  /** Whoever reads that an operation has ended can rely on it: nothing more of it is written. */
  async #tidy(operation: BulkOperation): Promise<void> {
    await dropIds(this.#context.storage, operation)
    await forgetStop(this.#context.storage, operation.id)
  }

  async #shouldStop(id: string): Promise<boolean> {
    return this.#underWay.get(id)?.shouldStop === true || isAskedToStop(this.#context.storage, id)
  }

  /** Where several servers work, one that froze for a minute may have been taken for dead. */
  async #isOurs(id: string): Promise<boolean> {
    const { storage } = this.#context
    if (!storage.feed) return true
    return (await findOperation(storage, id))?.instance === this.instance
  }
}

/** The list of an operation, a slice of it in memory. */
class BulkList {
  readonly #context: ServiceContext
  readonly #operation: Pick<BulkOperation, 'id' | 'total'>
  #slice = -1
  #ids: string[] | null = null

  constructor(context: ServiceContext, operation: BulkOperation) {
    this.#context = context
    this.#operation = operation
  }

  /** At most so many from this place on, and at least one unless it was the last; null: the list is gone. */
  async read(from: number, count: number): Promise<string[] | null> {
    if (from >= this.#operation.total) return []
    const slice = Math.floor(from / IDS_PER_SLICE)
    if (slice !== this.#slice) {
      this.#ids = await readIds(this.#context.storage, this.#operation.id, slice)
      this.#slice = slice
    }
    const first = from - slice * IDS_PER_SLICE
    return this.#ids?.slice(first, first + count) ?? null
  }
}
