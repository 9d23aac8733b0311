import { createHash } from 'node:crypto'
import { bucketOf, buckets, isComplete, type Task } from '../../server/core/task.ts'
import { weightUnits } from '../../server/core/task-group.ts'
import { type DescribedLane, taskOf } from './decode.ts'
import { type Dump, dumpPartition, type Value } from './dump.ts'
import type { KeyKind } from './keys.ts'
import type { ScriptRunner } from './partition.ts'

/** Full scan of a partition: what follows from the tasks is worked out again and compared (I12). */
export async function auditPartition(
  runner: ScriptRunner,
  tag: string,
): Promise<{ faults: string[]; fingerprint: string }> {
  const dump = await dumpPartition(runner, tag)
  return { faults: findFaults(dump), fingerprint: fingerprintOf(dump) }
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
  'held',
  'waking',
  'wakings',
  'lane',
  'groupLanes',
  'workgroupLanes',
  'taskGroup',
  'releases',
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

function findFaults(dump: Dump): string[] {
  const world = readWorld(dump)
  return [
    ...compareIndexes(dump, world),
    ...faultsOfBooks(dump, world),
    ...faultsOfLanes(dump),
    ...strayKeys(dump, world),
  ]
}

/** The tasks of a dump, with what scripts keep about them beside the task. */
interface World {
  readonly tasks: ReadonlyMap<string, Kept>
}

interface Kept {
  readonly task: Task
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
    const task = taskOf([id, flatOf(hash), texts ? flatOf(texts) : null, null, null], new Map([[lane, told]]))
    const seq = hash.get('seq') ?? ''
    tasks.set(id, { task, lane, seq, member: seq.padStart(11, '0') + id, isParked: hash.get('parked') === '1' })
  }
  return { tasks }
}

const flatOf = (pairs: ReadonlyMap<string, string>): string[] => [...pairs].flat()
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

function compareIndexes(dump: Dump, world: World): string[] {
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

function compareIndex(kind: KeyKind, dump: Dump, expected: ReadonlyMap<string, ReadonlyMap<string, string>>): string[] {
  const found = dump.get(kind) ?? new Map<string, Value>()
  const ids = new Set([...found.keys(), ...expected.keys()])
  return [...ids].flatMap((id) => {
    const is = textOf(found.get(id))
    const should = textOf(expected.get(id))
    return is === should ? [] : [`index ${kind} of "${id}" is ${is}, a scan says ${should}`]
  })
}

function textOf(value: Value | undefined): string {
  if (value === undefined) return '[]'
  if (value instanceof Map) return JSON.stringify([...value].map(([member, score]) => `${member} ${score}`).sort())
  return JSON.stringify([...(value as readonly string[])].map((member) => `${member} `).sort())
}

function faultsOfBooks(dump: Dump, world: World): string[] {
  const counted = new Map<string, number>()
  const add = (name: string, amount: number) => counted.set(name, (counted.get(name) ?? 0) + amount)
  for (const { task, lane } of world.tasks.values()) {
    add(`group ${task.groupId} ${bucketOf({ ...task, isLeased: task.lease !== null })}`, 1)
    add(`group ${task.groupId} weightTotal`, weightUnits(task.progressWeight))
    if (isComplete(task)) add(`group ${task.groupId} weightDone`, weightUnits(task.progressWeight))
    add(`lane ${lane} tasks`, 1)
    if (task.lease) add(`lane ${lane} running`, 1)
    if (task.lease) add(`leases of worker ${task.worker}`, 1)
    if (task.workgroup !== '') add(`workgroup ${task.workgroup}`, 1)
    if (task.lease && task.mergeKey !== '') add(`leases of key ${task.mergeKey}`, 1)
  }
  return [...compareCounts(counted, countsIn(dump)), ...faultsOfFinished(dump, counted), ...faultsOfCountdowns(world)]
}

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
  const workgroups = (dump.get('workgroupTasks')?.get('') ?? new Map()) as ReadonlyMap<string, string>
  for (const [name, tasks] of workgroups) note(`workgroup ${name}`, tasks)
  const workers = (dump.get('leasesByWorker')?.get('') ?? new Map()) as ReadonlyMap<string, string>
  for (const [worker, leases] of workers) note(`leases of worker ${worker}`, leases)
  for (const [mergeKey, leases] of entriesOf(dump, 'leasesByKey')) note(`leases of key ${mergeKey}`, leases as string)
  return found
}

function compareCounts(counted: ReadonlyMap<string, number>, found: ReadonlyMap<string, number>): string[] {
  return [...new Set([...counted.keys(), ...found.keys()])].flatMap((name) => {
    const [says, actual] = [found.get(name) ?? 0, counted.get(name) ?? 0]
    return says === actual ? [] : [`${name}: says ${says}, a scan counts ${actual}`]
  })
}

