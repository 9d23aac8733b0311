import type { AttemptRecord } from '../../server/core/attempt-record.ts'
import type { ChangeSet, CommitResult, CrewEvent, HoldScope, WorkHold } from '../../server/core/change-set.ts'
import type { CrewError } from '../../server/core/errors.ts'
import type { Task } from '../../server/core/task.ts'
import type { CountedGroup } from '../../server/core/task-group.ts'
import {
  type ClaimedTask,
  type ClaimRequest,
  type ClaimResult,
  type LeaseRef,
  MAX_PAGE_SIZE,
  type WorkgroupRow,
} from '../task-storage.ts'
import { Directory, type Named } from './directory.ts'
import { DuePartitions, type SpreadAnswer, SpreadClaim } from './due-partitions.ts'
import type { RoutedChange } from './encode.ts'
import { keyOf, partitionTag } from './keys.ts'
import { Partition, type PartitionOptions, type RelatedKind, type TaskRange } from './partition.ts'
import { Permits } from './permits.ts'
import {
  endedBy,
  groupNamedBy,
  insertedBy,
  isApplied,
  isOnlyHolds,
  mergeKeyGuardedBy,
  takeIds,
  taskNamedBy,
} from './routed-commit.ts'
import type { RangeOfTasks, Store } from './store.ts'

type Answer = CommitResult | CrewError

export interface PartitionsOptions extends Omit<PartitionOptions, 'tag'> {
  readonly count: number
}

/** Workers of a partition that permits are taken for in one claim. */
const WORKERS_PER_CLAIM = 50

/**
 * Several partitions as one store: the groups of each are in one slot of a Cluster. What is about one group goes to its
 * partition; lists are merged; holds are told to all; ids and the limits of workers are kept in places of their own.
 */
export class Partitions implements Store {
  readonly #options: PartitionsOptions
  readonly #partitions: readonly Partition[]
  readonly #directory: Directory
  readonly #permits: Permits
  readonly #due: DuePartitions

