import type { AttemptOutcome, AttemptRecord } from '../../server/core/attempt-record.ts'
import type { RetryPolicy } from '../../server/core/backoff.ts'
import { errorKindOf } from '../../server/core/error-kinds.ts'
import { groupSettingsFrom } from '../../server/core/group-settings.ts'
import type { Task, TaskPatch } from '../../server/core/task.ts'
import type { CountedGroup, KeyScope, StopCause, TaskGroup } from '../../server/core/task-group.ts'
import type { Row, SqlValue } from './database.ts'

/** Payloads up to this length live in the task's row; larger ones beside it, so that a lease does not copy them. */
export const MAX_INLINE_PAYLOAD = 2048

/** Tasks with the words of their lane and the id of their group. */
export const SELECT_TASK = selectTask('t.*')

/** What a task's row does not say itself. */
export interface TaskSurroundings {
  readonly groupId: string
  readonly worker: string
  readonly workgroup: string
  readonly priority: number
  readonly input: string
  readonly output: string
}

export function taskOf(row: Row, around: TaskSurroundings): Task {
  return {
    id: row.id as string,
    groupId: around.groupId,
    name: row.name as string,
    worker: around.worker,
    workgroup: around.workgroup,
    key: row.key as string,
    mergeKey: row.merge_key as string,
    holds: row.holds as number,
    remainingAttempts: row.remaining_attempts as number,
    priority: around.priority,
    progressWeight: row.progress_weight as number,
    runAfter: row.run_after as number,
    isSeed: row.is_seed === 1,
    errorDelayInSeconds: row.error_delay as number,
    retry: row.retry === null ? null : (JSON.parse(row.retry as string) as RetryPolicy),
    timeoutSeconds: row.timeout_seconds as number | null,
    input: around.input,
    output: around.output,
    errors: listOf(row.errors),
    metadata: recordOf(row.metadata),
    parentIds: listOf(row.parent_ids),
    createdAt: row.created_at as number,
    createdBy: row.created_by as string,
    version: row.version as number,
    run: row.run as number,
    attempts: row.attempts as number,
    failures: row.failures as number,
    rateLimitedSince: row.rate_limited_since as number,
    givenBack: row.given_back as number,
    unfinishedParents: row.unfinished_parents as number,
    lease: leaseOf(row),
  }
}

/** The usual empty ones are not worth a parse. */
const listOf = (value: SqlValue | undefined): string[] =>
  value === '[]' ? [] : (JSON.parse(value as string) as string[])
const recordOf = (value: SqlValue | undefined): Record<string, string> =>
  value === '{}' ? {} : (JSON.parse(value as string) as Record<string, string>)

function leaseOf(row: Row): Task['lease'] {
  if (row.lease_until === null) return null
  return {
    token: row.lease_token as string,
    holder: row.lease_boot as string,
    startedAt: row.lease_started_at as number,
    until: row.lease_until as number,
  }
}

const json = (value: unknown): string => JSON.stringify(value)

/** The columns behind the fields of a patch. Worker, workgroup and priority are the lane's; payloads are stored apart. */
const columns = {
  name: ['name', (task) => task.name],
  key: ['key', (task) => task.key],
  mergeKey: ['merge_key', (task) => task.mergeKey],
  holds: ['holds', (task) => task.holds],
  remainingAttempts: ['remaining_attempts', (task) => task.remainingAttempts],
  progressWeight: ['progress_weight', (task) => task.progressWeight],
  runAfter: ['run_after', (task) => task.runAfter],
  isSeed: ['is_seed', (task) => (task.isSeed ? 1 : 0)],
  errorDelayInSeconds: ['error_delay', (task) => task.errorDelayInSeconds],
  retry: ['retry', (task) => (task.retry === null ? null : json(task.retry))],
  timeoutSeconds: ['timeout_seconds', (task) => task.timeoutSeconds],
  errors: ['errors', (task) => json(task.errors)],
  metadata: ['metadata', (task) => json(task.metadata)],
  parentIds: ['parent_ids', (task) => json(task.parentIds)],
  createdBy: ['created_by', (task) => task.createdBy],
  run: ['run', (task) => task.run],
  attempts: ['attempts', (task) => task.attempts],
  failures: ['failures', (task) => task.failures],
  rateLimitedSince: ['rate_limited_since', (task) => task.rateLimitedSince],
  givenBack: ['given_back', (task) => task.givenBack],
} satisfies Partial<Record<keyof TaskPatch, [column: string, value: (task: Task) => SqlValue]>>