function faultsOfFinished(dump: Dump, counted: ReadonlyMap<string, number>): string[] {
  const listed = (dump.get('finishedGroups')?.get('') ?? new Map()) as ReadonlyMap<string, string>
  return entriesOf(dump, 'group').flatMap(([id, value]) => {
    const count = (bucket: string) => counted.get(`group ${id} ${bucket}`) ?? 0
    const isFinished =
      count('succeeded') > 0 && buckets.every((bucket) => bucket === 'succeeded' || count(bucket) === 0)
    const finishedAt = (value as ReadonlyMap<string, string>).get('finishedAt')
    const isRight = isFinished === (finishedAt !== undefined) && listed.get(id) === finishedAt
    return isRight ? [] : [`group ${id}: finishedAt is ${finishedAt}, listed as ${listed.get(id)}`]
  })
}

function faultsOfCountdowns(world: World): string[] {
  return [...world.tasks.values()].flatMap(({ task }) => {
    const parents = task.parentIds.map((id) => world.tasks.get(id)?.task)
    const unfinished = parents.filter((parent) => parent && !isComplete(parent)).length
    const lost = parents.includes(undefined) ? [`task ${task.id}: a parent of it does not exist`] : []
    if (unfinished === task.unfinishedParents) return lost
    return [...lost, `task ${task.id}: waits for ${task.unfinishedParents} parents, a scan counts ${unfinished}`]
  })
}

/** Every lane with something claimable is where a claim finds it, no later than its first task. */
function faultsOfLanes(dump: Dump): string[] {
  const clock = (dump.get('clock')?.get('') ?? new Map()) as ReadonlyMap<string, string>
  return entriesOf(dump, 'lane').flatMap(([id, value]) => {
    const lane = value as ReadonlyMap<string, string>
    const at = lane.get('at') === '' || lane.get('at') === undefined ? Number.POSITIVE_INFINITY : Number(lane.get('at'))
    const ready = (dump.get('ready')?.get(id) ?? new Map()) as ReadonlyMap<string, string>
    const first = Math.min(...[...ready.values()].map(Number))
    const faults = at <= first ? [] : [`lane ${id}: its head is ${at}, its first task ${first}`]
    if (!isPlaced(id, lane, clock, dump)) faults.push(`lane ${id}: in state ${lane.get('state')}, but not found there`)
    if (ready.size > 0 && lane.get('state') === 'i')
      faults.push(`lane ${id}: has ready tasks, and no claim looks at it`)
    return faults
  })
}

function isPlaced(
  id: string,
  lane: ReadonlyMap<string, string>,
  clock: ReadonlyMap<string, string>,
  dump: Dump,
): boolean {
  const has = (kind: KeyKind, of: string, member: string) => {
    const members = dump.get(kind)?.get(of)
    return members instanceof Map && members.has(member)
  }
  switch (lane.get('state')) {
    case 'q': {
      const [number, worker] = [lane.get('number') ?? '', lane.get('worker') ?? '']
      const isQueued = has('queue', `${number}:${worker}`, lane.get('entry') ?? '')
      return isQueued && has('ring', worker, number) && has('workers', '', worker)
    }
    case 't':
      return clock.get(id) === lane.get('at')
    case 'h':
      return has('held', lane.get('by') ?? '', id) || entriesOf(dump, 'waking').some(([of]) => has('waking', of, id))
    default:
      return !clock.has(id)
  }
}

/** Keys whose task or group does not exist. */
function strayKeys(dump: Dump, world: World): string[] {
  const ofTasks: readonly KeyKind[] = ['input', 'output', 'texts', 'attempts', 'children']
  const ofGroups: readonly KeyKind[] = ['groupTasks', 'failedTasks', 'groupLanes']
  const ofLanes: readonly KeyKind[] = ['ready', 'parked', 'retrying']
  const groups = dump.get('group')
  const listed = dump.get('groups')?.get('') as ReadonlyMap<string, string> | undefined
  const stray = (kinds: readonly KeyKind[], isKnown: (id: string) => boolean) =>
    kinds.flatMap((kind) =>
      entriesOf(dump, kind).flatMap(([id]) => (isKnown(id) ? [] : [`${kind} of "${id}", which does not exist`])),
    )
  return [
    ...stray(ofTasks, (id) => world.tasks.has(id)),
    ...stray(ofGroups, (id) => groups?.has(id) ?? false),
    ...stray(ofLanes, (id) => dump.get('lane')?.has(id) ?? false),
    ...entriesOf(dump, 'group').flatMap(([id]) => (listed?.has(id) ? [] : [`group "${id}" is in no list`])),
    ...[...world.tasks.values()].flatMap(({ task }) =>
      groups?.has(task.groupId) ? [] : [`task ${task.id}: its group does not exist`],
    ),
  ]
}
