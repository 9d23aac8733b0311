import type { Clock } from '../../server/core/clock.ts'
import { errorKindOf, type FailingState, type FailingTask } from '../../server/core/error-kinds.ts'
import type { Task } from '../../server/core/task.ts'
import type { FailingQuery, NewestError } from '../task-storage.ts'
import { type DescribedLane, type DescribedTask, tasksOf } from './decode.ts'
import type { PartitionGroups } from './partition-groups.ts'
import type { PartitionHost } from './script-runner.ts'
import { slicesOf } from './slices.ts'

/** Looked at in one script: about 10 µs each, with a group of its own 15. */
const TASKS_PER_READ = 500
/** Groups that are looked through in one script: fewer than tasks, as most have one that failed. */
const GROUPS_PER_READ = 400
/** The errors of a task may be 200 KB. */
const ERRORS_PER_READ = 50

/** In the counters of a partition: when what an older version left was listed first. */
export const MARK = 'trying'
/** So long an upgrade may take, server after server. */
const BESIDE_OLDER_MS = 24 * 3600 * 1000
/** Of a member of a sorted set, before the id of the task. */
const SEQ_DIGITS = 11

/** With its place among those of all partitions. */
export interface PlacedFailing {
  readonly task: FailingTask
  /** The number of its group: higher is newer. */
  readonly group: number
  /** Its own: higher is newer. */
  readonly seq: number
}

/** As `failing.lua` tells it; null: the kind has to be read. */
type ToldFailing = readonly [
  id: string,
  groupId: string,
  worker: string,
  group: string,
  seq: string,
  runAfter: string,
  kind: string | null,
]

/**
 * What fails in a partition. Read from lists of those tasks, in scripts of a bounded length each; nothing is counted, as an older server
 * on the same store would not count.
 */
export class PartitionFailing {
  readonly #host: PartitionHost
  readonly #groups: PartitionGroups
  readonly #clock: Clock

  constructor(host: PartitionHost, groups: PartitionGroups, clock: Clock) {
    this.#host = host
    this.#groups = groups
    this.#clock = clock
  }

