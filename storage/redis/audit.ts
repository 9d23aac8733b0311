import { createHash } from 'node:crypto'
import { type Fault, faultOf } from '../../server/core/fault.ts'
import { bucketOf, buckets, isComplete, isFinished, type Task } from '../../server/core/task.ts'
import { weightUnits } from '../../server/core/task-group.ts'
import type { StoreAudit, StoreCount } from '../task-storage.ts'
import { compareMembers, faultsOfFailing } from './audit-failing.ts'
import { faultsOfGroups } from './audit-groups.ts'
import { faultsOfLanes } from './audit-lanes.ts'
import { faultsOfTraffic } from './audit-traffic.ts'
import { type DescribedLane, taskFrom } from './decode.ts'
import { type Dump, dumpPartition, type Value } from './dump.ts'
import type { KeyKind } from './keys.ts'
import type { ScriptRunner } from './script-runner.ts'

/** Full scan of a partition: what follows from the tasks is worked out again and compared (I12). */
export async function auditPartition(runner: ScriptRunner, tag: string, now: number): Promise<StoreAudit> {
  const dump = await dumpPartition(runner, tag)
  return { faults: findFaults(dump, now), count: countKeys(dump), fingerprint: fingerprintOf(dump) }
}

function countKeys(dump: Dump): StoreCount {
  const count = (kind: KeyKind): number => dump.get(kind)?.size ?? 0
  return { groups: count('group'), tasks: count('task'), records: count('record') }
}

/** Whose turn it is, who asked last, and what says in another way what the tasks say already, is no state. */
const UNTOLD: readonly KeyKind[] = [
  'counters',
  'lastClaim',
  'goneBoots',
  'workers',
  'ring',
  'queue',
  'clock',
  'trying',
  'held',
  'line',
  'gates',
  'waking',
  'wakings',
  'lane',
  'groupLanes',
  'namedLanes',
  'taskGroup',
  'releases',
  'permits',
  'reserved',
  'refused',
]

function fingerprintOf(dump: Dump): string {
  const hash = createHash('sha256')
  for (const [kind, values] of dump) {
    if (UNTOLD.includes(kind)) continue
    for (const [id, value] of values) {
      hash.update(JSON.stringify([kind, id, value instanceof Map ? [...value] : value]))
    }
  }
  return hash.digest('hex')
}

function findFaults(dump: Dump, now: number): Fault[] {
  const world = readWorld(dump)
  return [
    ...compareIndexes(dump, world),
    ...faultsOfFailing(dump, world.tasks.values(), now),
    ...faultsOfBooks(dump, world),
    ...faultsOfLanes(dump),
    ...faultsOfTraffic(dump),
    ...strayKeys(dump, world),
  ]
}

/** The tasks of a dump, with what scripts keep about them beside the task. */
interface World {
  readonly tasks: ReadonlyMap<string, Kept>
}

export interface Kept {
  readonly task: Task
  /** What is noted of its errors. */
  readonly errorKind: string | undefined
  readonly lane: string
  readonly member: string
  readonly seq: string
  readonly isParked: boolean
}

function readWorld(dump: Dump): World {
  const tasks = new Map<string, Kept>()
  for (const [id, value] of entriesOf(dump, 'task')) {
    const hash = value as ReadonlyMap<string, string>
    const lane = hash.get('lane') ?? ''
    const words = (dump.get('lane')?.get(lane) ?? new Map()) as ReadonlyMap<string, string>
    const told: DescribedLane = [
      lane,
      words.get('group') ?? '',
      words.get('worker') ?? '',
      words.get('workgroup') ?? '',
      words.get('priority') ?? '0',
      '0',
    ]
    const texts = dump.get('texts')?.get(id) as ReadonlyMap<string, string> | undefined
    const beside = { texts: texts ? Object.fromEntries(texts) : null, input: null, output: null }
    const task = taskFrom({ id, hash: Object.fromEntries(hash), ...beside }, told)
    const seq = hash.get('seq') ?? ''
    const errorKind = hash.get('errorKind')
    tasks.set(id, {
      task,
      errorKind,
      lane,
      seq,
      member: seq.padStart(11, '0') + id,
      isParked: hash.get('parked') === '1',
    })
  }
  return { tasks }
}

