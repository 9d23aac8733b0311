import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { ChangeSet, CommitResult, HoldScope, WorkHold } from '../../server/core/change-set.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup, TaskGroup } from '../../server/core/task-group.ts'
import type {
  ClaimRequest,
  ClaimResult,
  GroupQuery,
  LeaseRef,
  TaskQuery,
  WorkgroupQuery,
  WorkgroupRow,
} from '../task-storage.ts'
import { findFaults, fingerprintOf } from './audit.ts'
import { Books } from './books.ts'
import { applyChangeSet, type Tables } from './change-applier.ts'
import { claimTasks } from './claim.ts'
import { asStorageError, Database } from './database.ts'
import { GroupTable } from './group-table.ts'
import { HoldTable } from './hold-table.ts'
import { Lanes } from './lanes.ts'
import {
  readChildren,
  readCreatedBy,
  readGroup,
  readGroups,
  readTask,
  readTaskPage,
  readTasks,
  readWorkgroups,
} from './reads.ts'
import { attemptOf, plainGroupOf, SELECT_TASK } from './rows.ts'
import { TaskTable } from './task-table.ts'

export interface EngineOptions {
  /** A file, or `:memory:`. */
  readonly path: string
  /** New for every start: leases of another boot are dead, as only one process has the file. */
  readonly bootId: string
  /** At least 64 random bits each. */
  readonly newToken: () => string
}

/** The port's claim with its map as a list: calls cross to another thread as JSON. */
export type ClaimCall = Omit<ClaimRequest, 'slots'> & { readonly slots: readonly (readonly [string, number])[] }

/** What is written of a change set. Events are told by the side that made it, once it is applied. */
export type WrittenChangeSet = Pick<ChangeSet, 'guards' | 'changes'>

/** One call of the port: a method of `Engine` and its arguments. */
export type Call = {
  readonly [Method in EngineMethod]: { method: Method; args: Parameters<Engine[Method]> }
}[EngineMethod]

export type EngineMethod =
  | 'commit'
  | 'claim'
  | 'renewLeases'
  | 'listExpiredLeases'
  | 'getTasks'
  | 'findGroup'
  | 'getGroup'
  | 'listGroups'
  | 'listTasks'
  | 'listChildren'
  | 'listCreatedBy'
  | 'listDuplicates'
  | 'listAttempts'
  | 'listHolds'
  | 'listWorkgroups'
  | 'listFinishedGroups'
  | 'getRecord'
  | 'putRecord'
  | 'audit'

/** What one call gave: its answer, or the error it met. */
export type Reply = { readonly value: unknown } | { readonly error: unknown }

/**
 * The engine on SQLite, one call after another: no promises, nothing interleaves. A batch of calls that writes is one
 * transaction; a sync to disk costs 160 µs here and the rest of a task's commit 12 µs, so batches are what makes it fast.
 */
export class Engine {
  readonly #db: Database
  readonly #bootId: string
  readonly #newToken: () => string
  readonly #books = new Books()
  readonly #lanes = new Lanes()
  readonly #tables: Tables
  #now = 0

