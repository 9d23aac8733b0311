import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { ChangeSet, CommitResult, CrewEvent, HoldScope, PastHold, WorkHold } from '../../server/core/change-set.ts'
import type { Clock } from '../../server/core/clock.ts'
import type { FailingTask } from '../../server/core/error-kinds.ts'
import { CrewError } from '../../server/core/errors.ts'
import type { Gate } from '../../server/core/gate.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup, GroupCensus, TaskGroup } from '../../server/core/task-group.ts'
import {
  type ClaimRequest,
  type ClaimResult,
  type Durability,
  type EndedAt,
  type EndedQuery,
  type EventListener,
  type FailingQuery,
  type GateRef,
  type GroupQuery,
  type LeaseRef,
  MAX_PAGE_SIZE,
  type NewestError,
  type PageQuery,
  type RecordScan,
  type StorageRoom,
  type StoreAudit,
  type TaskQuery,
  type TaskStorage,
  type TrafficQuery,
  type TrafficRow,
} from '../task-storage.ts'
import type { EventFeed } from './event-feed.ts'
import { findTasks } from './find.ts'
import { findGroups } from './find-groups.ts'
import type { Places, Store } from './store.ts'

export interface RedisStorageOptions {
  readonly store: Store
  readonly feed: EventFeed
  readonly durability: Durability
  readonly isPartitioned: boolean
  readonly clock: Clock
  readonly readRoom: () => Promise<StorageRoom>
  /** It only looks: nothing says that it was there. */
  readonly isReadOnly?: boolean
  /** Called once the storage is closed. */
  readonly onClose?: () => Promise<void>
}

/** Batches on their way at once: one being written while the answers of the other are worked on. */
const MAX_BATCHES = 2

interface Pending {
  readonly changeSets: readonly ChangeSet[]
  readonly resolve: (results: CommitResult[]) => void
  readonly reject: (error: unknown) => void
}

/** The port on Redis. */
export class RedisStorage implements TaskStorage {
  readonly durability: Durability
  readonly feed: EventFeed
  readonly isPartitioned: boolean
  readonly clock: Clock
  readonly #options: RedisStorageOptions
  readonly #store: Store
  readonly #listeners = new Set<EventListener>()
  #pending: Pending[] = []
  #batches = 0
  #isScheduled = false
  #whenIdle: (() => void) | null = null

  constructor(options: RedisStorageOptions) {
    this.#options = options
    this.durability = options.durability
    this.feed = options.feed
    this.isPartitioned = options.isPartitioned
    this.clock = options.clock
    this.#store = options.store
  }

  /** Says that this boot is there; before anything else. May be done again when it failed. */
  async open(): Promise<void> {
    if (this.#options.isReadOnly) return
    await this.#store.open()
    this.feed.open()
  }

  commit(changeSets: readonly ChangeSet[]): Promise<CommitResult[]> {
    if (changeSets.length === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      this.#pending.push({ changeSets, resolve, reject })
      this.#schedule()
    })
  }

  async claim(request: ClaimRequest): Promise<ClaimResult> {
    // Calls are run in the order made: what was committed before may be what is claimed.
    void this.#send()
    const { until, ...wanted } = request
    const leaseMs = this.#msUntil(until)
    const { tasks, nextDueAt } = await this.#orLost(this.#store.claim({ ...wanted, leaseMs }))
    const updated = tasks.map(
      ({ task }): CrewEvent => ({ type: 'task.updated', groupId: task.groupId, taskId: task.id }),
    )
    this.#tell(updated, 'claim')
    return { tasks, nextDueAt }
  }

  async renewLeases(leases: readonly LeaseRef[], until: number, holder?: string): Promise<string[]> {
    return leases.length === 0 ? [] : this.#store.renewLeases(leases, this.#msUntil(until), holder)
  }

  listExpiredLeases(limit: number): Promise<Task[]> {
    return this.#store.listExpiredLeases(limit)
  }

  async getTasks(ids: readonly string[]): Promise<Task[]> {
    return ids.length === 0 ? [] : this.#store.getTasks([...new Set(ids)])
  }

  findGroup(id: string): Promise<TaskGroup | null> {
    return this.#store.findGroup(id)
  }

  async getGroup(id: string): Promise<CountedGroup | null> {
    const [group] = await this.#store.getGroups([id])
    return group ?? null
  }

