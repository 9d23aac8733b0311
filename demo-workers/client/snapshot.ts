import { field, isRecord, listField, numberField, textField } from '../contract/json.ts'
import type { CrewClient } from './crew-client.ts'
import { plainText } from './plain-text.ts'

/** A group as it stands at one moment. */
export interface Snapshot {
  readonly state: string
  readonly counts: ReadonlyMap<string, number>
  readonly completedPercent: number
  readonly tasks: readonly TaskView[]
  readonly holds: readonly HoldView[]
}

/** Of a task, what the demo shows. */
export interface TaskView {
  readonly id: string
  readonly name: string
  readonly worker: string
  readonly workgroup: string
  readonly state: string
  readonly parentIds: readonly string[]
  readonly errors: readonly string[]
  readonly remainingAttempts: number
  readonly isComplete: boolean
  readonly runAfter: number
  readonly output: unknown
}

export interface HoldView {
  readonly name: string
  readonly heldUntil: number
  readonly reason: string
}

/** Reads everything that is shown. The four answers may be some milliseconds apart, which live progress can bear. */
export async function readSnapshot(client: CrewClient, groupId: string): Promise<Snapshot> {
  const path = `/api/v1/task_group/${groupId}`
  const [group, progress, tasks, workgroups] = await Promise.all([
    client.get(path),
    client.get(`${path}/progress`),
    readTasks(client, groupId),
    client.get('/api/v1/workgroups'),
  ])
  return {
    state: textField(group, 'state', ''),
    counts: parseCounts(field(group, 'counts')),
    completedPercent: numberField(progress, 'completedPercent', { fallback: 0, min: 0, max: 1 }),
    tasks,
    holds: listField(workgroups, 'workgroups').map(parseHold),
  }
}

/** Every task of a group, as far as one answer goes: 10,000. */
export async function readTasks(client: CrewClient, groupId: string): Promise<readonly TaskView[]> {
  return listField(await client.get(`/api/v1/task_group/${groupId}/tasks?pageSize=0`), 'tasks').map(parseTask)
}

function parseCounts(counts: unknown): ReadonlyMap<string, number> {
  const entries = isRecord(counts) ? Object.entries(counts) : []
  return new Map(entries.flatMap(([state, count]) => (typeof count === 'number' ? [[plainText(state), count]] : [])))
}

function parseTask(task: unknown): TaskView {
  return {
    id: textField(task, 'id', ''),
    name: plainText(textField(task, 'name', '') || textField(task, 'worker', '')),
    worker: plainText(textField(task, 'worker', '')),
    workgroup: plainText(textField(task, 'workgroup', '')),
    state: plainText(textField(task, 'state', '')),
    parentIds: textsIn(task, 'parentIds'),
    errors: textsIn(task, 'errors').map(plainText),
    remainingAttempts: numberField(task, 'remainingAttempts', { fallback: 0, min: 0, max: Number.MAX_SAFE_INTEGER }),
    isComplete: field(task, 'isComplete') === true,
    runAfter: timeIn(task, 'runAfter'),
    output: field(task, 'output') ?? null,
  }
}

function parseHold(workgroup: unknown): HoldView {
  return {
    name: plainText(textField(workgroup, 'name', '')),
    heldUntil: timeIn(workgroup, 'heldUntil'),
    reason: plainText(textField(workgroup, 'reason', '')),
  }
}

function textsIn(value: unknown, name: string): readonly string[] {
  return listField(value, name).filter((item) => typeof item === 'string')
}

/** Milliseconds since 1970, and 0 for an unset time: absent, `""`, or the zero time, which lies long before. */
function timeIn(value: unknown, name: string): number {
  const time = Date.parse(textField(value, name, ''))
  return Number.isNaN(time) ? 0 : Math.max(time, 0)
}