  constructor(options: EngineOptions, now: number) {
    this.#db = new Database(options.path)
    this.#bootId = options.bootId
    this.#newToken = options.newToken
    const tasks = new TaskTable(this.#db, this.#books, this.#lanes)
    const groups = new GroupTable(this.#db, this.#books, this.#lanes, tasks)
    const holds = new HoldTable(this.#db, this.#lanes)
    this.#tables = { db: this.#db, books: this.#books, tasks, groups, holds }
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
      return calls.map((call) => this.#runAlone(call))
    }
  }

  commit(changeSets: readonly WrittenChangeSet[]): CommitResult[] {
    return changeSets.map((changeSet) => applyChangeSet(this.#tables, changeSet, this.#now))
  }

  claim(call: ClaimCall): ClaimResult {
    const context = { ...this.#tables, lanes: this.#lanes, bootId: this.#bootId, newToken: this.#newToken }
    const { tasks, isCutShort } = claimTasks(context, { ...call, slots: new Map(call.slots) }, this.#now)
    return { tasks, nextDueAt: isCutShort ? this.#now : this.#lanes.nextTickAt() }
  }

  renewLeases(leases: readonly LeaseRef[], until: number): string[] {
    const sql = 'UPDATE task SET lease_until = ? WHERE id = ? AND lease_token = ? AND lease_until IS NOT NULL'
    return leases.filter(({ taskId, token }) => this.#db.run(sql, until, taskId, token) === 0).map(({ token }) => token)
  }

  listExpiredLeases(limit: number): Task[] {
    const rows = this.#db.all(
      `${SELECT_TASK} WHERE t.lease_until IS NOT NULL AND (t.lease_until <= ? OR t.lease_boot <> ?)
       ORDER BY t.lease_until LIMIT ?`,
      this.#now,
      this.#bootId,
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
    const sql = `${SELECT_TASK} WHERE t.merge_key = ? AND t.merge_key <> '' AND t.holds & 2 = 0 ORDER BY t.seq`
    return this.#db.all(sql, mergeKey).map((row) => readTask(this.#db, row))
  }

  listAttempts(taskId: string): AttemptRecord[] {
    const sql = 'SELECT * FROM attempt WHERE task_seq = (SELECT seq FROM task WHERE id = ?) ORDER BY ordinal DESC'
    return this.#db.all(sql, taskId).map(attemptOf)
  }

  listHolds(scope: HoldScope, names?: readonly string[]): WorkHold[] {
    return this.#tables.holds.list(scope, this.#now, names)
  }

  listWorkgroups(query: WorkgroupQuery): { workgroups: WorkgroupRow[]; count: number } {
    return readWorkgroups(this.#db, query, this.#now)
  }

  listFinishedGroups(before: number, limit: number): string[] {
    const sql =
      'SELECT id FROM task_group WHERE finished_at IS NOT NULL AND finished_at < ? ORDER BY finished_at LIMIT ?'
    return this.#db.all(sql, before, limit).map((row) => row.id as string)
  }

  getRecord(key: string): string | null {
    const sql = 'SELECT value FROM record WHERE key = ? AND (expires_at = 0 OR expires_at > ?)'
    return (this.#db.get(sql, key, this.#now)?.value ?? null) as string | null
  }

  putRecord(key: string, value: string | null, expiresAt: number): void {
    this.#db.run('DELETE FROM record WHERE expires_at > 0 AND expires_at <= ?', this.#now)
    if (value === null) this.#db.run('DELETE FROM record WHERE key = ?', key)
    else this.#db.run('INSERT OR REPLACE INTO record (key, value, expires_at) VALUES (?, ?, ?)', key, value, expiresAt)
  }

  audit(): { faults: string[]; fingerprint: string } {
    return { faults: findFaults(this.#db), fingerprint: fingerprintOf(this.#db) }
  }

  close(): void {
    this.#db.close()
  }

  #runTogether(calls: readonly Call[]): Reply[] {
    const run = (): Reply[] => calls.map((call) => ({ value: this.#dispatch(call) }))
    return this.#isWriting(calls) ? this.#write(calls.some(isDurable), run) : run()
  }

  #runAlone(call: Call): Reply {
    try {
      const [reply] = this.#runTogether([call])
      return reply as Reply
    } catch (error) {
      return { error }
    }
  }

  #dispatch({ method, args }: Call): unknown {
    // What was written before in this batch is to be read: counters too.
    if (!isWrite(method)) this.#books.write(this.#db, this.#now)
    return (this[method] as (...args: readonly unknown[]) => unknown).apply(this, args)
  }

  /** A claim that can find nothing is no reason for a transaction: an idle server polls each second. */
  #isWriting(calls: readonly Call[]): boolean {
    return calls.some(
      (call) => isDurable(call) || call.method === 'renewLeases' || (call.method === 'claim' && this.#lanes.hasQueued),
    )
  }

  /** One transaction with the books at its end. When it fails, what is kept in memory is read again from the rows. */
  #write<Result>(isSynced: boolean, work: () => Result): Result {
    try {
      return this.#db.transaction(isSynced, () => {
        const result = work()
        this.#books.write(this.#db, this.#now)
        return result
      })
    } catch (error) {
      this.#books.discard()
      this.#reload()
      throw asStorageError(error)
    }
  }

  #reload(): void {
    this.#tables.groups.forgetAll()
    this.#tables.holds.reload()
    this.#tables.tasks.reload(this.#now)
  }
}

/** Claims and renewals need no sync: a lost one is a lease of a dead boot. */
const isWrite = (method: EngineMethod): boolean => method === 'commit' || method === 'claim' || method === 'renewLeases'

const isDurable = ({ method }: Call): boolean => method === 'commit' || method === 'putRecord'
