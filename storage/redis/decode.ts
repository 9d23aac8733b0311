import type { HoldKind, HoldScope, PastHold, WorkHold } from '../../server/core/change-set.ts'
import type { Gate, GateLimits, Pace, Ramp } from '../../server/core/gate.ts'
import { groupSettingsFrom } from '../../server/core/group-settings.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup, KeyScope, StopCause, TaskGroup } from '../../server/core/task-group.ts'
import type { GateRef, TrafficRow } from '../task-storage.ts'
import { LONG_TEXT } from './keys.ts'
import { fields } from './task-fields.ts'

/** A task as `describe.lua` tells it: id, hash as JSON, long texts, long input, long output. */
export type DescribedTask = readonly [
  id: string,
  hashJson: string,
  texts: readonly string[] | null,
  input: string | null,
  output: string | null,
]

/** A lane as `describe.lua` tells it. */
export type DescribedLane = readonly [
  id: string,
  group: string,
  worker: string,
  workgroup: string,
  priority: string,
  heldUntil: string,
]

export type Lanes = ReadonlyMap<string, DescribedLane>

export const lanesOf = (described: readonly DescribedLane[]): Lanes => new Map(described.map((lane) => [lane[0], lane]))

/** Names and values in turns, as Redis tells a hash. */
export function recordOf(flat: readonly string[]): Record<string, string> {
  const record: Record<string, string> = Object.create(null)
  for (let at = 0; at < flat.length; at += 2) record[flat[at] as string] = flat[at + 1] as string
  return record
}

/** A task with the words of its lane, and until when that is held. */
export function heldTaskOf(
  [id, hashJson, longTexts, input, output]: DescribedTask,
  lanes: Lanes,
): { task: Task; heldUntil: number } {
  const hash = JSON.parse(hashJson) as Record<string, string>
  const lane = lanes.get(hash.lane as string) as DescribedLane
  const texts = longTexts ? recordOf(longTexts) : null
  return { task: taskFrom({ id, hash, texts, input, output }, lane), heldUntil: Number(lane[5]) }
}

/** What is kept of a task: its hash, and what is too long for it; null is what there is none of, or was not asked for. */
interface KeptTask {
  readonly id: string
  readonly hash: Readonly<Record<string, string>>
  readonly texts: Readonly<Record<string, string>> | null
  readonly input: string | null
  readonly output: string | null
}

export function taskFrom({ id, hash, texts, input, output }: KeptTask, lane: DescribedLane): Task {
  const [, groupId, worker, workgroup, priority] = lane
  const task: Record<string, unknown> = {
    id,
    groupId,
    worker,
    workgroup,
    priority: Number(priority),
    holds: numberOf(hash.holds),
    runAfter: numberOf(hash.runAfter),
    version: numberOf(hash.version),
    failures: numberOf(hash.failures),
    unfinishedParents: numberOf(hash.unfinished),
    input: payloadOf(hash.input, input),
    output: payloadOf(hash.output, output),
    lease: leaseOf(hash),
  }
  for (const { name, read } of fields) {
    const stored = hash[name] ?? ''
    task[name] = read(stored === LONG_TEXT ? (texts?.[name] ?? '') : stored)
  }
  return task as unknown as Task
}

export function tasksOf([tasks, lanes]: readonly [readonly DescribedTask[], readonly DescribedLane[]]): Task[] {
  const known = lanesOf(lanes)
  return tasks.map((described) => heldTaskOf(described, known).task)
}

const numberOf = (text: string | undefined): number => (text === undefined ? 0 : Number(text))

/** Null is kept by absence. */
const payloadOf = (short: string | undefined, long: string | null): string =>
  short === LONG_TEXT ? (long ?? 'null') : (short ?? 'null')

function leaseOf(hash: Readonly<Record<string, string>>): Task['lease'] {
  if (hash.until === undefined) return null
  return {
    token: hash.token as string,
    holder: hash.boot as string,
    startedAt: Number(hash.startedAt),
    until: Number(hash.until),
  }
}

/** Of the waiting tasks of a group or lane. */
export type Waiting = readonly [scheduled: number, retrying: number, throttled: number]

/** A group as `describe-group.lua` tells it; null: its lanes are to be counted in parts. */
export type DescribedGroup = readonly [id: string, hash: readonly string[], waiting: Waiting | null]

export function plainGroupOf(id: string, flat: readonly string[]): TaskGroup {
  const hash = recordOf(flat)
  return {
    id,
    name: hash.name as string,
    createdAt: Number(hash.createdAt),
    isPaused: hash.isPaused === '1',
    stoppedBy: stopCauseOf(hash.stoppedBy),
    metadata: JSON.parse(hash.metadata as string) as Record<string, string>,
    keyScope: hash.keyScope as KeyScope,
    settings: groupSettingsFrom(hash.settings),
    epoch: Number(hash.epoch),
  }
}

