import type { ClaimedTask, TaskStorage } from '../../storage/task-storage.ts'
import { decideUnstartedAttempt } from '../core/attempt.ts'
import type { Clock, Random, Timers } from '../core/clock.ts'
import { finishAttempt, type RunnerOptions, type RunningAttempt, startAttempt } from './attempt-runner.ts'
import { Committer } from './committer.ts'
import { renewLeases } from './lease-keeper.ts'
import { decideLost, giveBack, reapLeases } from './lease-reaper.ts'
import type { Logger } from './logger.ts'
import { cleanFinishedGroups, type Retention } from './retention.ts'
import { StorageHealth } from './storage-health.ts'
import { type Limits, WorkerLimits } from './worker-limits.ts'

export interface ControllerOptions extends Omit<RunnerOptions, 'committer'> {
  readonly storage: TaskStorage
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger
  readonly limits: Limits
  readonly leaseMs: number
  /** Null: finished groups are kept. */
  readonly retention: Retention | null
}

/** Hints can be lost; what is claimable is found again at least this often (I4, DESIGN section 5). */
const POLL_MS = 1000
/** Claims are asked for in batches: one transaction for many, but never one that holds others up for long. */
const MAX_CLAIMED = 64
/** Answered attempts that are not durable yet. Beyond these nothing is claimed, so a slow storage cannot fill the memory. */
const MAX_UNCOMMITTED = 1000
/** After the limit of a drain, the time to give back what was cut off. */
const GIVE_BACK_MS = 1000
/** Retention looks this often; it is measured in days. */
const CLEAN_MS = 10 * 60 * 1000

/**
 * Wakes, claims what fits, runs, commits.
 *
 * States: `idle` → start → `running` → drain → `draining` → `stopped`. `start` and `drain` move it, nothing else. While running,
 * a poll each second is the truth and every wake only makes it sooner; draining claims nothing.
 */
export class Controller {
  readonly #options: ControllerOptions
  readonly #limits: WorkerLimits
  readonly #health: StorageHealth
  readonly #committer: Committer
  readonly #runner: RunnerOptions
  /** By token: attempts whose result is not durable yet. */
  readonly #running = new Map<string, RunningAttempt>()
  /** Those of them that have their answer. */
  readonly #answered = new Set<string>()
  readonly #cancels = new Map<string, () => void>()
  #state: 'idle' | 'running' | 'draining' | 'stopped' = 'idle'
  #isClaiming = false
  #isClaimDue = false
  #isWakeScheduled = false
  #unsubscribe: () => void = () => {}
  #finishing = 0
  #whenQuiet: (() => void) | null = null

  constructor(options: ControllerOptions) {
    this.#options = options
    this.#limits = new WorkerLimits(options.limits)
    this.#health = new StorageHealth({ ...options, onBack: () => this.#goOn() })
    this.#committer = new Committer({ ...options, health: this.#health, afterFlush: () => this.claimSoon() })
    this.#runner = { ...options, committer: this.#committer }
  }

  get inFlight(): number {
    return this.#limits.inFlight
  }

  get isHealthy(): boolean {
    return this.#committer.isHealthy
  }

  slotsOf(worker: string): { inFlight: number; limit: number } {
    return this.#limits.slotsOf(worker)
  }