const entriesOf = (dump: Dump, kind: KeyKind): [string, Value][] => [...(dump.get(kind) ?? [])]

/** Each index as it should be, worked out from the tasks. */
class Expected {
  readonly #kinds = new Map<KeyKind, Map<string, Map<string, string>>>()

  add(kind: KeyKind, id: string, member: string, score: string): void {
    const ids = this.#kinds.get(kind) ?? new Map<string, Map<string, string>>()
    this.#kinds.set(kind, ids)
    const members = ids.get(id) ?? new Map<string, string>()
    ids.set(id, members.set(member, score))
  }

  of(kind: KeyKind): ReadonlyMap<string, ReadonlyMap<string, string>> {
    return this.#kinds.get(kind) ?? new Map()
  }
}

const INDEXES: readonly KeyKind[] = [
  'groupTasks',
  'failedTasks',
  'children',
  'createdBy',
  'ready',
  'parked',
  'retrying',
  'leases',
  'openByKey',
  'parkedByKey',
]

function compareIndexes(dump: Dump, world: World): Fault[] {
  const expected = new Expected()
  for (const kept of world.tasks.values()) expectOf(kept, world, expected)
  return INDEXES.flatMap((kind) => compareIndex(kind, dump, expected.of(kind)))
}

function expectOf({ task, lane, member, seq, isParked }: Kept, world: World, expected: Expected): void {
  expected.add('groupTasks', task.groupId, task.id, seq)
  if (bucketOf({ ...task, isLeased: task.lease !== null }) === 'failed') {
    expected.add('failedTasks', task.groupId, task.id, seq)
  }
  for (const parentId of task.parentIds) if (world.tasks.has(parentId)) expected.add('children', parentId, task.id, seq)
  if (task.createdBy !== '') expected.add('createdBy', task.createdBy, task.id, seq)
  if (task.holds === 0 && task.unfinishedParents === 0 && task.lease === null) {
    expected.add(isParked ? 'parked' : 'ready', lane, member, String(task.runAfter))
    if (task.failures > 0) expected.add('retrying', lane, member, String(task.runAfter))
  }
  if (task.lease) expected.add('leases', '', task.id, String(task.lease.until))
  if (task.mergeKey !== '' && !isComplete(task)) expected.add('openByKey', task.mergeKey, task.id, seq)
  if (isParked) expected.add('parkedByKey', task.mergeKey, task.id, '')
}

function compareIndex(kind: KeyKind, dump: Dump, expected: ReadonlyMap<string, ReadonlyMap<string, string>>): Fault[] {
  const found = dump.get(kind) ?? new Map<string, Value>()
  const ids = new Set([...found.keys(), ...expected.keys()])
  return [...ids].flatMap((id) =>
    compareMembers(id === '' ? kind : `${kind} of ${id}`, membersOf(found.get(id)), membersOf(expected.get(id))),
  )
}

/** Members with their scores; those of sets have none. */
function membersOf(value: Value | undefined): ReadonlyMap<string, string> {
  if (value === undefined) return new Map()
  return value instanceof Map ? value : new Map([...(value as readonly string[])].map((member) => [member, '']))
}

function faultsOfBooks(dump: Dump, world: World): Fault[] {
  const counted = new Map<string, number>()
  const add = (name: string, amount: number) => counted.set(name, (counted.get(name) ?? 0) + amount)
  for (const { task, lane } of world.tasks.values()) {
    add(`group ${task.groupId} ${bucketOf({ ...task, isLeased: task.lease !== null })}`, 1)
    add(`group ${task.groupId} weightTotal`, weightUnits(task.progressWeight))
    if (isComplete(task)) add(`group ${task.groupId} weightDone`, weightUnits(task.progressWeight))
    add(`lane ${lane} tasks`, 1)
    if (task.lease) add(`lane ${lane} running`, 1)
    for (const scope of ['worker', 'workgroup'] as const) {
      if (task[scope] === '') continue
      add(`tasks of ${scope} ${task[scope]}`, 1)
      if (isComplete(task)) add(`complete tasks of ${scope} ${task[scope]}`, 1)
      if (task.lease) add(`leases of ${scope} ${task[scope]}`, 1)
    }
    if (task.lease && task.mergeKey !== '') add(`leases of key ${task.mergeKey}`, 1)
  }
  return [...compareCounts(counted, countsIn(dump)), ...faultsOfGroups(dump, counted), ...faultsOfCountdowns(world)]
}