export const stopCauseOf = (text: string | undefined): StopCause | null =>
  text === undefined ? null : (JSON.parse(text) as StopCause)

export function groupOf([id, flat]: DescribedGroup, [scheduled, retrying, throttled]: Waiting): CountedGroup {
  const hash = recordOf(flat)
  return {
    ...plainGroupOf(id, flat),
    counts: {
      succeeded: numberOf(hash.succeeded),
      running: numberOf(hash.running),
      failed: numberOf(hash.failed),
      paused: numberOf(hash.paused),
      blocked: numberOf(hash.blocked),
      waiting: numberOf(hash.waiting),
    },
    waiting: { scheduled, retrying, throttled },
    weightTotal: numberOf(hash.weightTotal),
    weightDone: numberOf(hash.weightDone),
  }
}

/** A hold as `encode.ts` writes it. */
export function holdOf(scope: HoldScope, name: string, text: string): WorkHold {
  const [until, reason, kind, since, taskId, source, probeMs] = JSON.parse(text) as HoldFields
  return { scope, name, until, reason, kind, since, taskId, source, probeMs }
}

export type HoldFields = readonly [
  until: number,
  reason: string,
  kind: HoldKind,
  since: number,
  taskId: string,
  source: string,
  probeMs: number,
]

/** When it was released (0: nobody did), a space, the hold. */
export function pastHoldOf(scope: HoldScope, name: string, text: string): PastHold {
  const end = text.indexOf(' ')
  const endedAt = Number(text.slice(0, end))
  return { ...holdOf(scope, name, text.slice(end + 1)), endedAt: endedAt === 0 ? null : endedAt }
}

/** A workgroup or worker as `list-traffic.lua` tells it; an empty hold is none. Null: its lanes are to be counted in parts. */
export type DescribedTraffic = readonly [
  name: string,
  hold: string,
  running: string,
  tasks: string,
  complete: string,
  waiting: number | null,
  oldestDueAt: string,
]

/** Since when the first of what waits has been due, as scripts tell it. */
export const dueAtOf = (text: string): number | null => (text === '' ? null : Number(text))

export function trafficRowOf(
  [name, text, running, tasks, complete]: DescribedTraffic,
  { waiting, oldestDueAt }: Pick<TrafficRow, 'waiting' | 'oldestDueAt'>,
): TrafficRow {
  const hold = text === '' ? null : holdOf('worker', name, text)
  return {
    name,
    heldUntil: hold?.until ?? 0,
    reason: hold?.reason ?? '',
    waiting,
    oldestDueAt,
    running: Number(running),
    total: Number(tasks),
    completed: Number(complete),
  }
}

/** A gate as `read-gates.lua` tells it. */
export type DescribedGate = readonly [
  limits: string,
  limitsFrom: string | null,
  heldUntil: string,
  probeMs: string,
  ramp: string,
  pace: string,
  leases: number,
  rateClock: string,
  spaceClock: string,
]

export function gateOf({ scope, name }: GateRef, described: DescribedGate): Gate {
  const [limits, limitsFrom, heldUntil, probeMs, ramp, pace, leases, rateClock, spaceClock] = described
  return {
    scope,
    name,
    limits: limitsOf(limits),
    limitsFrom,
    heldUntil: Number(heldUntil),
    probeMs: Number(probeMs),
    ramp: ramp === '' ? null : rampOf(ramp),
    pace: pace === '' ? null : paceOf(pace),
    leases,
    rateClock: Number(rateClock),
    spaceClock: Number(spaceClock),
  }
}

function limitsOf(text: string): GateLimits {
  const [maxConcurrent, count, perMs, burst, rampStepMs] = JSON.parse(text) as LimitsFields
  return {
    maxConcurrent: maxConcurrent < 0 ? null : maxConcurrent,
    rate: count === 0 ? null : { count, perMs, burst },
    rampStepMs,
  }
}

/** -1: as many as the servers take. A count of 0: no rate. */
export type LimitsFields = readonly [
  maxConcurrent: number,
  count: number,
  perMs: number,
  burst: number,
  rampStepMs: number,
]

function rampOf(text: string): Ramp {
  const [from, base, isSpaced] = JSON.parse(text) as [number, number, number]
  return { from, base, isSpaced: isSpaced === 1 }
}

function paceOf(text: string): Pace {
  const [intervalMs, until, laterIntervalMs, expiresAt] = JSON.parse(text) as PaceFields
  return { intervalMs, until, laterIntervalMs, expiresAt }
}

export type PaceFields = readonly [intervalMs: number, until: number, laterIntervalMs: number, expiresAt: number]