  listGroups(query: GroupQuery): Promise<{ groups: CountedGroup[]; count: number }> {
    return findGroups(this.#store, query, placesOf(query))
  }

  countGroups(): Promise<GroupCensus> {
    return this.#store.countGroups()
  }

  listTasks(query: TaskQuery): Promise<{ tasks: Task[]; count: number }> {
    return findTasks(this.#store, query, placesOf(query), this.#options.clock)
  }

  listChildren(parentIds: readonly string[]): Promise<Task[]> {
    return this.#store.listRelated('children', parentIds)
  }

  listCreatedBy(taskIds: readonly string[]): Promise<Task[]> {
    return this.#store.listRelated('createdBy', taskIds)
  }

  async listDuplicates(mergeKey: string): Promise<Task[]> {
    return mergeKey === '' ? [] : this.#store.listRelated('openByKey', [mergeKey])
  }

  listAttempts(taskId: string): Promise<AttemptRecord[]> {
    return this.#store.listAttempts(taskId)
  }

  async listHolds(scope: HoldScope, names?: readonly string[]): Promise<WorkHold[]> {
    if (names?.length === 0) return []
    const holds = await this.#store.listHolds(scope, names ?? [])
    return names ? holds : holds.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  listPastHolds(scope: HoldScope, name: string): Promise<PastHold[]> {
    return this.#store.listPastHolds(scope, name)
  }

  async getGates(refs: readonly GateRef[]): Promise<Gate[]> {
    return refs.length === 0 ? [] : this.#store.getGates(refs)
  }

  async listWorkgroups(query: TrafficQuery): Promise<{ workgroups: TrafficRow[]; count: number }> {
    const { rows, count } = await this.#store.listTraffic('workgroup', placesOf(query), query.name)
    return { workgroups: rows, count }
  }

  async listWorkers(query: TrafficQuery): Promise<{ workers: TrafficRow[]; count: number }> {
    const { rows, count } = await this.#store.listTraffic('worker', placesOf(query), query.name)
    return { workers: rows, count }
  }

  countTasks(): Promise<number> {
    return this.#store.countTasks()
  }

  countAhead(taskId: string): Promise<number> {
    return this.#store.countAhead(taskId)
  }

  async listFailing(query: FailingQuery): Promise<FailingTask[]> {
    return (await this.#store.listFailing(query)).map(({ task }) => task)
  }

  async listNewestErrors(taskIds: readonly string[]): Promise<NewestError[]> {
    return taskIds.length === 0 ? [] : this.#store.listNewestErrors(taskIds)
  }

  listEndedGroups(query: EndedQuery): Promise<EndedAt[]> {
    return this.#store.listEndedGroups(query)
  }

  getRecord(key: string): Promise<string | null> {
    return this.#store.getRecord(key)
  }

  putRecord(key: string, value: string | null, expiresAt = 0): Promise<void> {
    return this.#store.putRecord(key, value, expiresAt)
  }

  createRecord(key: string, value: string, expiresAt: number): Promise<string | null> {
    return this.#store.createRecord(key, value, expiresAt)
  }

  listRecords(kind: string, page: PageQuery): Promise<{ records: { key: string; value: string }[]; count: number }> {
    return this.#store.listRecords(kind, placesOf(page))
  }

  scanRecords(cursor: string | null): Promise<RecordScan> {
    return this.#store.scanRecords(cursor)
  }

  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener)
    const stopRemote = this.feed.subscribeRemote(listener)
    return () => {
      this.#listeners.delete(listener)
      stopRemote()
    }
  }

  async sizeInBytes(): Promise<number | null> {
    return (await this.room()).usedBytes
  }

  room(): Promise<StorageRoom> {
    return this.#options.readRoom()
  }

  audit(): Promise<StoreAudit> {
    return this.#store.audit()
  }

  async close(): Promise<void> {
    if (this.#pending.length > 0 || this.#batches > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve
      })
    }
    this.feed.close()
    // Best effort: what leases are left end by themselves.
    if (!this.#options.isReadOnly) await this.#store.close().catch(() => {})
    await this.#options.onClose?.()
  }

  #msUntil(until: number): number {
    return until - this.clock.now()
  }

  #tell(events: readonly CrewEvent[], origin: 'commit' | 'claim'): void {
    if (events.length === 0) return
    for (const listener of this.#listeners) listener(events, origin)
    this.feed.publish(events, origin)
  }

  /** What failed may have been done all the same (I14), and then its events are told by nobody. */
  async #orLost<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work
    } catch (error) {
      this.feed.noteLost()
      throw error
    }
  }

  #schedule(): void {
    if (this.#isScheduled || this.#batches >= MAX_BATCHES) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      void this.#send()
    })
  }

  /** What is asked for in one turn of the event loop, and while earlier batches are on their way, is one batch. */
  async #send(): Promise<void> {
    const batch = this.#pending
    this.#pending = []
    if (batch.length === 0) return
    this.#batches++
    try {
      await this.#write(batch)
    } finally {
      this.#batches--
      if (this.#pending.length > 0) this.#schedule()
      else if (this.#batches === 0) this.#whenIdle?.()
    }
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    try {
      const changeSets = batch.flatMap((one) => one.changeSets)
      const results = await this.#orLost(this.#store.commit(changeSets))
      // Of one partition only: as in #orLost, its sets may have been written.
      if (results.some(isAway)) this.feed.noteLost()
      this.#tell(
        changeSets.flatMap(({ events }, index) => (results[index] === 'applied' ? events : [])),
        'commit',
      )
      for (const one of batch) answer(one, results.splice(0, one.changeSets.length))
    } catch (error) {
      // While the store is away nothing queues up behind what it does not answer: that would wait as long once more.
      const unsent = isAway(error) ? this.#pending.splice(0) : []
      for (const { reject } of [...batch, ...unsent]) reject(error)
    }
  }
}

function answer({ resolve, reject }: Pending, results: (CommitResult | CrewError)[]): void {
  const refusal = results.find((result) => result instanceof CrewError)
  if (refusal) reject(refusal)
  else resolve(results as CommitResult[])
}

const isAway = (error: unknown): boolean => error instanceof CrewError && error.code === 'storage_unavailable'

function placesOf({ page, pageSize }: PageQuery): Places {
  const size = Math.trunc(pageSize === 0 ? MAX_PAGE_SIZE : pageSize)
  const first = Math.trunc((page - 1) * size)
  return { first, last: first + size - 1 }
}
