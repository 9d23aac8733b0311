import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { ChangeSet, CommitResult, HoldScope, WorkHold } from '../../server/core/change-set.ts'
import type { Clock } from '../../server/core/clock.ts'
import { CrewError } from '../../server/core/errors.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup, TaskGroup } from '../../server/core/task-group.ts'
import type { ClaimRequest, ClaimResult, LeaseRef, ParentResult, WorkgroupRow } from '../task-storage.ts'
import { auditPartition } from './audit.ts'
import {
  type DescribedGroup,
  type DescribedLane,
  type DescribedTask,
  type DescribedWorkgroup,
  groupOf,
  holdOf,
  lanesOf,
  placeOf,
  plainGroupOf,
  taskOf,
  workgroupOf,
} from './decode.ts'
import { decodeAttempt, encodeCommit, payloadBytesOf } from './encode.ts'
import { type KeyKind, keyOf } from './keys.ts'
import { type Busy, commitLarge, finishLarge, isBusy, type LargeCommitHost, lockOf } from './large-commit.ts'
import { MAX_WEIGHT, type ScriptName } from './scripts.ts'
import type { RangeOfTasks, Store } from './store.ts'

/** What a partition asks of the connection. */
export interface ScriptRunner {
  /** Runs a script on the partition with that tag. Rejects with a CrewError when the store is full or away. */
  run(script: ScriptName, tag: string, args: readonly (string | number)[]): Promise<unknown>
  /** Runs one command on a key. */
  command(name: string, key: string, ...args: (string | number)[]): Promise<unknown>
  /** Walks over the keys that begin with the tag, on the server that has them; the cursor is '0' at the start and the end. */
  scan(tag: string, cursor: string, count: number): Promise<{ cursor: string; keys: string[] }>
}

export interface PartitionOptions {
  readonly runner: ScriptRunner
  readonly tag: string
  readonly clock: Clock
  /** `store`: the scripts ask Redis for the time, so that servers whose clocks differ agree; `clock`: they are told (tests). */
  readonly time: 'store' | 'clock'
  readonly bootId: string
  readonly newToken: () => string
}

/** Change sets in one script: 64 results take 3 ms. */
const SETS_PER_SCRIPT = 64
/** Payloads in one script: copying 1 MiB takes Redis a millisecond; one set may bring more by itself. */
const BYTES_PER_SCRIPT = 1024 * 1024
/** Tasks read in one script: about 10 µs each. */
const TASKS_PER_READ = 500
/** Claims that failed one after the other, of which any may have been run; they are tried each second. */
const MAX_UNANSWERED = 64
/** Indexes read in one script: about 1 µs each. */
const INDEXES_PER_READ = 1000
/** How long a server that closed is remembered as gone: longer than any lease. */
const GONE_MS = 24 * 3600 * 1000

/** Everything of the groups whose keys carry one hash tag. Each method is one script, or says why it is more. */
export class Partition implements Store {
  readonly #options: PartitionOptions
  /** Tokens of claims whose answer did not arrive: the next one asks for their tasks first. */
  #unanswered: string[] = []
  #isHelping = false
  readonly #host: LargeCommitHost

  constructor(options: PartitionOptions) {
    this.#options = options
    this.#host = { run: (...call) => this.#run(...call), command: (...call) => this.command(...call) }
  }

