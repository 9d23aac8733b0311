import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { CommitResult, HoldScope, PastHold, WorkHold } from '../../server/core/change-set.ts'
import type { FailingTask } from '../../server/core/error-kinds.ts'
import type { Gate } from '../../server/core/gate.ts'
import { OUTSIDE, type Task } from '../../server/core/task.ts'
import type { CountedGroup, GroupCensus, TaskGroup } from '../../server/core/task-group.ts'
import type {
  ClaimResult,
  EndedAt,
  EndedQuery,
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
  TrafficQuery,
  TrafficRow,
} from '../task-storage.ts'
import { countAhead } from './ahead.ts'
import { countRows, findFaults, fingerprintOf } from './audit.ts'
import { Books } from './books.ts'
import { applyChangeSet, type Tables } from './change-applier.ts'
import { claimTasks } from './claim.ts'
import { asStorageError, Database, isFull } from './database.ts'
import { type Call, type ClaimCall, isDurable, isWrite, type Reply, type WrittenChangeSet } from './engine-calls.ts'
import { readFailing, readNewestErrors } from './failing-reads.ts'
import { GateTable } from './gate-table.ts'
import { countGroups, readEnded, readGroup, readGroups } from './group-reads.ts'
import { GroupTable } from './group-table.ts'
import { Lanes } from './lanes.ts'
import { Leases } from './leases.ts'
import { NameBooks } from './name-books.ts'
import {
  readAttempts,
  readChildren,
  readCreatedBy,
  readDuplicates,
  readRecords,
  readTask,
  readTaskPage,
  readTasks,
  scanRecords,
} from './reads.ts'
import { plainGroupOf, SELECT_TASK } from './rows.ts'
import { TaskTable } from './task-table.ts'
import { readTraffic } from './traffic-reads.ts'

export interface EngineOptions {
  /** A file, or `:memory:`. */
  readonly path: string
  /** New for every start: leases of another boot are dead, as only one process has the file. */
  readonly bootId: string
  /** At least 64 random bits each. */
  readonly newToken: () => string
  /** Before so many idle lanes none is forgotten; for tests. */
  readonly minTrimmed?: number | undefined
}

/** More than come with one write, so that they get fewer; few enough that nobody waits for it. */
const RECORDS_DROPPED_AT_ONCE = 100

/**
 * After so many writes of one batch that a full disk refused, the others are refused unseen: behind each one what is kept in memory is
 * read again, 15 µs a lane, and a server that many ask to write would do nothing else. Not after the first: a large one may find no
 * room where a result does.
 */
const MAX_REFUSED = 3

/**
 * The engine on SQLite, one call after another: no promises, nothing interleaves. A batch of calls that writes is one
 * transaction; a sync to disk costs 160 µs here and the rest of a task's commit 12 µs, so batches are what makes it fast.
 */
export class Engine {
  readonly #db: Database
  readonly #bootId: string
  readonly #newToken: () => string
  readonly #books: Books
  readonly #lanes: Lanes
  readonly #leases = new Leases()
  readonly #names: NameBooks
  readonly #tables: Tables
  #now = 0
  /** A transaction failed, or what is kept in memory could not be read again since: before anything else it is. */
  #isStale = true

