import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { Change, ChangeSet, Guard, WorkHold } from '../../server/core/change-set.ts'
import { errorKindOf } from '../../server/core/error-kinds.ts'
import type { GateLimits, Pace } from '../../server/core/gate.ts'
import { groupSettingsText } from '../../server/core/group-settings.ts'
import type { Task, TaskPatch } from '../../server/core/task.ts'
import { weightUnits } from '../../server/core/task-group.ts'
import type { HoldFields, LimitsFields, PaceFields } from './decode.ts'
import { LONG_TEXT, LONGEST_TEXT } from './keys.ts'
import { fields } from './task-fields.ts'

/** Payloads above this length go to the script as arguments of their own, so that it does not parse them as JSON. */
const LONGEST_INLINE_PAYLOAD = 1024

/** A text, or its place among the payloads beside the change (a Lua index, from 1). */
type Payload = string | number

/** Long payloads in the order of their places; equal ones (a result that is merged into many tasks) share one. */
class Payloads {
  readonly texts: string[] = []
  readonly #places = new Map<string, number>()
  readonly #first: number

  constructor(first: number) {
    this.#first = first
  }

  place(json: string): Payload {
    if (json.length <= LONGEST_INLINE_PAYLOAD) return json
    const known = this.#places.get(json)
    if (known !== undefined) return known
    const place = this.#first + this.texts.push(json) - 1
    this.#places.set(json, place)
    return place
  }
}

/** Change sets as `commit.lua` reads them: one JSON text, and the long payloads behind it. */
export interface EncodedCommit {
  readonly sets: string
  readonly payloads: readonly string[]
}

/** The first payload's place among the script's arguments. */
const FIRST_PAYLOAD = 3

export function encodeCommit(changeSets: readonly Pick<ChangeSet, 'guards' | 'changes'>[]): EncodedCommit {
  const payloads = new Payloads(FIRST_PAYLOAD)
  const sets = changeSets.map(({ guards, changes }) => [
    guards.map(encodeGuard),
    changes.map((change) => encodeChange(change, (json) => payloads.place(json))),
  ])
  return { sets: JSON.stringify(sets), payloads: payloads.texts }
}

/** One change as the list of a large change set keeps it: itself, then its long payloads. */
export function encodeElements(change: Change): string[] {
  const payloads = new Payloads(1)
  const encoded = encodeChange(change, (json) => payloads.place(json))
  return [JSON.stringify([payloads.texts.length, encoded]), ...payloads.texts]
}

/** About how many bytes of payloads a change set brings. */
export function payloadBytesOf({ changes }: Pick<ChangeSet, 'changes'>): number {
  let bytes = 0
  for (const change of changes) {
    if (change.kind === 'insertTask') bytes += change.task.input.length + change.task.output.length
    else if (change.kind === 'patchTask')
      bytes += (change.patch.input ?? '').length + (change.patch.output ?? '').length
  }
  return bytes
}

export function encodeGuard(guard: Guard): unknown[] {
  switch (guard.kind) {
    case 'lease':
      return [guard.kind, guard.taskId, guard.token, guard.version]
    case 'version':
      return [guard.kind, guard.taskId, guard.version]
    case 'group':
      return [guard.kind, guard.groupId, guard.epoch ?? -1, guard.isFinished ? 1 : guard.isEnded ? 2 : 0]
    case 'children':
      return [guard.kind, guard.taskId, guard.count]
    case 'duplicates':
      return [guard.kind, guard.mergeKey, guard.incomplete]
  }
}

/** What only stores of several partitions say with a change. */
export type RoutedChange = Change & {
  /** The place of a new group in the list of all groups. */
  readonly place?: number
  /** The other partitions are to hear of the hold, the pace or the narrowing. */
  readonly isToTell?: boolean
  /** Of a narrowing: leases over all partitions. */
  readonly leases?: number
}

