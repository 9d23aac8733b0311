import type { ChangeSet, CommitResult } from '../../server/core/change-set.ts'
import { CrewError } from '../../server/core/errors.ts'
import type { ClusterHolds } from './cluster-holds.ts'
import { type ClusterParts, homeOf, outageOf, partitionAt } from './cluster-parts.ts'
import type { ClusterReads } from './cluster-reads.ts'
import type { Named } from './directory.ts'
import type { RoutedChange } from './encode.ts'
import { type HeldLease, heldLease } from './held-leases.ts'
import { keyOf, partitionTag } from './keys.ts'
import {
  deletedGroupsOf,
  deletedTasksOf,
  type Entries,
  endedBy,
  type GateChange,
  groupNamedBy,
  guardedBy,
  insertedBy,
  isOfGate,
  isOnlyOfGates,
  isToBePlaced,
  isToTell,
  mergeKeyGuardedBy,
  takeIds,
  taskNamedBy,
  tokensOf,
  toldBefore,
} from './routed-commit.ts'

/** Tasks that a commit may end the lease of are read before it; where they are more, those of them alone that have one. */
const FEW = 100

type Answer = CommitResult | CrewError

/** A change set on its way to its partition, with what was so before it. */
interface Routed {
  readonly set: ChangeSet
  readonly partition: number
  /** Entries of the directory: of ids that were taken for it, and of tasks that it deletes. */
  readonly taken: Entries
  readonly deleted: Entries
  /** Leases that it ends. */
  readonly ended: readonly HeldLease[]
}

/** Change sets, each to the partition of its group. One that is away answers its own sets with an error, and only these. */
export class ClusterCommits {
  readonly #parts: ClusterParts
  readonly #reads: ClusterReads
  readonly #holds: ClusterHolds

  constructor(parts: ClusterParts, { reads, holds }: { reads: ClusterReads; holds: ClusterHolds }) {
    this.#parts = parts
    this.#reads = reads
    this.#holds = holds
  }

