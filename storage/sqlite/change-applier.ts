import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { Change, CommitResult, Guard } from '../../server/core/change-set.ts'
import { isFinished, type Task } from '../../server/core/task.ts'
import type { TaskGroup } from '../../server/core/task-group.ts'
import type { Books } from './books.ts'
import type { Database } from './database.ts'
import type { WrittenChangeSet } from './engine-calls.ts'
import type { GateTable } from './gate-table.ts'
import type { GroupTable } from './group-table.ts'
import type { TaskCore, TaskTable } from './task-table.ts'

/** WIRE section 2: the newest 50 attempts of a task are kept. */
export const KEPT_ATTEMPTS = 50

/** The tables a change set touches, all on one connection. */
export interface Tables {
  readonly db: Database
  readonly books: Books
  readonly tasks: TaskTable
  readonly groups: GroupTable
  readonly gates: GateTable
}

/**
 * Applies one change set inside the transaction of its batch: all of it, or nothing. Everything that can be refused is
 * checked before the first write, so a refusal needs no rollback and the rest of the batch goes on.
 */
export function applyChangeSet(tables: Tables, changeSet: WrittenChangeSet, now: number): CommitResult {
  return new ChangeApplier(tables, now).apply(changeSet)
}

class ChangeApplier {
  readonly #tables: Tables
  readonly #now: number
  /** Rows met so far, as they are now. */
  readonly #rows = new Map<string, TaskCore | undefined>()

  constructor(tables: Tables, now: number) {
    this.#tables = tables
    this.#now = now
  }