function encodeChange(change: RoutedChange, payload: (json: string) => Payload): unknown[] {
  switch (change.kind) {
    case 'insertTask':
      return encodeInsert(change.task, payload)
    case 'patchTask':
      return encodePatch(change, payload)
    case 'releaseChildren':
    case 'blockChildren':
      return [change.kind, change.parentId]
    case 'delayChildren':
      return [change.kind, change.parentId, change.notBefore]
    case 'deleteTask':
      return [change.kind, change.taskId]
    case 'addAttempt':
      return [change.kind, change.taskId, encodeAttempt(change.attempt)]
    case 'putGroup':
      return [change.kind, encodeGroup(change)]
    case 'deleteGroup':
      return [change.kind, change.groupId]
    case 'liftHold':
      return [change.kind, change.groupId, change.hold]
    case 'holdWork':
      return encodeHoldWork(change)
    case 'releaseWork':
      return [change.kind, change.scope, change.name, change.onlyBreaker ? 1 : 0]
    case 'limitWork':
      return [change.kind, change.scope, change.name, change.limits ? encodeLimits(change.limits) : '']
    case 'paceWork':
      return [change.kind, change.scope, change.name, encodePace(change.pace), change.isToTell ? 'tell' : '']
    case 'narrowWork':
      return [
        change.kind,
        change.scope,
        change.name,
        change.startedAt,
        change.isToTell ? 'tell' : (change.leases ?? ''),
      ]
  }
}

function encodeGroup({ group, place }: RoutedChange & { kind: 'putGroup' }): unknown {
  const settings = groupSettingsText(group.settings)
  return {
    ...group,
    metadata: JSON.stringify(group.metadata),
    settings: settings === '{}' ? '' : settings,
    stoppedBy: group.stoppedBy === null ? '' : JSON.stringify(group.stoppedBy),
    place,
  }
}

function encodeHoldWork({ kind, hold, isToTell }: RoutedChange & { kind: 'holdWork' }): unknown[] {
  return [kind, hold.scope, hold.name, hold.until, encodeHold(hold), hold.probeMs, isToTell ? 'tell' : '']
}

/** Scripts read its end, its kind and its probes; what else it says is for people. */
export function encodeHold({ until, reason, kind, since, taskId, source, probeMs }: WorkHold): string {
  const fields: HoldFields = [until, reason, kind, since, taskId, source, probeMs]
  return JSON.stringify(fields)
}

export function encodeLimits({ maxConcurrent, rate, rampStepMs }: GateLimits): string {
  const { count, perMs, burst } = rate ?? { count: 0, perMs: 0, burst: 0 }
  const fields: LimitsFields = [maxConcurrent ?? -1, count, perMs, burst, rampStepMs]
  return JSON.stringify(fields)
}

function encodePace({ intervalMs, until, laterIntervalMs, expiresAt }: Pace): string {
  const fields: PaceFields = [intervalMs, until, laterIntervalMs, expiresAt]
  return JSON.stringify(fields)
}

/** To look for one parent takes Redis 0.4 µs, an insert without any 10. */
const PARENTS_PER_INSERT = 25

/**
 * What `large-reserve.lua` needs to know whether the inserts of a change set are possible, in parts of so many inserts, or of fewer with
 * many parents. Each part begins with what was put and taken away before it.
 */
export function encodeOutline(changes: readonly Change[], insertsPerPart: number): string[] {
  const parts: string[] = []
  const around: unknown[] = []
  let inserts: unknown[] = []
  let weight = 0
  const end = (): void => {
    if (inserts.length > 0) parts.push(JSON.stringify(inserts))
    inserts = []
    weight = 0
  }
  for (const change of changes) {
    const outlined = outlineOf(change)
    if (outlined === null) continue
    if (change.kind === 'insertTask') {
      if (inserts.length === 0) inserts.push(...around)
      inserts.push(outlined)
      weight += 1 + change.task.parentIds.length / PARENTS_PER_INSERT
      if (weight >= insertsPerPart) end()
    } else {
      around.push(outlined)
      if (inserts.length > 0) inserts.push(outlined)
    }
  }
  end()
  return parts
}