  constructor(options: EngineOptions, now: number) {
    this.#db = new Database(options.path)
    this.#bootId = options.bootId
    this.#newToken = options.newToken
    this.#lanes = new Lanes(options.minTrimmed)
    this.#names = new NameBooks(this.#db)
    this.#books = new Books(this.#names)
    const tasks = new TaskTable(this.#db, this.#books, this.#lanes, this.#leases)
    const groups = new GroupTable(this.#db, this.#books, this.#lanes, tasks)
    const gates = new GateTable(this.#db, this.#lanes, this.#leases)
    this.#tables = { db: this.#db, books: this.#books, tasks, groups, gates }
    this.#now = now
    this.#reload()
  }

  /** Runs calls in order at the time given; writes of the whole batch become durable together, before this returns. */
  runBatch(calls: readonly Call[], now: number): Reply[] {
    this.#now = now
    this.#lanes.tick(now)
    try {
      return this.#runTogether(calls)
    } catch {
      // One call that fails must not take the others with it: each gets a transaction and an answer of its own.
      return this.#runEach(calls)
    }
  }

  commit(changeSets: readonly WrittenChangeSet[]): CommitResult[] {
    return changeSets.map((changeSet) => applyChangeSet(this.#tables, changeSet, this.#now))
  }

  claim(call: ClaimCall): ClaimResult {
    const [lanes, leases, bootId, newToken] = [this.#lanes, this.#leases, this.#bootId, this.#newToken]
    const context = { ...this.#tables, lanes, leases, bootId, newToken }
    return claimTasks(context, { ...call, slots: new Map(call.slots) }, this.#now)
  }

  renewLeases(leases: readonly LeaseRef[], until: number, holder?: string): string[] {
    const ends = holder ? '?' : 'max(lease_until, ?)'
    const sql = `UPDATE task SET lease_until = ${ends}, lease_boot = coalesce(?, lease_boot)
       WHERE id = ? AND lease_token = ? AND lease_until IS NOT NULL`
    const renew = ({ taskId, token }: LeaseRef) => this.#db.run(sql, until, holder ?? null, taskId, token) > 0
    return leases.filter((lease) => !renew(lease)).map(({ token }) => token)
  }

  listExpiredLeases(limit: number): Task[] {
    const rows = this.#db.all(
      `${SELECT_TASK} WHERE t.lease_until IS NOT NULL AND
         (t.lease_until <= ? OR (t.lease_boot <> ? AND t.lease_boot NOT GLOB ?))
       ORDER BY t.lease_until LIMIT ?`,
      this.#now,
      this.#bootId,
      `${OUTSIDE}*`,
      limit,
    )
    return rows.map((row) => readTask(this.#db, row))
  }

  getTasks(ids: readonly string[]): Task[] {
    return readTasks(this.#db, ids)
  }

  findGroup(id: string): TaskGroup | null {
    const row = this.#db.get('SELECT * FROM task_group WHERE id = ?', id)
    return row ? plainGroupOf(row) : null
  }

  getGroup(id: string): CountedGroup | null {
    const row = this.#db.get('SELECT * FROM task_group WHERE id = ?', id)
    return row ? readGroup(this.#db, row, this.#now) : null
  }

  listGroups(query: GroupQuery): { groups: CountedGroup[]; count: number } {
    return readGroups(this.#db, query, this.#now)
  }

  countGroups(): GroupCensus {
    return countGroups(this.#db)
  }

  listTasks(query: TaskQuery): { tasks: Task[]; count: number } {
    return readTaskPage(this.#db, query, this.#now)
  }

  listChildren(parentIds: readonly string[]): Task[] {
    return readChildren(this.#db, parentIds)
  }

  listCreatedBy(taskIds: readonly string[]): Task[] {
    return readCreatedBy(this.#db, taskIds)
  }

  listDuplicates(mergeKey: string): Task[] {
    return readDuplicates(this.#db, mergeKey)
  }

  listAttempts(taskId: string): AttemptRecord[] {
    return readAttempts(this.#db, taskId)
  }

  listHolds(scope: HoldScope, names?: readonly string[]): WorkHold[] {
    return this.#tables.gates.listHolds(scope, this.#now, names)
  }

  listPastHolds(scope: HoldScope, name: string): PastHold[] {
    return this.#tables.gates.listPastHolds(scope, name)
  }

  getGates(refs: readonly GateRef[]): Gate[] {
    return refs.map(({ scope, name }) => this.#tables.gates.gateOf(scope, name, this.#now))
  }

  listWorkgroups(query: TrafficQuery): { workgroups: TrafficRow[]; count: number } {
    const { rows, count } = this.#listTraffic('workgroup', query)
    return { workgroups: rows, count }
  }

  listWorkers(query: TrafficQuery): { workers: TrafficRow[]; count: number } {
    const { rows, count } = this.#listTraffic('worker', query)
    return { workers: rows, count }
  }

  countTasks(): number {
    return [...this.#names.of('worker').values()].reduce((sum, { tasks }) => sum + tasks, 0)
  }

  countAhead(id: string): number {
    return countAhead(this.#db, this.#leases, { id, now: this.#now })
  }

  listFailing(query: FailingQuery): FailingTask[] {
    return readFailing(this.#db, query, this.#now)
  }

  listNewestErrors(taskIds: readonly string[]): NewestError[] {
    return readNewestErrors(this.#db, taskIds)
  }

  listEndedGroups(query: EndedQuery): EndedAt[] {
    return readEnded(this.#db, query)
  }

  getRecord(key: string): string | null {
    const sql = 'SELECT value FROM record WHERE key = ? AND (expires_at = 0 OR expires_at > ?)'
    return (this.#db.get(sql, key, this.#now)?.value ?? null) as string | null
  }

  putRecord(key: string, value: string | null, expiresAt: number): void {
    this.#dropEndedRecords()
    if (value === null) this.#db.run('DELETE FROM record WHERE key = ?', key)
    else this.#db.run('INSERT OR REPLACE INTO record (key, value, expires_at) VALUES (?, ?, ?)', key, value, expiresAt)
  }

  createRecord(key: string, value: string, expiresAt: number): string | null {
    const there = this.getRecord(key)
    if (there === null) this.putRecord(key, value, expiresAt)
    return there
  }

  listRecords(kind: string, query: PageQuery): { records: { key: string; value: string }[]; count: number } {
    return readRecords(this.#db, kind, query)
  }

  scanRecords(cursor: string | null): RecordScan {
    return scanRecords(this.#db, cursor, this.#now)
  }

  sizeInBytes(): number | null {
    return this.#db.size()
  }

  room(): StorageRoom {
    return this.#db.room()
  }

  audit(): StoreAudit {
    return { faults: findFaults(this.#db), count: countRows(this.#db), fingerprint: fingerprintOf(this.#db) }
  }

  close(): void {
    this.#db.close()
  }

  /** What has ended is not seen any more, so it may go little by little. */
  #dropEndedRecords(): void {
    const ended = 'SELECT key FROM record WHERE expires_at > 0 AND expires_at <= ? LIMIT ?'
    this.#db.run(`DELETE FROM record WHERE key IN (${ended})`, this.#now, RECORDS_DROPPED_AT_ONCE)
  }

  #listTraffic(scope: HoldScope, query: TrafficQuery): { rows: TrafficRow[]; count: number } {
    const [db, leases, lanes, names, now] = [this.#db, this.#leases, this.#lanes, this.#names, this.#now]
    return readTraffic({ db, gates: this.#tables.gates, leases, lanes, names, now }, scope, query)
  }

  #runTogether(calls: readonly Call[]): Reply[] {
    if (this.#isStale) this.#reload()
    const run = (): Reply[] => calls.map((call) => ({ value: this.#dispatch(call) }))
    return this.#isWriting(calls) ? this.#write(calls.some(isDurable), run) : this.#db.reading(run)
  }

  #runEach(calls: readonly Call[]): Reply[] {
    const refused: Reply[] = []
    return calls.map((call) => {
      const [last] = refused.length < MAX_REFUSED || !this.#isWriting([call]) ? [] : refused
      const reply = last ?? this.#runAlone(call)
      if ('error' in reply && isFull(reply.error)) refused.push(reply)
      return reply
    })
  }

  #runAlone(call: Call): Reply {
    try {
      const [reply] = this.#runTogether([call])
      return reply as Reply
    } catch (error) {
      return { error: asStorageError(error) }
    }
  }

  #dispatch({ method, args }: Call): unknown {
    // What was written before in this batch is to be read: counters and gates too.
    if (!isWrite(method)) this.#writeGathered()
    return (this[method] as (...args: readonly unknown[]) => unknown).apply(this, args)
  }

  /** A claim that can find nothing is no reason for a transaction: an idle server polls each second. */
  #isWriting(calls: readonly Call[]): boolean {
    return calls.some(
      (call) => isDurable(call) || call.method === 'renewLeases' || (call.method === 'claim' && this.#lanes.hasQueued),
    )
  }

  /** One transaction with the books and the gates at its end. When it fails, what is kept in memory is to be read again from the rows. */
  #write<Result>(isSynced: boolean, work: () => Result): Result {
    try {
      return this.#db.transaction(isSynced, () => {
        const result = work()
        this.#writeGathered()
        return result
      })
    } catch (error) {
      this.#books.discard()
      this.#isStale = true
      throw asStorageError(error)
    }
  }

  #writeGathered(): void {
    this.#books.write(this.#db, this.#now)
    this.#tables.gates.write()
  }

  #reload(): void {
    this.#names.forget()
    this.#tables.groups.forgetAll()
    this.#tables.gates.reload()
    this.#tables.tasks.reload(this.#now)
    this.#isStale = false
  }
}
