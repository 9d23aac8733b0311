import type { Task } from '../../server/core/task.ts'
import type { ClaimResult, ParentResult } from '../task-storage.ts'
import { type DescribedLane, type DescribedTask, tasksOf } from './decode.ts'
import { hostOf, type PartitionHost, type PartitionOptions } from './script-runner.ts'
import type { LeaseRequest } from './store.ts'

/** Claims that failed one after the other, of which any may have been run; they are tried each second. */
const MAX_UNANSWERED = 64

/** What gates that several partitions share grant a claim. */
export interface GrantedClaim {
  /** Of the leases that it makes: each gets it with its place in the claim (`tokenAt`). */
  readonly token: string
  /** By the gate's name in scripts: how many may start, and after how many ms more may (-1: nobody knows when). */
  readonly grants: ReadonlyMap<string, readonly [count: number, delayMs: number]>
}

export const tokenAt = (token: string, place: number): string => `${token}.${place}`

export interface PartitionClaim extends ClaimResult {
  /** There is more to look at, now or when a worker has a slot again. */
  readonly hasQueued: boolean
  /** Holds that the other partitions do not have yet. */
  readonly untoldHolds: number
  /** A large change set is under way. */
  readonly hasLocks: boolean
  /** Anything is limited, held or paced. */
  readonly isGated: boolean
  /** Of one of several partitions: gates that bound something and granted nothing, workers that wait in line and were given no slots. */
  readonly wantedGates: readonly string[]
  readonly wantedWorkers: readonly string[]
}

/** What `claim.lua` returns. */
type ClaimReply = readonly [
  tasks: DescribedTask[],
  parents: DescribedTask[],
  lanes: DescribedLane[],
  now: string,
  nextDueAt: string | null,
  hasLocks: number,
  hasQueued: number,
  untoldHolds: number,
  probes: string[],
  hasGates: number,
  wantedGates: string[],
  wantedWorkers: string[],
]

/** Claims of one partition; one whose answer was lost is asked for again by the next. */
export class PartitionClaims {
  readonly #options: PartitionOptions
  readonly #host: PartitionHost
  readonly #getTasks: (ids: readonly string[]) => Promise<Task[]>
  /** Tokens of claims whose answer did not arrive: the next one asks for their tasks first. */
  #unanswered: string[] = []

  constructor(options: PartitionOptions, getTasks: (ids: readonly string[]) => Promise<Task[]>) {
    this.#options = options
    this.#host = hostOf(options)
    this.#getTasks = getTasks
  }

  async claim(request: LeaseRequest, granted?: GrantedClaim): Promise<PartitionClaim> {
    const { clock, storeClock, tag, bootId, newToken } = this.#options
    const { limit, leaseMs, slotsPerWorker, slots, maxLeasesPerWorker } = request
    const now = clock.now()
    const askedAt = storeClock?.asks() ?? 0
    const before = this.#unanswered
    const token = granted?.token ?? newToken()
    const grants = granted ? JSON.stringify(Object.fromEntries(granted.grants)) : ''
    const places = [slotsPerWorker, JSON.stringify(Object.fromEntries(slots)), maxLeasesPerWorker]
    try {
      const args = [limit, leaseMs, bootId, token, ...places, tokensAsKeys(before), grants]
      const reply = await this.#host.run('claim', ...args)
      storeClock?.heard(Number((reply as ClaimReply)[3]), { askedAt, from: tag })
      const claim = await this.#read(reply as ClaimReply, now)
      this.#unanswered = this.#unanswered.filter((one) => !before.includes(one))
      return claim
    } catch (error) {
      this.#unanswered = [...this.#unanswered, token].slice(-MAX_UNANSWERED)
      throw error
    }
  }

  /** What claims that were not answered leased is not asked for again; it is found when its leases end. */
  forgetUnanswered(): void {
    this.#unanswered = []
  }

  async #read(reply: ClaimReply, now: number): Promise<PartitionClaim> {
    const [described, parents, lanes, storeNow, nextDueAt, hasLocks, hasQueued, untoldHolds, probes, ...gated] = reply
    const [hasGates, wantedGates, wantedWorkers] = gated
    const tasks = tasksOf([described, lanes])
    const results = new Map(tasksOf([parents, lanes]).map((task) => [task.id, parentOf(task)]))
    const untold = new Set(tasks.flatMap(({ parentIds }) => parentIds).filter((id) => !results.has(id)))
    for (const task of untold.size > 0 ? await this.#getTasks([...untold]) : []) results.set(task.id, parentOf(task))
    return {
      tasks: tasks.map((task) => ({
        task,
        token: task.lease?.token ?? '',
        parents: task.parentIds.flatMap((id) => results.get(id) ?? []),
        isProbe: probes.includes(task.id),
      })),
      nextDueAt: nextDueAt === null ? null : now + Number(nextDueAt) - Number(storeNow),
      hasQueued: hasQueued === 1,
      untoldHolds,
      hasLocks: hasLocks === 1,
      isGated: hasGates === 1,
      wantedGates,
      wantedWorkers,
    }
  }
}

/** Whether one of them is asked for is looked up, not searched. */
const tokensAsKeys = (tokens: readonly string[]): string =>
  JSON.stringify(Object.fromEntries(tokens.map((token) => [token, 1])))

const parentOf = ({ id, worker, input, output }: Task): ParentResult => ({ taskId: id, worker, input, output })