  apply(changeSet: WrittenChangeSet): CommitResult {
    for (const guard of changeSet.guards) {
      const refusal = this.#check(guard)
      if (refusal) return refusal
    }
    if (!this.#canInsertAll(changeSet.changes)) return 'conflict'
    for (const change of changeSet.changes) this.#apply(change)
    return 'applied'
  }

  #check(guard: Guard): CommitResult | undefined {
    switch (guard.kind) {
      case 'lease':
        return checkLease(this.#row(guard.taskId), guard)
      case 'version':
        return this.#row(guard.taskId)?.version === guard.version ? undefined : 'conflict'
      case 'group':
        return this.#isGroupAsGuarded(guard) ? undefined : 'conflict'
      case 'children': {
        const row = this.#row(guard.taskId)
        return row && this.#tables.tasks.countChildren(row.seq) === guard.count ? undefined : 'conflict'
      }
      case 'duplicates': {
        const sql = `SELECT count(*) AS n FROM task WHERE merge_key = ? AND merge_key <> '' AND holds & 2 = 0`
        return this.#tables.db.get(sql, guard.mergeKey)?.n === guard.incomplete ? undefined : 'conflict'
      }
    }
  }

  #isGroupAsGuarded({ groupId, epoch, isFinished, isEnded }: Guard & { kind: 'group' }): boolean {
    const { groups } = this.#tables
    if ((groups.find(groupId)?.epoch ?? null) !== epoch) return false
    if (isFinished && !groups.hasEnded(groupId, 'finished', this.#now)) return false
    return !isEnded || groups.hasEnded(groupId, 'ended', this.#now)
  }

  /** Ids are free, groups exist or come with the change set, parents exist or come before their children. */
  #canInsertAll(changes: readonly Change[]): boolean {
    const ahead = new ChangesAhead(
      (id) => this.#row(id),
      (id) => this.#tables.groups.find(id)?.seq,
    )
    return changes.every((change) => ahead.allows(change))
  }

  #apply(change: Change): void {
    const { tasks, groups, gates } = this.#tables
    switch (change.kind) {
      case 'insertTask':
        this.#insert(change.task)
        break
      case 'patchTask':
        this.#change(change.taskId, (row) => tasks.patch(row, change.patch, change.lease, this.#now))
        break
      case 'releaseChildren':
        this.#countChildren(change.parentId, -1)
        break
      case 'blockChildren':
        this.#countChildren(change.parentId, 1)
        break
      case 'delayChildren':
        this.#delayChildren(change.parentId, change.notBefore)
        break
      case 'deleteTask':
        this.#delete(change.taskId)
        break
      case 'addAttempt':
        this.#addAttempt(change.taskId, change.attempt)
        break
      case 'putGroup':
        this.#putGroup(change.group)
        break
      case 'deleteGroup':
        this.#rows.clear()
        groups.delete(change.groupId, this.#now)
        break
      case 'liftHold':
        this.#rows.clear()
        groups.liftHold(change.groupId, change.hold, this.#now)
        break
      case 'holdWork':
        gates.hold(change.hold, this.#now)
        break
      case 'releaseWork':
        gates.release(change, this.#now)
        break
      case 'limitWork':
        gates.limit(change.scope, change.name, change.limits, this.#now)
        break
      case 'paceWork':
        gates.pace(change.scope, change.name, change.pace, this.#now)
        break
      case 'narrowWork':
        gates.narrow(change.scope, change.name, change.startedAt, this.#now)
        break
    }
  }

  #row(id: string): TaskCore | undefined {
    if (!this.#rows.has(id)) this.#rows.set(id, this.#tables.tasks.find(id))
    return this.#rows.get(id)
  }

  /** A task that is gone is nothing to change. */
  #change(id: string, apply: (row: TaskCore) => TaskCore): void {
    const row = this.#row(id)
    if (row) this.#rows.set(id, apply(row))
  }

  #insert(task: Task): void {
    const group = this.#tables.groups.find(task.groupId)
    const parents = task.parentIds.map((id) => this.#row(id)).filter((row) => row !== undefined)
    const unfinished = parents.filter((parent) => !isFinished(parent)).length
    if (group) this.#tables.tasks.insert(task, group, parents, unfinished, this.#now)
    this.#rows.delete(task.id)
  }

  #countChildren(parentId: string, step: 1 | -1): void {
    const parent = this.#row(parentId)
    if (!parent) return
    for (const child of this.#tables.tasks.childrenOf(parent.seq)) {
      const columns = { unfinished_parents: child.unfinished_parents + step }
      this.#rows.set(child.id, this.#tables.tasks.change(child, columns, this.#now))
    }
  }

  #delayChildren(parentId: string, notBefore: number): void {
    const parent = this.#row(parentId)
    if (!parent) return
    for (const child of this.#tables.tasks.childrenOf(parent.seq)) {
      if (isFinished(child) || child.run_after >= notBefore) continue
      this.#rows.set(child.id, this.#tables.tasks.change(child, { run_after: notBefore }, this.#now))
    }
  }

  #delete(taskId: string): void {
    const row = this.#row(taskId)
    if (!row) return
    this.#tables.tasks.delete(row, this.#now)
    this.#rows.clear()
  }

  #addAttempt(taskId: string, attempt: AttemptRecord): void {
    const row = this.#row(taskId)
    if (!row) return
    const { db } = this.#tables
    const last = db.get('SELECT ordinal FROM attempt WHERE task_seq = ? LIMIT 1', row.seq)
    const ordinal = ((last?.ordinal as number | undefined) ?? 0) + 1
    db.run(
      'INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      row.seq,
      ordinal,
      attempt.number,
      attempt.deliveryId,
      attempt.instance,
      attempt.startedAt,
      attempt.endedAt,
      attempt.outcome,
      attempt.statusCode,
      attempt.bytes,
      attempt.error,
      attempt.retryAt,
    )
    if (ordinal > KEPT_ATTEMPTS) {
      db.run('DELETE FROM attempt WHERE task_seq = ? AND ordinal <= ?', row.seq, ordinal - KEPT_ATTEMPTS)
    }
  }

  #putGroup(group: TaskGroup): void {
    this.#tables.groups.put(group, this.#now)
  }
}

function checkLease(row: TaskCore | undefined, guard: Guard & { kind: 'lease' }): CommitResult | undefined {
  if (row?.lease_token !== guard.token) return 'leaseLost'
  if (row.lease_until === null) return 'duplicate'
  return row.version === guard.version ? undefined : 'conflict'
}

/** What will be there when each change is applied, found without writing: the store, less and plus the changes before it. */
class ChangesAhead {
  readonly #storedTask: (id: string) => TaskCore | undefined
  readonly #storedGroup: (id: string) => number | undefined
  /** Tasks and groups that changes so far put there (true) or took away (false). */
  readonly #tasks = new Map<string, boolean>()
  readonly #groups = new Map<string, boolean>()
  readonly #goneGroups = new Set<number>()

  constructor(storedTask: (id: string) => TaskCore | undefined, storedGroup: (id: string) => number | undefined) {
    this.#storedTask = storedTask
    this.#storedGroup = storedGroup
  }

  allows(change: Change): boolean {
    if (change.kind === 'putGroup') this.#groups.set(change.group.id, true)
    else if (change.kind === 'deleteTask') this.#tasks.set(change.taskId, false)
    else if (change.kind === 'deleteGroup') this.#dropGroup(change.groupId)
    return change.kind !== 'insertTask' || this.#allowsInsert(change.task)
  }

  #allowsInsert({ id, groupId, parentIds }: Task): boolean {
    const isPossible =
      !this.#hasTask(id) && this.#hasGroup(groupId) && parentIds.every((parent) => this.#hasTask(parent))
    this.#tasks.set(id, true)
    return isPossible
  }

  #dropGroup(id: string): void {
    const seq = this.#storedGroup(id)
    if (seq !== undefined) this.#goneGroups.add(seq)
    this.#groups.set(id, false)
  }

  #hasTask(id: string): boolean {
    const stored = this.#tasks.get(id) === undefined ? this.#storedTask(id) : undefined
    return this.#tasks.get(id) ?? (stored !== undefined && !this.#goneGroups.has(stored.group_seq))
  }

  #hasGroup(id: string): boolean {
    return this.#groups.get(id) ?? this.#storedGroup(id) !== undefined
  }
}
