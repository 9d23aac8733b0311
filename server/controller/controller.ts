import type { ClaimedTask, TaskStorage } from '../../storage/task-storage.ts'
import type { Clock, Random, Timers } from '../core/clock.ts'
import { isDelivery } from '../core/delivery.ts'
import type { Retention } from '../core/retention.ts'
import { isAcceptance } from '../core/worker-response.ts'
import { Alarms } from './alarms.ts'
import { cutOffEnd } from './attempt-observer.ts'
import { finishAttempt, type RunnerOptions, type RunningAttempt, startAttempt } from './attempt-runner.ts'
import { ClaimLag } from './claim-lag.ts'
import { Claims } from './claims.ts'
import { Committer } from './committer.ts'
import { DueAlarm, POLL_MS } from './due-alarm.ts'
import { renewLeases } from './lease-keeper.ts'
import { decideLost, decideUnstarted, giveBack, reapLeases } from './lease-reaper.ts'
import type { Logger } from './logger.ts'
import { acceptAttempt, OutsideAttempts } from './outside-attempts.ts'
import { PollDesk } from './poll-desk.ts'
import { clean } from './retention.ts'
import { StorageHealth } from './storage-health.ts'
import { TrafficWatch } from './traffic-watch.ts'
import { UnfinishedWork } from './unfinished-work.ts'
import { type Limits, WorkerLimits } from './worker-limits.ts'

export interface ControllerOptions extends Omit<RunnerOptions, 'committer' | 'traffic'> {
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
  /** Where workers fetch tasks. */
  readonly polls: PollDesk
  /** Ends and keeps the attempts that run outside. */
  readonly outside: OutsideAttempts
  readonly #options: ControllerOptions
  readonly #limits: WorkerLimits
  readonly #claims: Claims
  readonly #health: StorageHealth
  readonly #committer: Committer
  readonly #runner: RunnerOptions
  /** By token: attempts whose result is not durable yet. */
  readonly #running = new Map<string, RunningAttempt>()
  /** Those of them that have their answer. */
  readonly #answered = new Set<string>()
  readonly #alarms: Alarms
  readonly #traffic: TrafficWatch
  readonly #unfinished: UnfinishedWork
  readonly #lag = new ClaimLag()
  readonly #dueAlarm: DueAlarm
  #state: 'idle' | 'running' | 'draining' | 'stopped' = 'idle'
  #isClaiming = false
  #isClaimDue = false
  #isWakeScheduled = false
  #unsubscribe: () => void = () => {}