  /** Holds are told to all partitions before what comes after them is written. */
  async commit(changeSets: readonly ChangeSet[]): Promise<Answer[]> {
    const results: Answer[] = []
    while (results.length < changeSets.length) {
      const left = changeSets.slice(results.length)
      const [first] = left
      if (first && isOnlyOfGates(first)) results.push(await this.#tellEverywhere(first.changes.filter(isOfGate)))
      else {
        const end = left.findIndex(isOnlyOfGates)
        results.push(...(await this.#commitRouted(end < 0 ? left : left.slice(0, end))))
      }
    }
    return results
  }

  #tellEverywhere(changes: readonly GateChange[]): Promise<Answer> {
    return this.#holds.everywhere(changes).then((): Answer => 'applied', outageOf)
  }

  async #commitRouted(changeSets: readonly ChangeSet[]): Promise<Answer[]> {
    const routed = await Promise.all(changeSets.map((set) => this.#route(set).catch(outageOf)))
    const results = routed.map((one): Answer => (one instanceof CrewError ? one : 'conflict'))
    const places = [...routed.keys()].filter((at) => isRouted(routed[at]))
    const byPartition = Map.groupBy(places, (at) => (routed[at] as Routed).partition)
    await Promise.all(
      [...byPartition].map(async ([partition, some]) => {
        const written = await this.#write(
          partition,
          some.map((at) => routed[at] as Routed),
        )
        for (const [n, at] of some.entries()) results[at] = written[n] as Answer
      }),
    )
    return results
  }

  /** Null when it inserts a task whose id is another group's. */
  async #route(changeSet: ChangeSet): Promise<Routed | null> {
    const { leases, directory } = this.#parts
    const partition = await this.#partitionOf(changeSet)
    const taken = await takeIds(directory, changeSet, (task) => this.#exists(task))
    if (taken === null) return null
    const set = await this.#placeGroups(partition, changeSet)
    const idsDeleted = await this.#idsDeletedBy(partition, changeSet)
    const deleted = await directory.entriesOf(idsDeleted)
    const idsEnded = [...new Set([...endedBy(changeSet), ...idsDeleted])]
    const ended = [...leases.of(idsEnded), ...(await this.#othersOf(partition, idsEnded))]
    return { set, partition, taken, deleted, ended }
  }

  async #partitionOf(changeSet: ChangeSet): Promise<number> {
    const { directory } = this.#parts
    const groupId = groupNamedBy(changeSet)
    if (groupId !== null) return directory.partitionOf(groupId)
    const taskId = taskNamedBy(changeSet)
    const mergeKey = mergeKeyGuardedBy(changeSet)
    const [task] =
      taskId !== null
        ? await this.#reads.getTasks([taskId])
        : mergeKey !== null
          ? await this.#reads.listRelated('openByKey', [mergeKey])
          : []
    return task ? directory.partitionOf(task.groupId) : 0
  }

  /** Leases of these tasks that other servers were given, or that are held outside. */
  async #othersOf(partition: number, taskIds: readonly string[]): Promise<HeldLease[]> {
    const { leases } = this.#parts
    const home = partitionAt(this.#parts, partition)
    const ids = new Set(taskIds.filter((id) => leases.of([id]).length === 0))
    const leased = ids.size > FEW ? ((await home.command('ZRANGE', 'leases', '', 0, -1)) as string[]) : [...ids]
    const tasks = await home.getTasks(leased.filter((id) => ids.has(id)))
    return tasks.flatMap((task) => (task.lease ? [heldLease({ task, token: task.lease.token }, partition)] : []))
  }

  async #exists({ id, groupId }: Named): Promise<boolean> {
    const [task] = await homeOf(this.#parts, groupId).getTasks([id])
    return task?.groupId === groupId
  }

  /**
   * Groups are listed in the order made over all partitions, so the numbers of new ones come from one place. A group that is there
   * has its number, and needs nothing of that place.
   */
  async #placeGroups(partition: number, changeSet: ChangeSet): Promise<ChangeSet> {
    const changes = changeSet.changes.map((change): RoutedChange => ({ ...change }))
    for (const change of changes) {
      if (isToTell(change)) Object.assign(change, { isToTell: true })
      if (change.kind !== 'putGroup' || !isToBePlaced(changeSet, change.group.id)) continue
      const isThere = await partitionAt(this.#parts, partition).command('EXISTS', 'group', change.group.id)
      if (isThere === 1 && !deletedGroupsOf(changeSet).includes(change.group.id)) continue
      const counters = keyOf(partitionTag(0), 'counters')
      const place = await this.#parts.options.runner.command('HINCRBY', counters, 'place', 1)
      Object.assign(change, { place: Number(place) })
    }
    return { ...changeSet, changes }
  }

  /** What goes with a group is not named in the change set. */
  async #idsDeletedBy(partition: number, changeSet: ChangeSet): Promise<string[]> {
    const home = partitionAt(this.#parts, partition)
    const lists = deletedGroupsOf(changeSet).map((id) => home.command('ZRANGE', 'groupTasks', id, 0, -1))
    return [...deletedTasksOf(changeSet), ...((await Promise.all(lists)) as string[][]).flat()]
  }

  async #write(partition: number, some: readonly Routed[]): Promise<Answer[]> {
    const sets = some.map(({ set }) => set)
    const results = await partitionAt(this.#parts, partition).commit(sets).catch(outageOf)
    this.#parts.due.note(partition)
    return results instanceof CrewError ? some.map(() => results) : this.#followUp(partition, some, results)
  }

  /** What follows from the answers elsewhere than in their partition. */
  async #followUp(partition: number, some: readonly Routed[], results: readonly Answer[]): Promise<Answer[]> {
    const having = (...answers: Answer[]) => some.filter((_, at) => answers.includes(results[at] as Answer))
    const applied = having('applied')
    const refused = having('duplicate', 'leaseLost', 'conflict')
    const { directory, leases, gates } = this.#parts
    const inserted = applied.flatMap(({ set }) => insertedBy(set))
    const over = having('duplicate', 'leaseLost').flatMap(({ set }) => this.#leasesGuardedBy(set))
    const ended = [...applied.flatMap((one) => one.ended), ...over]
    leases.end(ended)
    await Promise.all([
      directory.keep(inserted),
      directory.forget(free(applied, refused, new Set(inserted.map(({ id }) => id)))),
      gates.release(ended),
    ])
    if (applied.some(({ set }) => set.changes.some(isToTell))) await this.#holds.tell(partition).catch(outageOf) // or after the next claim
    return Promise.all(results.map((result, at) => (result === 'applied' ? this.#release(some[at]) : result)))
  }

  #leasesGuardedBy(changeSet: ChangeSet): HeldLease[] {
    const tokens = tokensOf(changeSet)
    return this.#parts.leases.of(guardedBy(changeSet)).filter(({ token }) => tokens.includes(token))
  }

  /** Holds that end with a change of a group end in all partitions. */
  async #release(routed: Routed | undefined): Promise<Answer> {
    const changes = routed ? toldBefore(routed.set) : []
    return changes.length === 0 ? 'applied' : this.#tellEverywhere(changes)
  }
}

const isRouted = (one: Routed | CrewError | null | undefined): one is Routed =>
  one !== undefined && one !== null && !(one instanceof CrewError)

/** Entries that nobody needs: of deleted tasks, and of those that were not inserted. */
const free = (applied: readonly Routed[], refused: readonly Routed[], inserted: ReadonlySet<string>): Entries =>
  new Map(
    [...applied.flatMap(({ deleted }) => [...deleted]), ...refused.flatMap(({ taken }) => [...taken])].filter(
      ([id]) => !inserted.has(id),
    ),
  )
