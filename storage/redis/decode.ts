import type { WorkHold } from '../../server/core/change-set.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup, KeyScope, TaskGroup } from '../../server/core/task-group.ts'
import type { WorkgroupRow } from '../task-storage.ts'
import { LONG_TEXT } from './keys.ts'
import { fields } from './task-fields.ts'

/** A task as `describe.lua` tells it: id, hash, long texts, long input, long output. */
export type DescribedTask = readonly [
  id: string,
  hash: readonly string[],
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

/** A task with the words of its lane. */
export function taskOf([id, flat, longTexts, input, output]: DescribedTask, lanes: Lanes): Task {
  const hash = recordOf(flat)
  const texts = longTexts ? recordOf(longTexts) : null
  const [, groupId, worker, workgroup, priority] = lanes.get(hash.lane as string) as DescribedLane
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

const numberOf = (text: string | undefined): number => (text === undefined ? 0 : Number(text))

/** Null is kept by absence. */
const payloadOf = (short: string | undefined, long: string | null): string =>
  short === LONG_TEXT ? (long ?? 'null') : (short ?? 'null')

function leaseOf(hash: Record<string, string>): Task['lease'] {
  if (hash.until === undefined) return null
  return {
    token: hash.token as string,
    bootId: hash.boot as string,
    startedAt: Number(hash.startedAt),
    until: Number(hash.until),
  }
}

/** A group as `describe-group.lua` tells it. */
export type DescribedGroup = readonly [
  id: string,
  hash: readonly string[],
  scheduled: number,
  retrying: number,
  throttled: number,
]

/** Its number, which is its place among all groups. */
export const placeOf = ([, flat]: DescribedGroup): number => Number(recordOf(flat).number)

export function plainGroupOf(id: string, flat: readonly string[]): TaskGroup {
  const hash = recordOf(flat)
  return {
    id,
    name: hash.name as string,
    createdAt: Number(hash.createdAt),
    isPaused: hash.isPaused === '1',
    metadata: JSON.parse(hash.metadata as string) as Record<string, string>,
    keyScope: hash.keyScope as KeyScope,
    epoch: Number(hash.epoch),
  }
}

export function groupOf([id, flat, scheduled, retrying, throttled]: DescribedGroup): CountedGroup {
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

/** A hold is kept as its end, a space and its reason. */
export function holdOf(text: string): Pick<WorkHold, 'until' | 'reason'> {
  const end = text.indexOf(' ')
  return { until: Number(text.slice(0, end)), reason: text.slice(end + 1) }
}

/** A workgroup as `list-workgroups.lua` tells it; an empty hold is none. */
export type DescribedWorkgroup = readonly [name: string, hold: string, waiting: number, running: number]

export function workgroupOf([name, hold, waiting, running]: DescribedWorkgroup): WorkgroupRow {
  const { until, reason } = hold === '' ? { until: 0, reason: '' } : holdOf(hold)
  return { name, heldUntil: until, reason, waiting, running }
}