  async start(): Promise<void> {
    this.#state = 'running'
    this.#unsubscribe = this.#options.storage.subscribe((_, origin) => {
      if (origin === 'commit') this.wake()
    })
    await reapLeases({ ...this.#options, isOwn: () => false })
    this.#repeat('poll', POLL_MS, () => this.#poll())
    this.#repeat('renew', this.#options.leaseMs / 3, () => this.#renew())
    const { retention } = this.#options
    if (retention) this.#repeat('clean', CLEAN_MS, () => cleanFinishedGroups(this.#options, retention))
    this.wake()
  }

  /** Something may be claimable. Wakes of one turn of the event loop become one claim. */
  wake(): void {
    if (this.#isWakeScheduled || this.#state !== 'running') return
    this.#isWakeScheduled = true
    setImmediate(() => {
      this.#isWakeScheduled = false
      this.claimSoon()
    })
  }

  /**
   * Claims nothing more, lets attempts in flight finish until the limit, then cuts the rest off and gives them back. Resolves
   * when all is quiet and durable.
   */
  async drain(limitMs: number): Promise<void> {
    if (this.#state === 'draining' || this.#state === 'stopped') return
    this.#state = 'draining'
    this.#unsubscribe()
    this.#cancelTimer('poll')
    this.#cancelTimer('due')
    this.#cancelTimer('clean')
    await this.#quiet(limitMs)
    this.#cancelTimer('renew')
    this.#state = 'stopped'
  }

  /**
   * Claims in this turn of the event loop. At most one claim is on its way; what is asked for meanwhile is asked again after it. A
   * storage that is away is left to the poll.
   */
  claimSoon(): void {
    if (!this.#health.isAway) this.#claimNow()
  }

  #claimNow(): void {
    this.#isClaimDue = true
    if (!this.#isClaiming && this.#state === 'running') this.#track(this.#claim())
  }

  async #claim(): Promise<void> {
    this.#isClaiming = true
    try {
      while (this.#isClaimDue && this.#state === 'running') {
        this.#isClaimDue = false
        if (await this.#claimBatch()) this.#isClaimDue = true
      }
    } catch (error) {
      this.#health.failed('a claim', error)
    } finally {
      this.#isClaiming = false
    }
  }

  /** Answers whether there may be more to claim at once. */
  async #claimBatch(): Promise<boolean> {
    const { storage, clock, workers, leaseMs } = this.#options
    const room = Math.min(this.#limits.free, MAX_UNCOMMITTED - this.#answered.size)
    if (workers.baseUrl === null || room <= 0 || !this.#committer.allowsClaims) return false
    const limit = Math.min(room, MAX_CLAIMED)
    const until = clock.now() + leaseMs
    const { tasks, nextDueAt } = await storage.claim({
      limit,
      slots: this.#limits.slots(),
      slotsPerWorker: this.#limits.slotsPerWorker,
      maxLeasesPerWorker: this.#limits.slotsPerWorker,
      until,
    })
    this.#health.answered()
    for (const claimed of tasks) this.#begin(claimed, until)
    if (nextDueAt !== null) this.#wakeAt(nextDueAt)
    return tasks.length === limit
  }

  /** Not when the machine slept until the lease was over: another server may have the task by now. */
  #begin(claimed: ClaimedTask, leaseUntil: number): void {
    if (this.#state === 'running' && this.#options.clock.now() < leaseUntil) this.#run(claimed, leaseUntil)
    else this.#track(this.#giveBackUnstarted(claimed))
  }

  #giveBackUnstarted(claimed: ClaimedTask): Promise<void> {
    return giveBack(this.#options, claimed, (task) => decideUnstartedAttempt(task, claimed.token))
  }

  #run(claimed: ClaimedTask, leaseUntil: number): void {
    this.#limits.take(claimed.task.worker)
    const attempt = startAttempt(this.#runner, claimed, leaseUntil)
    this.#running.set(claimed.token, attempt)
    this.#track(this.#follow(attempt))
  }

  /** Counts work that a drain must wait for. */
  #track(work: Promise<unknown>): void {
    this.#finishing++
    void work
      .catch((error) =>
        this.#options.logger.error({ err: error }, 'finishing an attempt failed; its lease ends by itself'),
      )
      .finally(() => {
        this.#finishing--
        if (this.#finishing === 0) this.#whenQuiet?.()
      })
  }

  async #follow(attempt: RunningAttempt): Promise<void> {
    const { claimed } = attempt
    const reply = await attempt.answered
    this.#limits.release(claimed.task.worker)
    // Cut off by the drain: what becomes of it is decided there.
    if (!this.#running.has(claimed.token)) return
    this.#answered.add(claimed.token)
    try {
      if (reply.kind === 'unsent') await this.#giveBackUnstarted(claimed)
      else await finishAttempt(this.#runner, claimed, reply)
    } finally {
      // Only now: the lease is kept until the result is durable, or another server would run the task again meanwhile.
      this.#running.delete(claimed.token)
      this.#answered.delete(claimed.token)
    }
  }

  /** Resolves when nothing is left to wait for, or when the limit and the grace after it are over. */
  #quiet(limitMs: number): Promise<void> {
    if (this.#finishing === 0) return Promise.resolve()
    const { timers, logger } = this.#options
    return new Promise((resolve) => {
      const cutOff = timers.after(limitMs, () => this.#cutOff())
      const giveUp = timers.after(limitMs + GIVE_BACK_MS, () => {
        logger.error(
          { results: this.#answered.size },
          'results are lost: the storage did not take them before the shutdown',
        )
        resolve()
      })
      this.#whenQuiet = () => {
        cutOff()
        giveUp()
        resolve()
      }
    })
  }

  /** The limit of the drain is over: what still runs is cut off and given back (I10). */
  #cutOff(): void {
    for (const { claimed, abort } of [...this.#running.values()]) {
      if (this.#answered.has(claimed.token)) continue
      this.#running.delete(claimed.token)
      const { id: taskId, groupId, worker, attempts: attempt } = claimed.task
      this.#options.logger.warn(
        { taskId, groupId, worker, attempt },
        'attempt cut off by the shutdown; it is given back',
      )
      this.#track(giveBack(this.#options, claimed, (task) => decideLost(this.#options, task, 'givenBack')))
      abort()
    }
  }

  async #poll(): Promise<void> {
    try {
      if (this.#health.isSettled) await reapLeases({ ...this.#options, isOwn: (token) => this.#running.has(token) })
    } finally {
      this.#claimNow()
    }
  }

  async #renew(): Promise<void> {
    if (this.#running.size === 0) return
    await renewLeases(this.#options.storage, this.#options.clock, this.#running.values(), this.#options.leaseMs)
    this.#health.answered()
  }

  /** The storage is back. Leases may have ended meanwhile, and soon other servers look for such. */
  #goOn(): void {
    this.#track(this.#renew().catch((error) => this.#health.failed('renew', error)))
    this.claimSoon()
  }

  #wakeAt(at: number): void {
    this.#cancelTimer('due')
    const ms = at - this.#options.clock.now()
    // The poll is sooner for anything further away.
    if (ms < POLL_MS)
      this.#cancels.set(
        'due',
        this.#options.timers.after(Math.max(0, ms), () => this.wake()),
      )
  }

  /** Runs `work` again and again with a pause in between; a failure is logged and does not end it. */
  #repeat(name: string, ms: number, work: () => Promise<unknown>): void {
    const run = async (): Promise<void> => {
      try {
        await work()
      } catch (error) {
        this.#health.failed(name, error)
      }
      if (this.#cancels.has(name)) this.#cancels.set(name, this.#options.timers.after(ms, run))
    }
    this.#cancels.set(name, this.#options.timers.after(ms, run))
  }

  #cancelTimer(name: string): void {
    this.#cancels.get(name)?.()
    this.#cancels.delete(name)
  }
}
