import { MAX_PAGE_SIZE, type PageQuery, type TaskStorage } from '../../storage/task-storage.ts'
import {
  ACTIVITY_KIND,
  type Activity,
  type ActivityFilter,
  activityFrom,
  activityKey,
  activityText,
  isWanted,
  MAX_ACTIVITY,
} from '../core/activity.ts'
import { Turns } from './turns.ts'

export interface ActivityLogDeps {
  readonly storage: Pick<TaskStorage, 'putRecord' | 'listRecords'>
  /** Some was dropped: the storage took nothing for too long. */
  readonly onLoss: (count: number) => void
  /** How many are kept: whole pages of what is pruned at once. */
  readonly keep?: number
}

/** What waits for a storage that takes nothing; people do not do more in an outage. */
const MAX_WAITING = 1000
/** Written between two looks for what is too old; so many more than are told may be kept. */
const PRUNE_EVERY = 100
const PRUNE_AT_ONCE = 500

/**
 * Keeps what people and programs did. It is **noted** when it happened, which costs a request nothing, and **written** in batches: a
 * crash loses the last quarter of a second, an outage of the storage nothing below a thousand. Servers of one store write beside
 * each other, each entry a record of its own.
 */
export class ActivityLog {
  readonly #deps: ActivityLogDeps
  readonly #turns = new Turns()
  #waiting: { readonly key: string; readonly text: string }[] = []
  #noted = 0
  /** Older ones are looked for at the first write, too: of a server that was stopped before. */
  #writtenSincePrune = PRUNE_EVERY
  readonly #keep: number

  constructor(deps: ActivityLogDeps) {
    this.#deps = deps
    this.#keep = deps.keep ?? MAX_ACTIVITY
  }

  note(activity: Activity): void {
    this.#waiting.push({ key: activityKey(activity, this.#noted++), text: activityText(activity) })
    const lost = this.#waiting.length - MAX_WAITING
    if (lost <= 0) return
    this.#waiting.splice(0, lost)
    this.#deps.onLoss(lost)
  }

  /** Writes what waits. Rejects when the storage does not take it: it waits on, and may be written twice under the same key. */
  async flush(): Promise<void> {
    if (this.#waiting.length > 0) await this.#turns.take(() => this.#write())
  }

  /** Newest first, what was done a moment ago included. Without a filter only the page is read. */
  async list(filter: ActivityFilter, page: PageQuery): Promise<{ activity: Activity[]; count: number }> {
    await this.flush()
    const { storage } = this.#deps
    if (Object.values(filter).every((wanted) => wanted === undefined)) {
      const { records, count } = await storage.listRecords(ACTIVITY_KIND, page)
      return { activity: records.map(({ value }) => activityFrom(value)), count: Math.min(count, this.#keep) }
    }
    const { records } = await storage.listRecords(ACTIVITY_KIND, { page: 1, pageSize: this.#keep })
    const found = records.map(({ value }) => activityFrom(value)).filter((each) => isWanted(each, filter))
    const size = page.pageSize === 0 ? MAX_PAGE_SIZE : page.pageSize
    return { activity: found.slice((page.page - 1) * size, page.page * size), count: found.length }
  }

  async #write(): Promise<void> {
    // A copy: what is noted while this is written waits for the next time.
    const batch = [...this.#waiting]
    await Promise.all(batch.map(({ key, text }) => this.#deps.storage.putRecord(key, text)))
    const written = new Set(batch)
    this.#waiting = this.#waiting.filter((each) => !written.has(each))
    this.#writtenSincePrune += written.size
    if (this.#writtenSincePrune < PRUNE_EVERY) return
    await this.#prune()
    this.#writtenSincePrune = 0
  }

  /** Keys come newest first, so what is too old stands behind the last place. */
  async #prune(): Promise<void> {
    const { storage } = this.#deps
    for (let left = PRUNE_AT_ONCE; left === PRUNE_AT_ONCE; ) {
      const page = { page: this.#keep / PRUNE_AT_ONCE + 1, pageSize: PRUNE_AT_ONCE }
      const { records } = await storage.listRecords(ACTIVITY_KIND, page)
      await Promise.all(records.map(({ key }) => storage.putRecord(key, null)))
      left = records.length
    }
  }
}