function outlineOf(change: Change): unknown[] | null {
  switch (change.kind) {
    case 'insertTask': {
      const { id, groupId, parentIds } = change.task
      return [change.kind, { id, group: groupId, parentIds }]
    }
    case 'putGroup':
      return [change.kind, { id: change.group.id }]
    case 'deleteTask':
      return [change.kind, change.taskId]
    case 'deleteGroup':
      return [change.kind, change.groupId]
    default:
      return null
  }
}

function encodeInsert(task: Task, payload: (json: string) => Payload): unknown[] {
  const { id, groupId, worker, workgroup, priority, mergeKey, holds, runAfter, version, failures, createdBy } = task
  const understood = {
    id,
    group: groupId,
    worker,
    workgroup,
    priority,
    mergeKey,
    holds,
    runAfter,
    version,
    failures,
    errorKind: errorKindOf(task),
    createdBy,
    parentIds: task.parentIds,
    weight: weightUnits(task.progressWeight),
    input: payload(task.input),
    output: payload(task.output),
  }
  const [short, long] = textsOf(task, () => true)
  // What is absent says the usual value: a new task has nothing to take away.
  const written = short.filter((_, index) => short[index | 1] !== '')
  return ['insertTask', understood, written, long]
}

function encodePatch(change: Change & { kind: 'patchTask' }, payload: (json: string) => Payload): unknown[] {
  const { taskId, patch, lease = '' } = change
  const { worker, workgroup, priority, mergeKey, createdBy, holds, runAfter, failures, progressWeight } = patch
  const understood = {
    worker,
    workgroup,
    priority,
    mergeKey,
    createdBy,
    holds,
    runAfter,
    failures,
    errorKind: patch.errors === undefined ? undefined : errorKindOf({ errors: patch.errors }),
    weight: progressWeight === undefined ? undefined : weightUnits(progressWeight),
    input: patch.input === undefined ? undefined : payload(patch.input),
    output: patch.output === undefined ? undefined : payload(patch.output),
  }
  const [short, long] = textsOf(patch as Task, (name) => patch[name as keyof TaskPatch] !== undefined)
  return ['patchTask', taskId, understood, lease, short, long]
}

/** The fields that scripts only keep, as flat lists of name and text: those for the hash, and those that are too long for it. */
function textsOf(task: Task, isWritten: (name: string) => boolean): [short: string[], long: string[]] {
  const short: string[] = []
  const long: string[] = []
  for (const { name, write } of fields) {
    if (!isWritten(name)) continue
    const text = write(task)
    const list = isShort(text) ? short : long
    list.push(name, text)
  }
  return [short, long]
}

/** A sign takes at most three bytes per unit of length, so most texts need not be measured. */
const isShort = (text: string): boolean =>
  text !== LONG_TEXT &&
  (text.length * 3 <= LONGEST_TEXT || (text.length <= LONGEST_TEXT && Buffer.byteLength(text) <= LONGEST_TEXT))

/** The kept form is a list: with its names an attempt would take twice the memory. */
function encodeAttempt(attempt: AttemptRecord): string {
  const { number, deliveryId, instance, startedAt, endedAt, outcome, statusCode, bytes, error, retryAt } = attempt
  return JSON.stringify([number, deliveryId, instance, startedAt, endedAt, outcome, statusCode, bytes, error, retryAt])
}

export function decodeAttempt(text: string): AttemptRecord {
  const [number, deliveryId, instance, startedAt, endedAt, outcome, statusCode, bytes, error, retryAt] =
    JSON.parse(text)
  return { number, deliveryId, instance, startedAt, endedAt, outcome, statusCode, bytes, error, retryAt }
}