  constructor(options: ControllerOptions) {
    this.#options = options
    this.#limits = new WorkerLimits(options.limits)
    this.#alarms = new Alarms(options.timers)
    this.#dueAlarm = new DueAlarm({ ...options, alarms: this.#alarms, lag: this.#lag, wake: () => this.wake() })
    this.#traffic = new TrafficWatch(options.book)
    this.#unfinished = new UnfinishedWork((error) =>
      options.logger.error({ err: error }, 'finishing an attempt failed; its lease ends by itself'),
    )
    this.#health = new StorageHealth({ ...options, onBack: () => this.#goOn() })
    this.#committer = new Committer({ ...options, health: this.#health, afterFlush: () => this.claimSoon() })
    this.#runner = { ...options, committer: this.#committer, traffic: this.#traffic }
    this.polls = new PollDesk({ ...options, wake: () => this.claimSoon() })
    this.outside = new OutsideAttempts(this.#runner)
    this.#claims = new Claims({
      ...options,
      limits: this.#limits,
      polls: this.polls,
      answered: () => this.#health.answered(),
      begin: (claimed, until) => this.#begin(claimed, until),
    })
  }

  get inFlight(): number {
    return this.#limits.inFlight
  }

  /** Answers that are not durable yet. */
  get uncommitted(): number {
    return this.#answered.size
  }

  /** Nothing is written: the storage is full or away. */
  get isReadOnly(): boolean {
    return !this.#committer.isHealthy || this.#health.isAway
  }

  /** How late this server asked for what was due, at worst within the last minute, in ms. */
  get claimLagMs(): number {
    return this.#state === 'running' ? this.#lag.worst(this.#options.clock.now()) : 0
  }

  slotsOf(worker: string): { inFlight: number; limit: number } {
    return this.#limits.slotsOf(worker, this.#options.clock.now())
  }

  async start(): Promise<void> {
    this.#state = 'running'
    this.#limits.begin(this.#options.clock.now())
    this.#unsubscribe = this.#options.storage.subscribe((_, origin) => {
      if (origin === 'commit') this.wake()
    })
    await reapLeases({ ...this.#options, isOwn: () => false })
    this.#repeat('poll', POLL_MS, () => this.#poll())
    this.#repeat('renew', this.#options.leaseMs / 3, () => this.#renew())
    const { retention } = this.#options
    if (retention) this.#repeat('clean', CLEAN_MS, async () => void (await clean(this.#options, { retention })))
    this.wake()
  }

  /** Something may be claimable. Wakes of one turn of the event loop become one claim. */
  wake(): void {
    if (this.#isWakeScheduled || this.#state !== 'running') return
    this.#isWakeScheduled = true
    this.#options.timers.soon(() => {
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
    this.polls.close()
    this.#unsubscribe()
    for (const name of ['poll', 'due', 'clean']) this.#alarms.cancel(name)
    await this.#quiet(limitMs)
    this.#alarms.cancel('renew')
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
    this.#lag.due(this.#options.clock.now())
    if (!this.#isClaiming && this.#state === 'running') this.#unfinished.track(this.#claim())
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
    if (!this.#committer.allowsClaims) return false
    this.#lag.asked()
    const { count, hasMore, nextDueAt } = await this.#claims.make(MAX_UNCOMMITTED - this.#answered.size)
    this.#lag.answered(this.#options.clock.now())
    if (nextDueAt !== null) this.#dueAlarm.set(nextDueAt, count)
    return hasMore
  }

  /** Not when the machine slept until the lease was over: another server may have the task by now. */
  #begin(claimed: ClaimedTask, leaseUntil: number): boolean {
    const mayStart = this.#state === 'running' && this.#options.clock.now() < leaseUntil
    const taken = mayStart ? this.polls.offer(claimed) : this.#giveBackUnstarted(claimed)
    if (taken === null) return this.#run(claimed, leaseUntil)
    this.#unfinished.track(taken)
    return false
  }

  #giveBackUnstarted(claimed: ClaimedTask): Promise<void> {
    return giveBack(this.#options, claimed, (task) => decideUnstarted(this.#options, task, claimed.token))
  }

  /** Answers whether its worker has more slots from now on. */
  #run(claimed: ClaimedTask, leaseUntil: number): boolean {
    const now = this.#options.clock.now()
    const hasMore = this.#limits.take(claimed.task, now)
    this.#options.figures.history.began(claimed.task.worker, now)
    this.#options.observer.began(claimed, now)
    this.#traffic.began(claimed, now)
    const attempt = startAttempt(this.#runner, claimed, leaseUntil)
    this.#running.set(claimed.token, attempt)
    this.#unfinished.track(this.#follow(attempt))
    return hasMore
  }

  async #follow(attempt: RunningAttempt): Promise<void> {
    const { claimed } = attempt
    const reply = await attempt.answered
    const now = this.#options.clock.now()
    this.#limits.release(claimed.task.worker, reply, now)
    this.#options.figures.history.left(claimed.task.worker, now)
    // Cut off by the drain: what becomes of it is decided there.
    if (!this.#running.has(claimed.token)) return this.#traffic.dropped(claimed)
    this.#answered.add(claimed.token)
    try {
      if (reply.kind === 'unsent') await this.#giveBackUnstarted(claimed)
      else if (isAcceptance(reply) && !isDelivery(claimed.task)) await acceptAttempt(this.#runner, attempt, reply)
      else await finishAttempt(this.#runner, attempt, reply)
    } finally {
      this.#traffic.dropped(claimed)
      // Only now: the lease is kept until the result is durable, or another server would run the task again meanwhile.
      this.#running.delete(claimed.token)
      this.#answered.delete(claimed.token)
    }
  }

  /** Resolves when nothing is left to wait for, or when the limit and the grace after it are over. */
  #quiet(limitMs: number): Promise<void> {
    const { timers, logger } = this.#options
    const giveUp = (): void =>
      logger.error(
        { results: this.#answered.size },
        'results are lost: the storage did not take them before the shutdown',
      )
    return this.#unfinished.quiet(timers, [
      { after: limitMs, run: () => this.#cutOff() },
      { after: limitMs + GIVE_BACK_MS, run: giveUp },
    ])
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
      this.#options.observer.ended(claimed.task, cutOffEnd(claimed, this.#options.clock.now()))
      this.#unfinished.track(giveBack(this.#options, claimed, (task) => decideLost(this.#options, task, 'givenBack')))
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
    this.#unfinished.track(this.#renew().catch((error) => this.#health.failed('renew', error)))
    this.claimSoon()
  }

  /** Runs `work` again and again; a failure is logged and does not end it. */
  #repeat(name: string, ms: number, work: () => Promise<unknown>): void {
    this.#alarms.repeat(name, ms, { work, failed: (error) => this.#health.failed(name, error) })
  }
}