  /** In the order of the port. */
  async list(query: FailingQuery): Promise<PlacedFailing[]> {
    const [failed, retrying] = await Promise.all([this.#failed(query), this.#retrying(query)])
    return inOrder([...failed, ...retrying], query.limit)
  }

  async newestErrors(taskIds: readonly string[]): Promise<NewestError[]> {
    const tasks = await this.#readTasks(taskIds)
    return tasks.flatMap(({ id, errors }) => {
      const error = errors.at(-1)
      return error === undefined ? [] : [{ taskId: id, error }]
    })
  }

  /**
   * Lists what an older version of Crew left to be tried again: at the first start, and at those soon after it, as servers of that version
   * go on beside the first new one until they are replaced as well. What it does twice is the same.
   */
  async listOlder(): Promise<void> {
    const now = this.#clock.now()
    const listedAt = (await this.#host.command('HGET', 'counters', '', MARK)) as string | null
    if (listedAt !== null && now - Number(listedAt) >= BESIDE_OLDER_MS) return
    for (const list of ['active', 'paused', 'failed'] as const) {
      for (let from = 0, isMore = true; isMore; from += GROUPS_PER_READ) {
        const places = { first: from, last: from + GROUPS_PER_READ - 1 }
        const { groups } = await this.#groups.list({ list, ...places, isNewestFirst: false })
        await Promise.all(groups.map(({ id }) => this.#listOlderOf(id)))
        isMore = groups.length === GROUPS_PER_READ
      }
    }
    await this.#host.command('HSETNX', 'counters', '', MARK, now)
  }

  async #listOlderOf(groupId: string): Promise<void> {
    for await (const members of this.#membersOf(groupId, 'WITHSCORES')) {
      const pairs = slicesOf(members, 2).flatMap(([member = '', score = '']) => [score, member])
      await this.#host.command('ZADD', 'trying', '', ...pairs)
    }
  }

  async #failed(query: FailingQuery): Promise<PlacedFailing[]> {
    if (query.groupId !== undefined) return this.#failedIn([query.groupId], query)
    const found: PlacedFailing[] = []
    for (let from = 0; found.length < query.limit; from += GROUPS_PER_READ) {
      const places = { first: from, last: from + GROUPS_PER_READ - 1 }
      const { groups } = await this.#groups.list({ list: 'failing', ...places, isNewestFirst: true })
      const left = { ...query, limit: query.limit - found.length }
      found.push(
        ...(await this.#failedIn(
          groups.map(({ id }) => id),
          left,
        )),
      )
      if (groups.length < GROUPS_PER_READ) break
    }
    return found
  }

  async #failedIn(groupIds: readonly string[], query: FailingQuery): Promise<PlacedFailing[]> {
    const found: PlacedFailing[] = []
    let [left, first] = [groupIds, 0]
    while (left.length > 0 && found.length < query.limit) {
      const reply = await this.#host.run('listFailed', TASKS_PER_READ, first, ...left)
      const [told, done, next] = reply as [ToldFailing[], number, number]
      found.push(...(await this.#read(told, 'failed', query)))
      ;[left, first] = [left.slice(done), next]
    }
    return found
  }

  async #retrying(query: FailingQuery): Promise<PlacedFailing[]> {
    const found: PlacedFailing[] = []
    for await (const members of this.#membersOf(query.groupId)) {
      const reply = await this.#host.run('listRetrying', ...members.map((member) => member.slice(SEQ_DIGITS)))
      const read = await this.#read(reply as ToldFailing[], 'retrying', query)
      const now = this.#clock.now()
      found.push(...read.filter(({ task }) => task.runAfter > now))
      if (found.length >= query.limit) break
    }
    return found
  }

  /** Of the lists of what is tried again, from their end: what comes due meanwhile goes at the beginning. */
  async *#membersOf(groupId: string | undefined, ...withScores: readonly 'WITHSCORES'[]): AsyncGenerator<string[]> {
    const isOfAll = groupId === undefined
    const lanes = isOfAll ? [''] : ((await this.#host.command('HVALS', 'groupLanes', groupId)) as string[])
    for (const lane of lanes) {
      for (let from = 0, isMore = true; isMore; from += TASKS_PER_READ) {
        const range = ['+inf', `(${this.#clock.now()}`, ...withScores, 'LIMIT', from, TASKS_PER_READ]
        const found = await this.#host.command('ZREVRANGEBYSCORE', isOfAll ? 'trying' : 'retrying', lane, ...range)
        // Names with their scores are pairs, or flat, as the client speaks RESP3 or 2.
        const members = (found as unknown[]).flat() as string[]
        isMore = members.length >= TASKS_PER_READ
        if (members.length > 0) yield members
      }
    }
  }

  async #read(
    told: readonly ToldFailing[],
    state: FailingState,
    { worker: wanted }: FailingQuery,
  ): Promise<PlacedFailing[]> {
    const ofWorker = told.filter(([, , worker]) => wanted === undefined || worker === wanted)
    const kinds = await this.#kindsOf(ofWorker)
    return ofWorker.map(([id, groupId, worker, group, seq, runAfter, kind]) => {
      const errorKind = kind ?? kinds.get(id) ?? ''
      const task = { id, groupId, worker, state, errorKind, runAfter: Number(runAfter) }
      return { task, group: Number(group), seq: Number(seq) }
    })
  }

  /** Of those that nobody noted. */
  async #kindsOf(told: readonly ToldFailing[]): Promise<Map<string, string>> {
    const unknown = told.filter((one) => one[6] === null).map(([id]) => id)
    return new Map((await this.#readTasks(unknown)).map((task) => [task.id, errorKindOf(task)]))
  }

  async #readTasks(ids: readonly string[]): Promise<Task[]> {
    const tasks: Task[] = []
    for (const slice of slicesOf(ids, ERRORS_PER_READ)) {
      const reply = await this.#host.run('readTasks', '0', ...slice)
      tasks.push(...tasksOf(reply as [DescribedTask[], DescribedLane[]]))
    }
    return tasks
  }
}

/** In the order of the port. What changed while it was read may have come twice. */
export function inOrder(found: readonly PlacedFailing[], limit: number): PlacedFailing[] {
  const once = new Map(found.map((one) => [one.task.id, one]))
  return [...once.values()].sort((a, b) => b.group - a.group || a.seq - b.seq).slice(0, limit)
}
