import type { AttemptRecord } from './attempt-record.ts'
import type { Change, WorkHold } from './change-set.ts'
import type { GateLimits, GateScope, Pace } from './gate.ts'
import { isComplete, type Task } from './task.ts'
import type { TaskGroup } from './task-group.ts'

/** Raised when a line comes to mean something else; a file of a higher one was written by a newer Crew. */
export const BACKUP_FORMAT = 1

/** The first line. */
export interface BackupHead {
  readonly kind: 'crew-backup'
  readonly format: number
  /** Of the Crew that wrote it. */
  readonly version: string
  readonly engine: 'sqlite' | 'redis'
  /** When it was begun. */
  readonly createdAt: number
}

/**
 * What follows it: the groups, oldest first, each with its tasks, parents before children; then gates, holds and records. What counts
 * and lists is not told, as whoever reads it counts and lists anew. `attempts`: newest first.
 */
export type BackupLine =
  | { readonly kind: 'group'; readonly group: TaskGroup }
  | { readonly kind: 'task'; readonly task: Task; readonly attempts: readonly AttemptRecord[] }
  | {
      readonly kind: 'gate'
      readonly scope: GateScope
      readonly name: string
      readonly limits: GateLimits | null
      readonly pace: Pace | null
    }
  | { readonly kind: 'hold'; readonly hold: WorkHold }
  | { readonly kind: 'record'; readonly key: string; readonly value: string; readonly expiresAt: number }

/** The last line. */
export interface BackupEnd extends BackupCount {
  readonly kind: 'end'
  /** Of all bytes before it. */
  readonly sha256: string
}

export interface BackupCount {
  readonly groups: number
  readonly tasks: number
  readonly records: number
}

export const backupHead = (head: Omit<BackupHead, 'kind' | 'format'>): BackupHead => ({
  kind: 'crew-backup',
  format: BACKUP_FORMAT,
  ...head,
})

/** The first line of a file; null when it is no backup of Crew. */
export function readBackupHead(line: string): BackupHead | null {
  const head = parsed(line) as Partial<BackupHead> | null
  const isHead = head?.kind === 'crew-backup' && Number.isInteger(head.format)
  return isHead ? (head as BackupHead) : null
}

/** The last line of a file; null when it was cut short. */
export function readBackupEnd(line: string): BackupEnd | null {
  const end = parsed(line) as Partial<BackupEnd> | null
  return end?.kind === 'end' && typeof end.sha256 === 'string' ? (end as BackupEnd) : null
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

/**
 * Of a group that was read while it changed: the tasks of one moment, as far as answers go. A task that an answer made since `since`,
 * whose creator was read before it gave that answer, is left out, with all that came of it: the creator runs again and makes it again. Parents of tasks that stay, stay.
 */
export function tasksOfOneMoment(tasks: readonly Task[], since: number): Task[] {
  const byId = new Map(tasks.map((task) => [task.id, task]))
  const early = new Set<string>()
  for (const task of tasks) {
    const creator = byId.get(task.createdBy)
    const isEarly = creator !== undefined && (!isComplete(creator) || early.has(creator.id))
    if (task.createdAt >= since && isEarly) early.add(task.id)
  }
  for (const task of tasks.toReversed()) {
    if (!early.has(task.id)) for (const parentId of task.parentIds) early.delete(parentId)
  }
  const kept = tasks.filter(({ id }) => !early.has(id))
  return kept.map((task) => ({ ...task, parentIds: task.parentIds.filter((id) => byId.has(id)) }))
}

/** Tasks that go in with one change set; see `TASKS_PER_COMMIT` in crew-go-import.ts: here their attempts come with them. */
const TASKS_PER_COMMIT = 100
const CHARACTERS_PER_COMMIT = 4 * 1024 * 1024

/** Gathers tasks into the changes that insert them, as many as one change set may have. */
export class TaskBatch {
  #changes: Change[] = []
  #tasks = 0
  #characters = 0

  /** Answers whether it is full by now. */
  add(task: Task, attempts: readonly AttemptRecord[], now: number): boolean {
    const known = task.lease === null ? attempts : [cutAttempt(task, now), ...attempts]
    this.#changes.push({ kind: 'insertTask', task: { ...task, lease: null } })
    for (const attempt of known.toReversed()) this.#changes.push({ kind: 'addAttempt', taskId: task.id, attempt })
    this.#tasks++
    this.#characters += task.input.length + task.output.length
    return this.#tasks >= TASKS_PER_COMMIT || this.#characters >= CHARACTERS_PER_COMMIT
  }

  /** What was gathered, and begins anew. */
  take(): Change[] {
    const changes = this.#changes
    this.#changes = []
    this.#tasks = 0
    this.#characters = 0
    return changes
  }
}

/** An attempt that ran when the backup was made: its task runs again, and has lost no attempt by it, as after a crash. */
function cutAttempt(task: Task, now: number): AttemptRecord {
  return {
    number: task.attempts,
    deliveryId: `${task.id}_${task.run}`,
    instance: task.lease?.holder ?? '',
    startedAt: task.lease?.startedAt ?? now,
    endedAt: now,
    outcome: 'lost',
    statusCode: null,
    bytes: 0,
    error: 'a backup was made during the attempt, and restored',
    retryAt: task.runAfter,
  }
}
