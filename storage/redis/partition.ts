import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { ChangeSet, CommitResult, HoldScope, PastHold, WorkHold } from '../../server/core/change-set.ts'
import { CrewError } from '../../server/core/errors.ts'
import type { Gate } from '../../server/core/gate.ts'
import { type Task, withoutPayloads } from '../../server/core/task.ts'
import type { CountedGroup, GroupCensus, TaskGroup } from '../../server/core/task-group.ts'
import type {
  EndedAt,
  EndedQuery,
  FailingQuery,
  GateRef,
  LeaseRef,
  NewestError,
  RecordScan,
  StoreAudit,
  TrafficRow,
} from '../task-storage.ts'
import { auditPartition } from './audit.ts'
import { type DescribedLane, type DescribedTask, heldTaskOf, lanesOf, tasksOf } from './decode.ts'
import { decodeAttempt } from './encode.ts'
import { type KeyKind, keyKinds } from './keys.ts'
import { type GrantedClaim, type PartitionClaim, PartitionClaims } from './partition-claims.ts'
import { PartitionCommits } from './partition-commits.ts'
import { PartitionFailing, type PlacedFailing } from './partition-failing.ts'
import { PartitionGroups } from './partition-groups.ts'
import { PartitionRecords, type StoredRecord } from './partition-records.ts'
import { PartitionTraffic } from './partition-traffic.ts'
import { hostOf, type PartitionHost, type PartitionOptions } from './script-runner.ts'
import { inTurns, slicesOf } from './slices.ts'
import type {
  GroupList,
  LeaseRequest,
  ListedGroup,
  Places,
  RangeOfGroups,
  RangeOfTasks,
  Store,
  WordedGroup,
} from './store.ts'

/** Tasks read in one script: about 10 µs each. */
const TASKS_PER_READ = 500
/** Indexes read in one script: about 1 µs each. */
const INDEXES_PER_READ = 1000
/** Leases renewed in one script, about 15 µs each: a server may have 10,000 in flight. */
const LEASES_PER_SCRIPT = 500
/** How long a server that closed is remembered as gone, unless none of its leases is left before: longer than any lease. */
const GONE_MS = 24 * 3600 * 1000

/** Everything of the groups whose keys carry one hash tag. Each method is one script, or says why it is more. */
export class Partition implements Store {
  readonly #options: PartitionOptions
  readonly #host: PartitionHost
  readonly #commits: PartitionCommits
  readonly #claims: PartitionClaims
  readonly #groups: PartitionGroups
  readonly #failing: PartitionFailing
  readonly #traffic: PartitionTraffic
  readonly #records: PartitionRecords

  constructor(options: PartitionOptions) {
    this.#options = options
    this.#host = hostOf(options)
    this.#commits = new PartitionCommits(this.#host, options.newToken)
    this.#claims = new PartitionClaims(options, (ids) => this.getTasks(ids))
    this.#groups = new PartitionGroups(this.#host)
    this.#failing = new PartitionFailing(this.#host, this.#groups, options.clock)
    this.#traffic = new PartitionTraffic(this.#host)
    this.#records = new PartitionRecords(options)
  }

  /** In scripts of a bounded length each. */
  commit(changeSets: readonly ChangeSet[]): Promise<(CommitResult | CrewError)[]> {
    return this.#commits.commit(changeSets)
  }

  /** `granted`: of one of several partitions. */
  async claim(request: LeaseRequest, granted?: GrantedClaim): Promise<PartitionClaim> {
    const claim = await this.#claims.claim(request, granted)
    if (claim.hasLocks) void this.#commits.help()
    return claim
  }

  /** What claims that were not answered leased is not asked for again; it is found when its leases end. */
  forgetUnanswered(): void {
    this.#claims.forgetUnanswered()
  }

  async renewLeases(leases: readonly LeaseRef[], leaseMs: number, holder = ''): Promise<string[]> {
    const renew = (slice: readonly LeaseRef[]) =>
      this.#host.run('renewLeases', leaseMs, holder, ...slice.flatMap(({ taskId, token }) => [taskId, token]))
    const lost = await Promise.all(slicesOf(leases, LEASES_PER_SCRIPT).map(renew))
    return (lost as string[][]).flat()
  }