  /** In order; what a script leaves undone, as it is too much or waits for a large change set, is done before it goes on. */
  async commit(changeSets: readonly ChangeSet[]): Promise<(CommitResult | CrewError)[]> {
    const results: (CommitResult | CrewError)[] = []
    for (let left = changeSets; left.length > 0; left = changeSets.slice(results.length)) {
      const [first] = left
      if (first && isSurelyLarge(first)) results.push(await this.#commitLarge(first))
      else await this.#commitSome(left, results)
    }
    return results
  }

  async #commitSome(changeSets: readonly ChangeSet[], results: (CommitResult | CrewError)[]): Promise<void> {
    const some = withinOneScript(changeSets)
    for (const [index, word] of (await this.#commitOrRefuse(some)).entries()) {
      if (isBusy(word)) await finishLarge(this.#host, lockOf(word))
      else if (word === 'large') results.push(await this.#commitLarge(some[index] as ChangeSet))
      else if (word !== 'later') results.push(word)
    }
  }

  /** A full Redis runs nothing of a script that makes something new; what ends work must not be refused with it. */
  async #commitOrRefuse(some: readonly ChangeSet[]): Promise<(ScriptResult | CrewError)[]> {
    if (some.every(canWriteWhenFull)) return this.#runCommit('commitWhenFull', some)
    try {
      return await this.#runCommit('commit', some)
    } catch (error) {
      if (!(error instanceof CrewError) || error.code !== 'storage_full') throw error
      const [first] = some
      if (first && !canWriteWhenFull(first)) return [error]
      const end = some.findIndex((set) => !canWriteWhenFull(set))
      return this.#runCommit('commitWhenFull', some.slice(0, end))
    }
  }

  async #runCommit(script: 'commit' | 'commitWhenFull', changeSets: readonly ChangeSet[]): Promise<ScriptResult[]> {
    const { sets, payloads } = encodeCommit(changeSets)
    return (await this.#run(script, sets, ...payloads)) as ScriptResult[]
  }

  #commitLarge(changeSet: ChangeSet): Promise<CommitResult> {
    const id = this.#options.newToken()
    return commitLarge(this.#host, changeSet, { id, isWrittenWhenFull: canWriteWhenFull(changeSet) })
  }

  async claim(request: ClaimRequest): Promise<PartitionClaim> {
    const { clock, bootId, newToken } = this.#options
    const { limit, until, slotsPerWorker, slots, maxLeasesPerWorker } = request
    const now = clock.now()
    const before = this.#unanswered
    const token = newToken()
    const places = [slotsPerWorker, JSON.stringify(Object.fromEntries(slots)), maxLeasesPerWorker]
    try {
      const reply = await this.#run('claim', limit, until - now, bootId, token, ...places, tokensAsKeys(before))
      const claim = await this.#readClaim(reply as ClaimReply, now)
      this.#unanswered = this.#unanswered.filter((one) => !before.includes(one))
      return claim
    } catch (error) {
      this.#unanswered = [...this.#unanswered, token].slice(-MAX_UNANSWERED)
      throw error
    }
  }

  async #readClaim(reply: ClaimReply, now: number): Promise<PartitionClaim> {
    const [described, parents, lanes, storeNow, nextDueAt, hasLocks, hasQueued, untoldHolds] = reply
    if (hasLocks === 1) void this.#help()
    const tasks = tasksOf([described, lanes])
    const results = new Map(tasksOf([parents, lanes]).map((task) => [task.id, parentOf(task)]))
    const untold = new Set(tasks.flatMap(({ parentIds }) => parentIds).filter((id) => !results.has(id)))
    for (const task of untold.size > 0 ? await this.getTasks([...untold]) : []) results.set(task.id, parentOf(task))
    return {
      tasks: tasks.map((task) => ({
        task,
        token: task.lease?.token ?? '',
        parents: task.parentIds.flatMap((id) => results.get(id) ?? []),
      })),
      nextDueAt: nextDueAt === null ? null : now + Number(nextDueAt) - Number(storeNow),
      hasQueued: hasQueued === 1,
      untoldHolds,
    }
  }

  /** What claims that were not answered leased is not asked for again; it is found when its leases end. */
  forgetUnanswered(): void {
    this.#unanswered = []
  }

  async renewLeases(leases: readonly LeaseRef[], until: number): Promise<string[]> {
    const leaseMs = until - this.#options.clock.now()
    const reply = await this.#run('renewLeases', leaseMs, ...leases.flatMap(({ taskId, token }) => [taskId, token]))
    return reply as string[]
  }

  async listExpiredLeases(limit: number): Promise<Task[]> {
    if (limit <= 0) return []
    const leases = slicesOf((await this.#run('listExpired', limit)) as string[], 2) as [id: string, token: string][]
    const tasks = new Map((await this.getTasks(leases.map(([id]) => id))).map((task) => [task.id, task]))
    // Given back and claimed again meanwhile, a task has a lease that is nobody's to end.
    return leases.flatMap(([id, token]) => {
      const task = tasks.get(id)
      return task?.lease?.token === token ? [task] : []
    })
  }

  /** In scripts of a bounded size each. */
  async getTasks(ids: readonly string[]): Promise<Task[]> {
    const replies = await Promise.all(
      slicesOf(ids, TASKS_PER_READ).map((slice) => this.#run('readTasks', '1', ...slice)),
    )
    return replies.flatMap((reply) => tasksOf(reply as [DescribedTask[], DescribedLane[]]))
  }

  /** The tasks in an index of any of these. */
  async listRelated(kind: RelatedKind, of: readonly string[]): Promise<Task[]> {
    const lists = await Promise.all(
      slicesOf(of, INDEXES_PER_READ).map((slice) => this.#run('listRelated', kind, ...slice)),
    )
    return this.getTasks([...new Set((lists as string[][]).flat())])
  }

  /** Tasks of a group from one place to another (inclusive, -1 is the last), with how many there are. */
  async listTasks(range: RangeOfTasks): Promise<TaskRange> {
    const { groupId, index, first, last, hasPayloads } = range
    const reply = await this.#run('listTasks', groupId, index, first, last, hasPayloads ? '1' : '0')
    const [count, tasks, lanes, isGroupPaused] = reply as [number, DescribedTask[], DescribedLane[], string]
    const known = lanesOf(lanes)
    return {
      count,
      isGroupPaused: isGroupPaused === '1',
      tasks: tasks.map((described) => {
        const task = taskOf(described, known)
        const lane = known.get(described[1][described[1].indexOf('lane') + 1] as string)
        return { task, heldUntil: Number(lane?.[5] ?? 0) }
      }),
    }
  }

  async findGroup(id: string): Promise<TaskGroup | null> {
    const hash = (await this.command('HGETALL', 'group', id)) as string[]
    return hash.length === 0 ? null : plainGroupOf(id, hash)
  }

  async getGroups(ids: readonly string[]): Promise<CountedGroup[]> {
    return ((await this.#run('readGroups', ...ids)) as DescribedGroup[]).map(groupOf)
  }

  /** Newest first, from one place to another (inclusive). */
  async listGroups(first: number, last: number): Promise<{ count: number; groups: CountedGroup[] }> {
    const { count, groups } = await this.listPlacedGroups(first, last)
    return { count, groups: groups.map(({ group }) => group) }
  }

  /** With the number of each, by which groups of several partitions are put in one order. */
  async listPlacedGroups(first: number, last: number): Promise<{ count: number; groups: PlacedGroup[] }> {
    const [count, groups] = (await this.#run('listGroups', first, last)) as [number, DescribedGroup[]]
    return { count, groups: groups.map((described) => ({ place: placeOf(described), group: groupOf(described) })) }
  }

  async listWorkgroups(
    first: number,
    last: number,
    name?: string,
  ): Promise<{ count: number; workgroups: WorkgroupRow[] }> {
    const only = name === undefined ? ['0'] : ['1', name]
    const reply = await this.#run('listWorkgroups', first, last, ...only)
    const [count, workgroups] = reply as [number, DescribedWorkgroup[]]
    return { count, workgroups: workgroups.map(workgroupOf) }
  }

  async listHolds(scope: HoldScope, names: readonly string[]): Promise<WorkHold[]> {
    const flat = (await this.#run('listHolds', scope, ...names)) as string[]
    return slicesOf(flat, 2).map(([name, hold]) => ({ scope, name: String(name), ...holdOf(String(hold)) }))
  }

  async listAttempts(taskId: string): Promise<AttemptRecord[]> {
    const texts = await this.command('LRANGE', 'attempts', taskId, 0, -1)
    return (texts as string[]).map(decodeAttempt)
  }

  async listFinishedGroups(before: number, limit: number): Promise<string[]> {
    return (await this.listFinishedAt(before, limit)).map(({ id }) => id)
  }

  /** With when they finished. */
  async listFinishedAt(before: number, limit: number): Promise<{ id: string; finishedAt: number }[]> {
    const range = ['-inf', `(${before}`, 'WITHSCORES', 'LIMIT', 0, limit]
    const flat = (await this.command('ZRANGEBYSCORE', 'finishedGroups', '', ...range)) as string[]
    return slicesOf(flat, 2).map(([id, at]) => ({ id: String(id), finishedAt: Number(at) }))
  }

  async getRecord(key: string): Promise<string | null> {
    const stored = (await this.command('GET', 'record', key)) as string | null
    if (stored === null) return null
    const end = stored.indexOf(' ')
    const expiresAt = Number(stored.slice(0, end))
    return expiresAt === 0 || expiresAt > this.#options.clock.now() ? stored.slice(end + 1) : null
  }

  async putRecord(key: string, value: string | null, expiresAt: number): Promise<void> {
    const end = expiresAt > 0 && this.#options.time === 'store' ? ['PXAT', expiresAt] : []
    if (value === null) await this.command('DEL', 'record', key)
    else await this.command('SET', 'record', key, `${expiresAt} ${value}`, ...end)
  }

  audit(): Promise<{ faults: string[]; fingerprint: string }> {
    return auditPartition(this.#options.runner, this.#options.tag)
  }

  async open(): Promise<void> {
    const { clock, bootId } = this.#options
    await this.command('ZREM', 'goneBoots', '', bootId)
    await this.command('ZREMRANGEBYSCORE', 'goneBoots', '', '-inf', clock.now())
  }

  /** Says that this server is gone: what leases it has are found by the others at once. */
  async close(): Promise<void> {
    const { clock, bootId } = this.#options
    await this.command('ZADD', 'goneBoots', '', clock.now() + GONE_MS, bootId)
  }

  /** Large change sets of others that are under way: this server goes on with them, in case theirs is dead. */
  async #help(): Promise<void> {
    if (this.#isHelping) return
    this.#isHelping = true
    try {
      const ids = (await this.command('ZRANGE', 'large', '', 0, -1)) as string[]
      for (const id of ids) await finishLarge(this.#host, id)
    } catch {
      // The next claim finds it again.
    } finally {
      this.#isHelping = false
    }
  }

  /** One command on a key of this partition. */
  command(name: string, kind: KeyKind, id: string, ...args: (string | number)[]): Promise<unknown> {
    return this.#options.runner.command(name, keyOf(this.#options.tag, kind, id), ...args)
  }

  #run(script: ScriptName, ...args: (string | number)[]): Promise<unknown> {
    const { runner, tag, clock, time } = this.#options
    return runner.run(script, tag, [time === 'store' ? '' : clock.now(), ...args])
  }
}

/** Indexes of tasks by another task or by a merge key. */
export type RelatedKind = 'children' | 'createdBy' | 'openByKey'

export interface PartitionClaim extends ClaimResult {
  /** There is more to look at, now or when a worker has a slot again. */
  readonly hasQueued: boolean
  /** Holds that the other partitions do not have yet. */
  readonly untoldHolds: number
}

export interface PlacedGroup {
  readonly place: number
  readonly group: CountedGroup
}

export interface TaskRange {
  readonly count: number
  readonly isGroupPaused: boolean
  /** `heldUntil`: the later end of the holds on its worker and its workgroup; 0 when neither is held. */
  readonly tasks: readonly { readonly task: Task; readonly heldUntil: number }[]
}

/** What `commit.lua` answers for a set. */
type ScriptResult = CommitResult | Busy | 'large' | 'later'

/** Need not be asked of the script; so many bytes are brought in parts, too. */
const isSurelyLarge = (set: ChangeSet): boolean =>
  set.changes.length + set.guards.length > MAX_WEIGHT ||
  (set.changes.length > 3 && payloadBytesOf(set) > BYTES_PER_SCRIPT)

/** As many change sets as one script may do, at least one. */
function withinOneScript(changeSets: readonly ChangeSet[]): readonly ChangeSet[] {
  let [weight, bytes, count] = [0, 0, 0]
  for (const set of changeSets) {
    weight += set.guards.length + set.changes.length
    bytes += payloadBytesOf(set)
    if (count > 0 && (count >= SETS_PER_SCRIPT || weight > MAX_WEIGHT || bytes > BYTES_PER_SCRIPT)) break
    count++
  }
  return changeSets.slice(0, count)
}

/** Whether one of them is asked for is looked up, not searched. */
const tokensAsKeys = (tokens: readonly string[]): string =>
  JSON.stringify(Object.fromEntries(tokens.map((token) => [token, 1])))

/** A full Redis takes what ends work and what makes room, so that it drains; it takes no new work (DESIGN section 5). */
function canWriteWhenFull({ guards, changes }: Pick<ChangeSet, 'guards' | 'changes'>): boolean {
  return guards.some(({ kind }) => kind === 'lease') || changes.every(({ kind }) => kind !== 'insertTask')
}

type ClaimReply = readonly [
  tasks: DescribedTask[],
  parents: DescribedTask[],
  lanes: DescribedLane[],
  now: string,
  nextDueAt: string | null,
  hasLocks: number,
  hasQueued: number,
  untoldHolds: number,
]

const parentOf = ({ id, worker, input, output }: Task): ParentResult => ({ taskId: id, worker, input, output })

function tasksOf([tasks, lanes]: readonly [DescribedTask[], DescribedLane[]]): Task[] {
  const known = lanesOf(lanes)
  return tasks.map((described) => taskOf(described, known))
}

export function slicesOf<Value>(values: readonly Value[], size: number): Value[][] {
  const slices: Value[][] = []
  for (let at = 0; at < values.length; at += size) slices.push(values.slice(at, at + size))
  return slices
}
