import { randomBytes, randomUUID } from 'node:crypto'
import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { ChangeSet, CommitResult, CrewEvent, HoldScope, PastHold, WorkHold } from '../../server/core/change-set.ts'
import type { Clock } from '../../server/core/clock.ts'
import type { FailingTask } from '../../server/core/error-kinds.ts'
import type { Gate } from '../../server/core/gate.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup, GroupCensus, TaskGroup } from '../../server/core/task-group.ts'
import type {
  ClaimRequest,
  ClaimResult,
  Durability,
  EndedAt,
  EndedQuery,
  EventListener,
  FailingQuery,
  GateRef,
  GroupQuery,
  LeaseRef,
  NewestError,
  PageQuery,
  RecordScan,
  StorageRoom,
  StoreAudit,
  TaskQuery,
  TaskStorage,
  TrafficQuery,
  TrafficRow,
} from '../task-storage.ts'
import { Engine } from './engine.ts'
import type { Call, EngineMethod, Reply } from './engine-calls.ts'
import { startEngineThread } from './thread-host.ts'

export interface SqliteOptions {
  /** A file, or `:memory:`. */
  readonly path: string
  readonly clock: Clock
  readonly bootId?: string
  readonly newToken?: () => string
  /** Runs the engine in a thread of its own, so that a sync or a long list never keeps the event loop. */
  readonly isThreaded?: boolean
  /** Without a thread, for tests: see EngineOptions. */
  readonly minTrimmed?: number
}

/** Where calls are run: in this thread, or in another. */
export interface EngineHost {
  run(calls: readonly Call[], now: number): Promise<Reply[]>
  close(): Promise<void>
}

/** Opens the store, or rejects with a StorageOpenError whose message says what to do. */
export async function openSqliteStorage(options: SqliteOptions): Promise<TaskStorage> {
  const { path, clock, bootId = randomUUID() } = options
  const host = options.isThreaded
    ? await startEngineThread({ path, bootId }, clock.now())
    : hostInline(
        new Engine(
          { path, bootId, newToken: options.newToken ?? newToken, minTrimmed: options.minTrimmed },
          clock.now(),
        ),
      )
  return new SqliteStorage(host, clock, durabilityOf(path))
}

/** 96 random bits. */
export const newToken = (): string => randomBytes(12).toString('base64url')

function hostInline(engine: Engine): EngineHost {
  return {
    async run(calls, now) {
      return engine.runBatch(calls, now)
    },
    async close() {
      engine.close()
    },
  }
}

interface Pending {
  readonly call: Call
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Batches on their way at once: one being written while the answers of the other are worked on. */
const MAX_BATCHES = 2

/**
 * The port on SQLite: gathers what is asked for in one turn of the event loop, and while earlier batches are being written,
 * into one batch, so batches grow with the load and an idle server answers at once. Calls are run in the order made.
 */
class SqliteStorage implements TaskStorage {
  readonly durability: Durability
  readonly #host: EngineHost
  readonly #clock: Clock
  readonly #listeners = new Set<EventListener>()
  #pending: Pending[] = []
  #batches = 0
  #isScheduled = false
  #whenIdle: (() => void) | null = null

  constructor(host: EngineHost, clock: Clock, durability: Durability) {
    this.#host = host
    this.#clock = clock
    this.durability = durability
  }

  async commit(changeSets: readonly ChangeSet[]): Promise<CommitResult[]> {
    const written = changeSets.map(({ guards, changes }) => ({ guards, changes }))
    const results = await this.#call('commit', written)
    this.#tell(
      changeSets.flatMap(({ events }, index) => (results[index] === 'applied' ? events : [])),
      'commit',
    )
    return results
  }