type ColumnField = keyof typeof columns
const columnFields = Object.keys(columns) as ColumnField[]
const isColumnField = (field: string): field is ColumnField => Object.hasOwn(columns, field)

const fieldColumns: readonly string[] = columnFields.map((field) => columns[field][0])

/** The names of all columns that a task's fields fill, in the order of `columnValues`. */
export const columnNames: readonly string[] = [...fieldColumns, 'error_kind']

export const columnValues = (task: Task): SqlValue[] => [
  ...columnFields.map((field) => columns[field][1](task)),
  errorKindOf(task),
]

/** Like `SELECT_TASK`, without the payloads: they stand last in a row, so what is long of it is not even read. */
export const SELECT_BARE_TASK = selectTask(
  [
    ...['seq', 'id', 'lane', 'unfinished_parents', 'version', 'lease_until', 'lease_token', 'lease_boot'],
    ...['lease_started_at', 'created_at', ...fieldColumns],
  ]
    .map((name) => `t.${name}`)
    .join(', '),
)

/** Of the errors only the newest: the others do not leave the database. */
export const SELECT_BRIEF_TASK = SELECT_BARE_TASK.replace(
  't.errors',
  `CASE t.errors WHEN '[]' THEN '[]' ELSE '[' || (t.errors -> '$[#-1]') || ']' END AS errors`,
)

function selectTask(columns: string): string {
  return `SELECT ${columns}, l.worker, l.workgroup, l.priority, g.id AS group_id
    FROM task t JOIN lane l ON l.id = t.lane JOIN task_group g ON g.seq = t.group_seq`
}

/** Columns and values of those fields of a patch that have a column of their own. */
export function columnsOf(patch: TaskPatch): Record<string, SqlValue> {
  const changed: Record<string, SqlValue> = {}
  for (const field in patch) {
    if (!isColumnField(field) || patch[field] === undefined) continue
    const [name, value] = columns[field]
    changed[name] = value(patch as Task)
  }
  if (patch.errors !== undefined) changed.error_kind = errorKindOf({ errors: patch.errors })
  return changed
}

export function plainGroupOf(row: Row): TaskGroup {
  return {
    id: row.id as string,
    name: row.name as string,
    createdAt: row.created_at as number,
    isPaused: row.is_paused === 1,
    stoppedBy: row.stopped_by === null ? null : (JSON.parse(row.stopped_by as string) as StopCause),
    metadata: recordOf(row.metadata),
    keyScope: row.key_scope as KeyScope,
    settings: groupSettingsFrom(row.settings as string),
    epoch: row.epoch as number,
  }
}

export function groupOf(row: Row, waiting: CountedGroup['waiting']): CountedGroup {
  return {
    ...plainGroupOf(row),
    counts: {
      succeeded: row.succeeded as number,
      running: row.running as number,
      failed: row.failed as number,
      paused: row.paused as number,
      blocked: row.blocked as number,
      waiting: row.waiting as number,
    },
    waiting,
    weightTotal: row.weight_total as number,
    weightDone: row.weight_done as number,
  }
}

export function attemptOf(row: Row): AttemptRecord {
  return {
    number: row.number as number,
    deliveryId: row.delivery_id as string,
    instance: row.instance as string,
    startedAt: row.started_at as number,
    endedAt: row.ended_at as number,
    outcome: row.outcome as AttemptOutcome,
    statusCode: row.status_code as number | null,
    bytes: row.bytes as number,
    error: row.error as string | null,
    retryAt: row.retry_at as number | null,
  }
}