  constructor(options: PartitionsOptions) {
    const { runner, clock, time, newToken, count } = options
    this.#options = options
    this.#partitions = Array.from({ length: count }, (_, index) => {
      return new Partition({ ...options, tag: partitionTag(index) })
    })
    this.#directory = new Directory(runner, count)
    this.#permits = new Permits({ runner, now: () => (time === 'store' ? '' : clock.now()), newId: newToken })
    this.#due = new DuePartitions(count)
  }

  async open(): Promise<void> {
    await this.#onAll((partition) => partition.open())
  }

  async close(): Promise<void> {
    await this.#permits.releaseAll()
    await this.#onAll((partition) => partition.close())
  }

  /** Holds are told to all partitions before what comes after them is written. */
  async commit(changeSets: readonly ChangeSet[]): Promise<Answer[]> {
    const results: Answer[] = []
    while (results.length < changeSets.length) {
      const left = changeSets.slice(results.length)
      const [first] = left
      if (first && isOnlyHolds(first)) results.push(await this.#holdEverywhere(first))
      else {
        const end = left.findIndex(isOnlyHolds)
        results.push(...(await this.#commitRouted(end < 0 ? left : left.slice(0, end))))
      }
    }
    return results
  }

  /**
   * In rounds of equal shares, so that groups of all partitions get their turns; then whoever has more gets what the others left.
   * One that is away keeps nothing from the others.
   */
  async claim(request: ClaimRequest): Promise<ClaimResult> {
    const now = this.#options.clock.now()
    const claim = new SpreadClaim(request)
    for (let left = this.#due.at(now); left.length > 0 && claim.left > 0; ) {
      const before = claim.tasks.length
      await this.#askAll(claim, left)
      const more = claim.withMore()
      // The shares of those that have nothing go to those that have more, as long as that changes anything.
      left = claim.tasks.length > before || more.length < left.length ? more : []
    }
    for (const index of claim.withMore()) {
      const [all] = claim.shares(1)
      if (all) await this.#askFor(claim, index, all)
    }
    if (claim.fault !== null && claim.tasks.length === 0) throw claim.fault
    return { tasks: claim.tasks, nextDueAt: claim.isCutShort ? now : this.#due.nextAt(now) }
  }

  /** An equal share each; in turns, when there is less than one for each. */
  async #askAll(claim: SpreadClaim, indexes: readonly number[]): Promise<void> {
    for (let at = 0; at < indexes.length && claim.left > 0; ) {
      const shares = claim.shares(indexes.length - at)
      const asked = indexes.slice(at, at + shares.length)
      await Promise.all(asked.map((index, n) => this.#askFor(claim, index, shares[n] as ClaimRequest)))
      at += asked.length
    }
  }

  async #askFor(claim: SpreadClaim, index: number, request: ClaimRequest): Promise<void> {
    try {
      claim.add(index, await this.#claimFrom(index, request))
    } catch (error) {
      claim.add(index, { tasks: [], hasMore: false, isCutShort: false })
      claim.fault = error
    }
  }

  async renewLeases(leases: readonly LeaseRef[], until: number): Promise<string[]> {
    const places = await this.#placesOf(leases.map(({ taskId }) => taskId))
    const byPartition = groupBy(leases, ({ taskId }) => places.get(taskId) ?? 0)
    const lost = await Promise.all([...byPartition].map(([index, some]) => this.#at(index).renewLeases(some, until)))
    const tokens = new Set(lost.flat())
    const [gone, kept] = [
      leases.filter(({ token }) => tokens.has(token)),
      leases.filter(({ token }) => !tokens.has(token)),
    ]
    await this.#permits.release(gone.map(({ taskId }) => taskId))
    await this.#permits.renew(
      kept.map(({ taskId }) => taskId),
      until - this.#options.clock.now(),
    )
    return [...tokens]
  }

  async listExpiredLeases(limit: number): Promise<Task[]> {
    // Those of a partition that is away are found when it is back, and keep nobody waiting meanwhile.
    const asked = await Promise.allSettled(this.#partitions.map((partition) => partition.listExpiredLeases(limit)))
    const tasks = asked.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    return tasks.sort((a, b) => (a.lease?.until ?? 0) - (b.lease?.until ?? 0)).slice(0, limit)
  }

  /** What the directory does not know is asked for everywhere: its entry may have been lost with a server. */
  async getTasks(ids: readonly string[]): Promise<Task[]> {
    const places = await this.#placesOf(ids)
    const known = groupBy(
      ids.filter((id) => places.has(id)),
      (id) => places.get(id) ?? 0,
    )
    const unknown = ids.filter((id) => !places.has(id))
    const asked = [...known].map(([index, some]) => this.#at(index).getTasks(some))
    if (unknown.length > 0) asked.push(...this.#partitions.map((partition) => partition.getTasks(unknown)))
    return (await Promise.all(asked)).flat()
  }

  /** Children are in the partition of their parent; what has a merge key, or a creator that is gone, may be in any. */
  async listRelated(kind: RelatedKind, of: readonly string[]): Promise<Task[]> {
    const places = kind === 'openByKey' ? new Map<string, number>() : await this.#placesOf(of)
    const known = groupBy(
      of.filter((id) => places.has(id)),
      (id) => places.get(id) ?? 0,
    )
    const unknown = of.filter((id) => !places.has(id))
    const asked = [...known].map(([index, some]) => this.#at(index).listRelated(kind, some))
    if (unknown.length > 0) asked.push(...this.#partitions.map((partition) => partition.listRelated(kind, unknown)))
    return (await Promise.all(asked)).flat()
  }

  listTasks(range: RangeOfTasks): Promise<TaskRange> {
    return this.#home(range.groupId).listTasks(range)
  }

  async getGroups(ids: readonly string[]): Promise<CountedGroup[]> {
    const byPartition = groupBy(ids, (id) => this.#directory.partitionOf(id))
    return (await Promise.all([...byPartition].map(([index, some]) => this.#at(index).getGroups(some)))).flat()
  }

  async listGroups(first: number, last: number): Promise<{ count: number; groups: CountedGroup[] }> {
    const lists = await this.#onAll((partition) => partition.listPlacedGroups(0, last))
    const merged = lists.flatMap(({ groups }) => groups).sort((a, b) => b.place - a.place)
    return { count: sum(lists, ({ count }) => count), groups: merged.slice(first, last + 1).map(({ group }) => group) }
  }

  async listWorkgroups(
    first: number,
    last: number,
    name?: string,
  ): Promise<{ count: number; workgroups: WorkgroupRow[] }> {
    const lists = await this.#onAll((partition) => partition.listWorkgroups(0, MAX_PAGE_SIZE - 1, name))
    const merged = new Map<string, WorkgroupRow>()
    for (const row of lists.flatMap(({ workgroups }) => workgroups)) {
      const other = merged.get(row.name)
      merged.set(row.name, other ? mergeWorkgroups(other, row) : row)
    }
    const workgroups = [...merged.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    return { count: workgroups.length, workgroups: workgroups.slice(first, last + 1) }
  }

  /** One that reached some partitions and not others holds there already. */
  async listHolds(scope: HoldScope, names: readonly string[]): Promise<WorkHold[]> {
    const holds = (await this.#onAll((partition) => partition.listHolds(scope, names))).flat()
    const latest = new Map<string, WorkHold>()
    for (const hold of holds) if ((latest.get(hold.name)?.until ?? 0) < hold.until) latest.set(hold.name, hold)
    return names.length === 0 ? [...latest.values()] : names.flatMap((name) => latest.get(name) ?? [])
  }

  async listAttempts(taskId: string): Promise<AttemptRecord[]> {
    return (await this.#onAll((partition) => partition.listAttempts(taskId))).flat()
  }

  async listFinishedGroups(before: number, limit: number): Promise<string[]> {
    const groups = (await this.#onAll((partition) => partition.listFinishedAt(before, limit))).flat()
    return groups
      .sort((a, b) => a.finishedAt - b.finishedAt)
      .slice(0, limit)
      .map(({ id }) => id)
  }

  getRecord(key: string): Promise<string | null> {
    return this.#at(this.#directory.partitionOf(key)).getRecord(key)
  }

  putRecord(key: string, value: string | null, expiresAt: number): Promise<void> {
    return this.#at(this.#directory.partitionOf(key)).putRecord(key, value, expiresAt)
  }

  async audit(): Promise<{ faults: string[]; fingerprint: string }> {
    const audits = await this.#onAll((partition) => partition.audit())
    return {
      faults: audits.flatMap(({ faults }, index) => faults.map((fault) => `partition ${index}: ${fault}`)),
      fingerprint: audits.map(({ fingerprint }) => fingerprint).join(''),
    }
  }

  noteEvents(events: readonly CrewEvent[]): void {
    for (const event of events) {
      if ('groupId' in event) this.#due.note(this.#directory.partitionOf(event.groupId))
      else this.#due.noteAll()
    }
  }

  #at(index: number): Partition {
    return this.#partitions[index] as Partition
  }

  #home(groupId: string): Partition {
    return this.#at(this.#directory.partitionOf(groupId))
  }

  #onAll<Result>(ask: (partition: Partition) => Promise<Result>): Promise<Result[]> {
    return Promise.all(this.#partitions.map(ask))
  }

  /** The partitions of those tasks that the directory knows. */
  async #placesOf(taskIds: readonly string[]): Promise<Map<string, number>> {
    const groups = await this.#directory.groupsOf(taskIds)
    return new Map([...groups].map(([id, groupId]) => [id, this.#directory.partitionOf(groupId)]))
  }

  /** An operator's hold or resume: in every partition, or the caller hears that it may not be (and repeats it). */
  async #holdEverywhere(changeSet: ChangeSet): Promise<CommitResult> {
    // A hold still on its way must not come after the resume that ends it.
    await Promise.all(this.#partitions.map((_, index) => this.#tellHolds(index)))
    await this.#onAll((partition) => partition.commit([changeSet]))
    this.#due.noteAll()
    return 'applied'
  }

  async #commitRouted(changeSets: readonly ChangeSet[]): Promise<Answer[]> {
    const routes = await Promise.all(changeSets.map((set) => this.#routeOf(set)))
    const taken = await Promise.all(changeSets.map((set) => this.#takeIds(set)))
    const results = changeSets.map((): Answer => 'conflict')
    const places = [...changeSets.keys()].filter((at) => taken[at] !== null)
    const byPartition = groupBy(places, (at) => routes[at] ?? 0)
    await Promise.all(
      [...byPartition].map(async ([index, some]) => {
        const sets = await this.#placeGroups(some.map((at) => changeSets[at] as ChangeSet))
        const gone = await this.#idsOfDeletedGroups(index, sets)
        const written = await this.#at(index).commit(sets)
        for (const [n, at] of some.entries()) results[at] = written[n] as Answer
        this.#due.note(index)
        await this.#followUp(index, sets, written, gone)
        const refused = some.filter((_, n) => !isApplied(written[n]))
        await this.#directory.forget(refused.flatMap((at) => taken[at] ?? []))
      }),
    )
    return results
  }

  async #routeOf(changeSet: ChangeSet): Promise<number> {
    const groupId = groupNamedBy(changeSet)
    if (groupId !== null) return this.#directory.partitionOf(groupId)
    const taskId = taskNamedBy(changeSet)
    if (taskId !== null) return (await this.#findTask(taskId)) ?? 0
    const mergeKey = mergeKeyGuardedBy(changeSet)
    const [task] = mergeKey === null ? [] : await this.listRelated('openByKey', [mergeKey])
    return task ? this.#directory.partitionOf(task.groupId) : 0
  }

  async #findTask(taskId: string): Promise<number | undefined> {
    const [task] = await this.getTasks([taskId])
    return task && this.#directory.partitionOf(task.groupId)
  }

  #takeIds(changeSet: ChangeSet): Promise<string[] | null> {
    return takeIds(this.#directory, insertedBy(changeSet), async ({ id, groupId }: Named) => {
      const [task] = await this.#home(groupId).getTasks([id])
      return task?.groupId === groupId
    })
  }

  /** Groups are listed in the order made over all partitions, so their numbers come from one place. */
  async #placeGroups(changeSets: readonly ChangeSet[]): Promise<ChangeSet[]> {
    const routed = changeSets.map((set) => ({
      ...set,
      changes: set.changes.map((change): RoutedChange => ({ ...change })),
    }))
    for (const change of routed.flatMap(({ changes }) => changes)) {
      if (change.kind === 'holdWork') Object.assign(change, { isToTell: true })
      if (change.kind !== 'putGroup') continue
      const place = await this.#options.runner.command('HINCRBY', keyOf(partitionTag(0), 'counters'), 'place', 1)
      Object.assign(change, { place: Number(place) })
    }
    return routed
  }

  /** What goes with a group is not named in the change set, and the directory has to forget it. */
  async #idsOfDeletedGroups(index: number, changeSets: readonly ChangeSet[]): Promise<string[]> {
    const groups = changeSets.flatMap(({ changes }) =>
      changes.flatMap((change) => (change.kind === 'deleteGroup' ? [change.groupId] : [])),
    )
    const lists = await Promise.all(groups.map((id) => this.#at(index).command('ZRANGE', 'groupTasks', id, 0, -1)))
    return (lists as string[][]).flat()
  }

  /** What follows from the applied ones elsewhere than in their partition. */
  async #followUp(
    index: number,
    changeSets: readonly ChangeSet[],
    results: readonly Answer[],
    idsOfDeletedGroups: readonly string[],
  ): Promise<void> {
    const applied = changeSets.filter((_, at) => isApplied(results[at]))
    const changes = applied.flatMap((set) => set.changes)
    const inserted = applied.flatMap(insertedBy)
    const kept = new Set(inserted.map(({ id }) => id))
    const deleted = changes.flatMap((change) => (change.kind === 'deleteTask' ? [change.taskId] : []))
    const deletedGroups = changes.flatMap((change) => (change.kind === 'deleteGroup' ? [change.groupId] : []))
    const gone = [...deleted, ...(deletedGroups.length > 0 ? idsOfDeletedGroups : [])]
    await Promise.all([
      this.#directory.keep(inserted),
      this.#directory.forget(gone.filter((id) => !kept.has(id))),
      this.#permits.release(applied.flatMap(endedBy)),
      ...deletedGroups.map((id) => this.#permits.releaseGroup(id)),
    ])
    if (changes.some(({ kind }) => kind === 'holdWork')) await this.#tellHolds(index)
    const releases = changes.filter(({ kind }) => kind === 'releaseWork')
    if (releases.length > 0) await this.#holdEverywhere({ guards: [], changes: releases, events: [] })
  }

  /** Tells the others of the holds that a worker's answer put on this partition. Holds only raise, so telling twice is fine. */
  async #tellHolds(index: number): Promise<void> {
    const untold = (await this.#at(index).command('LRANGE', 'outbox', '', 0, -1)) as string[]
    for (const text of untold) {
      const [scope, name, until, reason] = JSON.parse(text) as [HoldScope, string, string, string]
      const hold = { scope, name, until: Number(until), reason }
      const telling = { guards: [], changes: [{ kind: 'holdWork', hold } as const], events: [] }
      await Promise.all(
        this.#partitions.filter((_, other) => other !== index).map((partition) => partition.commit([telling])),
      )
      await this.#at(index).command('LREM', 'outbox', '', 1, text)
    }
  }

  /** A claim shows workers that nobody knew of when permits were taken, so it may have to be made again. */
  async #claimFrom(index: number, request: ClaimRequest): Promise<SpreadAnswer> {
    const asked = new Set<string>()
    const claimed: ClaimedTask[] = []
    let [isCutShort, hasMore] = [false, false]
    const note = this.#due.begin(index)
    try {
      for (let isMore = true; isMore && claimed.length < request.limit; ) {
        const workers = (await this.#queuedWorkers(index)).filter((worker) => !asked.has(worker))
        if (workers.length === 0 && asked.size > 0) break
        for (const worker of workers) asked.add(worker)
        const answer = await this.#claimFor(index, workers, { ...request, limit: request.limit - claimed.length })
        claimed.push(...answer.tasks)
        isMore = answer.hasQueued
        hasMore = answer.hasQueued
        isCutShort = answer.nextDueAt !== null && answer.nextDueAt <= this.#options.clock.now()
        note(answer)
      }
      return { tasks: claimed, hasMore, isCutShort }
    } catch (error) {
      this.#due.note(index)
      if (claimed.length > 0) return { tasks: claimed, hasMore, isCutShort }
      throw error
    }
  }

  async #claimFor(index: number, workers: readonly string[], request: ClaimRequest) {
    const permits = await this.#takePermits(workers, request)
    const slots = new Map([...permits].map(([worker, ids]) => [worker, ids.length]))
    const claim = await this.#at(index).claim({ ...request, slots, slotsPerWorker: 0 })
    const byWorker = groupBy(claim.tasks, ({ task }) => task.worker)
    await Promise.all([...permits].map(([worker, ids]) => this.#permits.use(worker, ids, byWorker.get(worker) ?? [])))
    if (claim.untoldHolds > 0) void this.#tellHolds(index).catch(() => {}) // the next claim says so again
    return claim
  }

  #queuedWorkers(index: number): Promise<string[]> {
    return this.#at(index).command('ZRANGE', 'workers', '', 0, WORKERS_PER_CLAIM - 1) as Promise<string[]>
  }

  /** By worker: as many as its slots, as far as others leave some. */
  async #takePermits(workers: readonly string[], request: ClaimRequest): Promise<Map<string, string[]>> {
    const { slots, slotsPerWorker, limit, until, maxLeasesPerWorker: max } = request
    const leaseMs = until - this.#options.clock.now()
    const taken = workers.map(async (worker): Promise<[string, string[]]> => {
      const wanted = Math.min(limit, slots.get(worker) ?? slotsPerWorker)
      return [worker, await this.#permits.take(worker, wanted, { max, leaseMs })]
    })
    return new Map(await Promise.all(taken))
  }
}

function mergeWorkgroups(a: WorkgroupRow, b: WorkgroupRow): WorkgroupRow {
  const later = a.heldUntil >= b.heldUntil ? a : b
  return { ...later, waiting: a.waiting + b.waiting, running: a.running + b.running }
}

function groupBy<Value, Key>(values: Iterable<Value>, keyOf: (value: Value) => Key): Map<Key, Value[]> {
  const groups = new Map<Key, Value[]>()
  for (const value of values) {
    const group = groups.get(keyOf(value))
    if (group) group.push(value)
    else groups.set(keyOf(value), [value])
  }
  return groups
}

const sum = <Value>(values: readonly Value[], of: (value: Value) => number): number =>
  values.reduce((total, value) => total + of(value), 0)