  async listExpiredLeases(limit: number): Promise<Task[]> {
    if (limit <= 0) return []
    const { storeClock, tag } = this.#options
    const askedAt = storeClock?.asks() ?? 0
    const [storeAt, idle, ...found] = (await this.#host.run('listExpired', limit)) as [string, string[], ...string[]]
    storeClock?.heard(Number(storeAt), { askedAt, from: tag })
    // Where Redis takes no writes they are told once more.
    if (idle.length > 0) await this.command('ZREM', 'goneBoots', '', ...idle).catch(() => {})
    const leases = slicesOf(found, 2) as [id: string, token: string][]
    const tasks = new Map((await this.getTasks(leases.map(([id]) => id))).map((task) => [task.id, task]))
    // Given back and claimed again meanwhile, a task has a lease that is nobody's to end.
    return leases.flatMap(([id, token]) => {
      const task = tasks.get(id)
      return task?.lease?.token === token ? [task] : []
    })
  }

  /** In scripts of a bounded size each. */
  async getTasks(ids: readonly string[]): Promise<Task[]> {
    const replies = await inTurns(slicesOf(ids, TASKS_PER_READ), (slice) => this.#host.run('readTasks', '1', ...slice))
    return replies.flatMap((reply) => tasksOf(reply as [DescribedTask[], DescribedLane[]]))
  }

  /** The tasks in an index of any of these. */
  async listRelated(kind: RelatedKind, of: readonly string[]): Promise<Task[]> {
    const lists = await inTurns(slicesOf(of, INDEXES_PER_READ), (slice) =>
      this.#host.run('listRelated', keyKinds[kind], ...slice),
    )
    return this.getTasks([...new Set((lists as string[][]).flat())])
  }

  /** Tasks of a group from one place to another (inclusive, -1 is the last), with how many there are. */
  async listTasks(range: RangeOfTasks): Promise<TaskRange> {
    const { groupId, index, parent = '', first, last, hasPayloads } = range
    const reply = await this.#host.run('listTasks', groupId, index, first, last, hasPayloads ? '1' : '0', parent)
    const [count, tasks, lanes, isGroupPaused] = reply as [number, DescribedTask[], DescribedLane[], string]
    const known = lanesOf(lanes)
    return {
      count,
      isGroupPaused: isGroupPaused === '1',
      tasks: tasks.map((described) => {
        const { task, heldUntil } = heldTaskOf(described, known)
        return { task: hasPayloads ? task : withoutPayloads(task), heldUntil }
      }),
    }
  }

  findGroup(id: string): Promise<TaskGroup | null> {
    return this.#groups.find(id)
  }

  getGroups(ids: readonly string[]): Promise<CountedGroup[]> {
    return this.#groups.get(ids)
  }

  listGroups(range: RangeOfGroups): Promise<{ count: number; groups: ListedGroup[] }> {
    return this.#groups.list(range)
  }

  searchGroups(list: GroupList, fits: (group: WordedGroup) => boolean): Promise<WordedGroup[]> {
    return this.#groups.search(list, fits)
  }

  countGroups(): Promise<GroupCensus> {
    return this.#groups.census()
  }

  listTraffic(scope: HoldScope, places: Places, name?: string): Promise<{ count: number; rows: TrafficRow[] }> {
    return this.#traffic.list(scope, places, name)
  }

  listHolds(scope: HoldScope, names: readonly string[]): Promise<WorkHold[]> {
    return this.#traffic.listHolds(scope, names)
  }

  listPastHolds(scope: HoldScope, name: string): Promise<PastHold[]> {
    return this.#traffic.listPastHolds(scope, name)
  }

  getGates(refs: readonly GateRef[]): Promise<Gate[]> {
    return this.#traffic.getGates(refs)
  }

  countTasks(): Promise<number> {
    return this.#traffic.countTasks()
  }

  countAhead(taskId: string): Promise<number> {
    return this.#traffic.countAhead(taskId)
  }

  /** Tokens of the leases that a gate counts. */
  listLeases(gate: GateRef): Promise<string[]> {
    return this.#traffic.listLeases(gate)
  }

  /** What waits at the gate is looked at again. */
  pokeGate(gate: string): Promise<unknown> {
    return this.#host.run('pokeGate', gate)
  }

  async listAttempts(taskId: string): Promise<AttemptRecord[]> {
    const texts = await this.command('LRANGE', 'attempts', taskId, 0, -1)
    return (texts as string[]).map(decodeAttempt)
  }

  listFailing(query: FailingQuery): Promise<PlacedFailing[]> {
    return this.#failing.list(query)
  }

  listNewestErrors(taskIds: readonly string[]): Promise<NewestError[]> {
    return this.#failing.newestErrors(taskIds)
  }

  async listEndedGroups({ ending, before, limit }: EndedQuery): Promise<EndedAt[]> {
    const range = ['-inf', `(${before}`, 'WITHSCORES', 'LIMIT', 0, limit]
    const index = ending === 'succeeded' ? 'finishedGroups' : 'failedGroups'
    const flat = (await this.command('ZRANGEBYSCORE', index, '', ...range)) as string[]
    return slicesOf(flat, 2).map(([id, at]) => ({ id: String(id), endedAt: Number(at) }))
  }

  getRecord(key: string): Promise<string | null> {
    return this.#records.get(key)
  }

  putRecord(key: string, value: string | null, expiresAt: number): Promise<void> {
    return this.#records.put(key, value, expiresAt)
  }

  createRecord(key: string, value: string, expiresAt: number): Promise<string | null> {
    return this.#records.create(key, value, expiresAt)
  }

  listRecords(kind: string, places: Places): Promise<{ count: number; records: StoredRecord[] }> {
    return this.#records.list(kind, places)
  }

  scanRecords(cursor: string | null): Promise<RecordScan> {
    return this.#records.scan(cursor)
  }

  audit(): Promise<StoreAudit> {
    const { runner, tag, clock } = this.#options
    return auditPartition(runner, tag, clock.now())
  }

  async open(): Promise<void> {
    const { clock, bootId } = this.#options
    await this.command('ZREM', 'goneBoots', '', bootId)
    await this.command('ZREMRANGEBYSCORE', 'goneBoots', '', '-inf', clock.now())
    // A full Redis does not take it: then the next start does it.
    await this.#failing.listOlder().catch((error) => {
      if (!(error instanceof CrewError) || error.code !== 'storage_full') throw error
    })
  }

  /** Says that this server is gone: what leases it has are found by the others at once. */
  async close(): Promise<void> {
    const { clock, bootId } = this.#options
    await this.command('ZADD', 'goneBoots', '', clock.now() + GONE_MS, bootId)
  }

  /** One command on a key of this partition. */
  command(name: string, kind: KeyKind, id: string, ...args: (string | number)[]): Promise<unknown> {
    return this.#host.command(name, kind, id, ...args)
  }
}

/** Indexes of tasks by another task or by a merge key. */
export type RelatedKind = 'children' | 'createdBy' | 'openByKey'

export interface TaskRange {
  readonly count: number
  readonly isGroupPaused: boolean
  /** `heldUntil`: the later end of the holds on its worker and its workgroup; 0 when neither is held. */
  readonly tasks: readonly { readonly task: Task; readonly heldUntil: number }[]
}