  async claim(request: ClaimRequest): Promise<ClaimResult> {
    const result = await this.#call('claim', { ...request, slots: [...request.slots] })
    this.#tell(
      result.tasks.map(({ task }) => ({ type: 'task.updated', groupId: task.groupId, taskId: task.id })),
      'claim',
    )
    return result
  }

  renewLeases(leases: readonly LeaseRef[], until: number, holder?: string): Promise<string[]> {
    return this.#call('renewLeases', leases, until, holder)
  }

  listExpiredLeases(limit: number): Promise<Task[]> {
    return this.#call('listExpiredLeases', limit)
  }

  getTasks(ids: readonly string[]): Promise<Task[]> {
    return ids.length === 0 ? Promise.resolve([]) : this.#call('getTasks', ids)
  }

  findGroup(id: string): Promise<TaskGroup | null> {
    return this.#call('findGroup', id)
  }

  getGroup(id: string): Promise<CountedGroup | null> {
    return this.#call('getGroup', id)
  }

  listGroups(query: GroupQuery): Promise<{ groups: CountedGroup[]; count: number }> {
    return this.#call('listGroups', query)
  }

  countGroups(): Promise<GroupCensus> {
    return this.#call('countGroups')
  }

  listTasks(query: TaskQuery): Promise<{ tasks: Task[]; count: number }> {
    return this.#call('listTasks', query)
  }

  listChildren(parentIds: readonly string[]): Promise<Task[]> {
    return this.#call('listChildren', parentIds)
  }

  listCreatedBy(taskIds: readonly string[]): Promise<Task[]> {
    return this.#call('listCreatedBy', taskIds)
  }

  listDuplicates(mergeKey: string): Promise<Task[]> {
    return this.#call('listDuplicates', mergeKey)
  }

  listAttempts(taskId: string): Promise<AttemptRecord[]> {
    return this.#call('listAttempts', taskId)
  }

  listHolds(scope: HoldScope, names?: readonly string[]): Promise<WorkHold[]> {
    if (names?.length === 0) return Promise.resolve([])
    return names ? this.#call('listHolds', scope, names) : this.#call('listHolds', scope)
  }

  listPastHolds(scope: HoldScope, name: string): Promise<PastHold[]> {
    return this.#call('listPastHolds', scope, name)
  }

  getGates(refs: readonly GateRef[]): Promise<Gate[]> {
    return refs.length === 0 ? Promise.resolve([]) : this.#call('getGates', refs)
  }

  listWorkgroups(query: TrafficQuery): Promise<{ workgroups: TrafficRow[]; count: number }> {
    return this.#call('listWorkgroups', query)
  }

  listWorkers(query: TrafficQuery): Promise<{ workers: TrafficRow[]; count: number }> {
    return this.#call('listWorkers', query)
  }

  countTasks(): Promise<number> {
    return this.#call('countTasks')
  }

  countAhead(taskId: string): Promise<number> {
    return this.#call('countAhead', taskId)
  }

  listFailing(query: FailingQuery): Promise<FailingTask[]> {
    return this.#call('listFailing', query)
  }

  listNewestErrors(taskIds: readonly string[]): Promise<NewestError[]> {
    return taskIds.length === 0 ? Promise.resolve([]) : this.#call('listNewestErrors', taskIds)
  }

  listEndedGroups(query: EndedQuery): Promise<EndedAt[]> {
    return this.#call('listEndedGroups', query)
  }

  getRecord(key: string): Promise<string | null> {
    return this.#call('getRecord', key)
  }

  putRecord(key: string, value: string | null, expiresAt = 0): Promise<void> {
    return this.#call('putRecord', key, value, expiresAt)
  }

  createRecord(key: string, value: string, expiresAt: number): Promise<string | null> {
    return this.#call('createRecord', key, value, expiresAt)
  }

  listRecords(kind: string, query: PageQuery): Promise<{ records: { key: string; value: string }[]; count: number }> {
    return this.#call('listRecords', kind, query)
  }

  scanRecords(cursor: string | null): Promise<RecordScan> {
    return this.#call('scanRecords', cursor)
  }

  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  sizeInBytes(): Promise<number | null> {
    return this.#call('sizeInBytes')
  }

  room(): Promise<StorageRoom> {
    return this.#call('room')
  }

  audit(): Promise<StoreAudit> {
    return this.#call('audit')
  }

  async close(): Promise<void> {
    if (this.#pending.length > 0 || this.#batches > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve
      })
    }
    await this.#host.close()
  }

  #call<Method extends EngineMethod>(
    method: Method,
    ...args: Parameters<Engine[Method]>
  ): Promise<ReturnType<Engine[Method]>> {
    return new Promise((resolve, reject) => {
      const call = { method, args } as unknown as Call
      this.#pending.push({ call, resolve: resolve as (value: unknown) => void, reject })
      this.#schedule()
    })
  }

  #tell(events: readonly CrewEvent[], origin: 'commit' | 'claim'): void {
    if (events.length > 0) for (const listener of this.#listeners) listener(events, origin)
  }

  #schedule(): void {
    if (this.#isScheduled || this.#batches >= MAX_BATCHES) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      void this.#send()
    })
  }

  async #send(): Promise<void> {
    const batch = this.#pending
    this.#pending = []
    if (batch.length === 0) return
    this.#batches++
    try {
      const replies = await this.#host.run(
        batch.map(({ call }) => call),
        this.#clock.now(),
      )
      for (const [index, one] of batch.entries()) answer(one, replies[index] as Reply)
    } catch (error) {
      for (const one of batch) one.reject(error)
    } finally {
      this.#batches--
      if (this.#pending.length > 0) this.#schedule()
      else if (this.#batches === 0) this.#whenIdle?.()
    }
  }
}

function answer(one: Pending, reply: Reply): void {
  if ('error' in reply) one.reject(reply.error)
  else one.resolve(reply.value)
}

function durabilityOf(path: string): Durability {
  if (path === ':memory:') {
    return { engine: 'sqlite', survives: 'none', detail: 'in memory: everything is gone when the server stops' }
  }
  const detail = `SQLite file ${path}, WAL, synchronous=FULL: survives kill -9 and power loss`
  return { engine: 'sqlite', survives: 'power', detail }
}
