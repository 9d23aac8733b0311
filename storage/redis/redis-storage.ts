import { randomBytes } from 'node:crypto'
import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { ChangeSet, CommitResult, CrewEvent, HoldScope, WorkHold } from '../../server/core/change-set.ts'
import type { Clock } from '../../server/core/clock.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup, TaskGroup } from '../../server/core/task-group.ts'
import {
  type ClaimRequest,
  type ClaimResult,
  type Durability,
  type EventListener,
  type GroupQuery,
  type LeaseRef,
  MAX_PAGE_SIZE,
  type PageQuery,
  type TaskQuery,
  type TaskStorage,
  type WorkgroupQuery,
  type WorkgroupRow,
} from '../task-storage.ts'
import { auditPartition } from './audit.ts'
import type { EventFeed } from './event-feed.ts'
import { findGroups, findTasks } from './find.ts'
import { partitionTag } from './keys.ts'
import { Partition, type ScriptRunner } from './partition.ts'

export interface RedisStorageOptions {
  readonly runner: ScriptRunner
  readonly feed: EventFeed
  readonly durability: Durability
  readonly clock: Clock
  readonly time: 'store' | 'clock'
  readonly bootId: string
  readonly newToken?: () => string
  /** Called once the storage is closed. */
  readonly onClose?: () => Promise<void>
}

/** 96 random bits: a store that fails over repeats its counters, not these. */
const newToken = (): string => randomBytes(12).toString('base64url')

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
  readonly #options: RedisStorageOptions
  readonly #partition: Partition
  readonly #listeners = new Set<EventListener>()
  #pending: Pending[] = []
  #batches = 0
  #isScheduled = false
  #whenIdle: (() => void) | null = null

  constructor(options: RedisStorageOptions) {
    this.#options = options
    this.durability = options.durability
    this.feed = options.feed
    this.#partition = new Partition({ newToken, ...options, tag: partitionTag(0) })
  }

  /** Says that this boot is there; before anything else. */
  async open(): Promise<void> {
    this.feed.open()
    await this.#partition.sayHere()
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
    const result = await this.#partition.claim(request)
    const updated = result.tasks.map(
      ({ task }): CrewEvent => ({ type: 'task.updated', groupId: task.groupId, taskId: task.id }),
    )
    this.#tell(updated, 'claim')
    return result
  }

  async renewLeases(leases: readonly LeaseRef[], until: number): Promise<string[]> {
    return leases.length === 0 ? [] : this.#partition.renewLeases(leases, until)
  }

  async listExpiredLeases(limit: number): Promise<Task[]> {
    const ids = await this.#partition.listExpiredIds(limit)
    const tasks = new Map((await this.getTasks(ids)).map((task) => [task.id, task]))
    return ids.flatMap((id) => tasks.get(id) ?? []).filter(({ lease }) => lease !== null)
  }

  async getTasks(ids: readonly string[]): Promise<Task[]> {
    return ids.length === 0 ? [] : this.#partition.getTasks([...new Set(ids)])
  }

  async findGroup(id: string): Promise<TaskGroup | null> {
    const group = await this.getGroup(id)
    if (!group) return null
    const { counts, waiting, weightTotal, weightDone, ...plain } = group
    return plain
  }

  async getGroup(id: string): Promise<CountedGroup | null> {
    const [group] = await this.#partition.getGroups([id])
    return group ?? null
  }

  listGroups(query: GroupQuery): Promise<{ groups: CountedGroup[]; count: number }> {
    return findGroups(this.#partition, query, placesOf(query))
  }

  listTasks(query: TaskQuery): Promise<{ tasks: Task[]; count: number }> {
    return findTasks(this.#partition, query, placesOf(query), this.#options.clock)
  }

  async listChildren(parentIds: readonly string[]): Promise<Task[]> {
    return this.getTasks(await this.#partition.relatedIds('children', parentIds))
  }

  async listCreatedBy(taskIds: readonly string[]): Promise<Task[]> {
    return this.getTasks(await this.#partition.relatedIds('createdBy', taskIds))
  }

  async listDuplicates(mergeKey: string): Promise<Task[]> {
    if (mergeKey === '') return []
    return this.getTasks(await this.#partition.relatedIds('openByKey', [mergeKey]))
  }

  listAttempts(taskId: string): Promise<AttemptRecord[]> {
    return this.#partition.listAttempts(taskId)
  }

  async listHolds(scope: HoldScope, names?: readonly string[]): Promise<WorkHold[]> {
    if (names?.length === 0) return []
    const holds = await this.#partition.listHolds(scope, names ?? [])
    return names ? holds : holds.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async listWorkgroups(query: WorkgroupQuery): Promise<{ workgroups: WorkgroupRow[]; count: number }> {
    const { first, last } = placesOf(query)
    return this.#partition.listWorkgroups(first, last, query.name)
  }

  listFinishedGroups(before: number, limit: number): Promise<string[]> {
    return this.#partition.listFinishedGroups(before, limit)
  }

  async getRecord(key: string): Promise<string | null> {
    const stored = (await this.#partition.command('GET', 'record', key)) as string | null
    if (stored === null) return null
    const end = stored.indexOf(' ')
    const expiresAt = Number(stored.slice(0, end))
    return expiresAt === 0 || expiresAt > this.#options.clock.now() ? stored.slice(end + 1) : null
  }

  async putRecord(key: string, value: string | null, expiresAt = 0): Promise<void> {
    const isTimed = expiresAt > 0 && this.#options.time === 'store'
    if (value === null) await this.#partition.command('DEL', 'record', key)
    else {
      await this.#partition.command(
        'SET',
        'record',
        key,
        `${expiresAt} ${value}`,
        ...(isTimed ? ['PXAT', expiresAt] : []),
      )
    }
  }

  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener)
    const stopRemote = this.feed.subscribeRemote(listener)
    return () => {
      this.#listeners.delete(listener)
      stopRemote()
    }
  }

  audit(): Promise<{ faults: string[]; fingerprint: string }> {
    const { runner } = this.#options
    return auditPartition(runner, partitionTag(0))
  }

  async close(): Promise<void> {
    if (this.#pending.length > 0 || this.#batches > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve
      })
    }
    this.feed.close()
    await this.#partition.sayGone()
    await this.#options.onClose?.()
  }

  #tell(events: readonly CrewEvent[], origin: 'commit' | 'claim'): void {
    if (events.length === 0) return
    for (const listener of this.#listeners) listener(events, origin)
    this.feed.publish(events, origin)
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
      const results = await this.#partition.commit(changeSets)
      this.#tell(
        changeSets.flatMap(({ events }, index) => (results[index] === 'applied' ? events : [])),
        'commit',
      )
      for (const { changeSets: own, resolve } of batch) resolve(results.splice(0, own.length))
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}

/** The places of a page, both inclusive. */
export interface Places {
  readonly first: number
  readonly last: number
}

function placesOf({ page, pageSize }: PageQuery): Places {
  const size = Math.trunc(pageSize === 0 ? MAX_PAGE_SIZE : pageSize)
  const first = Math.trunc((page - 1) * size)
  return { first, last: first + size - 1 }
}