/** What is counted by the names of workers and workgroups. */
const NAMED = [
  ['namedTasks', 'tasks'],
  ['namedComplete', 'complete tasks'],
  ['namedLeases', 'leases'],
] as const

/** Every counter that is kept, under the names of `faultsOfBooks`. */
function countsIn(dump: Dump): Map<string, number> {
  const found = new Map<string, number>()
  const note = (name: string, text: string | undefined) => {
    if (text !== undefined) found.set(name, Number(text))
  }
  for (const [id, value] of entriesOf(dump, 'group')) {
    const hash = value as ReadonlyMap<string, string>
    for (const counter of [...buckets, 'weightTotal', 'weightDone']) note(`group ${id} ${counter}`, hash.get(counter))
  }
  for (const [id, value] of entriesOf(dump, 'lane')) {
    const hash = value as ReadonlyMap<string, string>
    for (const counter of ['tasks', 'running']) note(`lane ${id} ${counter}`, hash.get(counter))
  }
  for (const scope of ['worker', 'workgroup'] as const) {
    for (const [kind, what] of NAMED)
      for (const [name, count] of (dump.get(kind)?.get(scope) ?? new Map()) as ReadonlyMap<string, string>)
        note(`${what} of ${scope} ${name}`, count)
  }
  for (const [mergeKey, leases] of entriesOf(dump, 'leasesByKey')) note(`leases of key ${mergeKey}`, leases as string)
  return found
}

function compareCounts(counted: ReadonlyMap<string, number>, found: ReadonlyMap<string, number>): Fault[] {
  return [...new Set([...counted.keys(), ...found.keys()])].flatMap((name) => {
    const [is, should] = [found.get(name) ?? 0, counted.get(name) ?? 0]
    return is === should ? [] : [faultOf('counter', name, 'its count', { expected: should, found: is })]
  })
}

function faultsOfCountdowns(world: World): Fault[] {
  return [...world.tasks.values()].flatMap(({ task }) => {
    const parents = task.parentIds.map((id) => world.tasks.get(id)?.task)
    const expected = parents.filter((parent) => parent && !isFinished(parent)).length
    const lost = task.parentIds.flatMap((id) =>
      world.tasks.has(id)
        ? []
        : [faultOf('task', task.id, `its parent ${id}`, { expected: 'a task', found: 'missing' })],
    )
    const found = task.unfinishedParents
    if (expected === found) return lost
    return [...lost, faultOf('task', task.id, 'the number of parents it waits for', { expected, found })]
  })
}

/** Keys whose task or group does not exist. */
function strayKeys(dump: Dump, world: World): Fault[] {
  const ofTasks: readonly KeyKind[] = ['input', 'output', 'texts', 'attempts', 'children']
  const ofGroups: readonly KeyKind[] = ['groupTasks', 'failedTasks', 'groupLanes']
  const ofLanes: readonly KeyKind[] = ['ready', 'parked', 'retrying']
  const groups = dump.get('group')
  const listed = dump.get('groups')?.get('') as ReadonlyMap<string, string> | undefined
  const stray = (kinds: readonly KeyKind[], isKnown: (id: string) => boolean) =>
    kinds.flatMap((kind) =>
      entriesOf(dump, kind).flatMap(([id]) =>
        isKnown(id) ? [] : [faultOf('row', id, `its ${kind}`, { expected: 'missing, as it is', found: 'there' })],
      ),
    )
  return [
    ...stray(ofTasks, (id) => world.tasks.has(id)),
    ...stray(ofGroups, (id) => groups?.has(id) ?? false),
    ...stray(ofLanes, (id) => dump.get('lane')?.has(id) ?? false),
    ...entriesOf(dump, 'group').flatMap(([id]) =>
      listed?.has(id)
        ? []
        : [faultOf('group', id, 'its place in the list of groups', { expected: 'there', found: 'missing' })],
    ),
    ...[...world.tasks.values()].flatMap(({ task }) =>
      groups?.has(task.groupId)
        ? []
        : [faultOf('task', task.id, `its group ${task.groupId}`, { expected: 'there', found: 'missing' })],
    ),
  ]
}
