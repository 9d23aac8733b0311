import type { ClaimedTask, TaskStorage } from '../../storage/task-storage.ts'
import type { Clock, Timers } from '../core/clock.ts'
import { CrewError } from '../core/errors.ts'
import { pollHolder } from '../core/outside.ts'
import type { AttemptObserver } from './attempt-observer.ts'
import { decideUnstarted, giveBack, type ReaperOptions } from './lease-reaper.ts'
import { isOutage, readPatiently } from './storage-health.ts'

/** A worker that wants a task of its channel. */
export interface PollRequest {
  /** The worker's name (WIRE section 2). */
  readonly channel: string
  readonly workerId: string
  /** How long it may hold the task without a word. */
  readonly leaseMs: number
  /** How long it waits for one; 0: not at all. */
  readonly waitMs: number
  /** It went away. */
  readonly signal?: AbortSignal
}

/** A task that is handed over. */
export interface PolledTask {
  readonly claimed: ClaimedTask
  readonly leaseUntil: number
}

export interface PollDeskOptions extends ReaperOptions {
  readonly storage: TaskStorage
  readonly clock: Clock
  readonly timers: Timers
  readonly observer: Pick<AttemptObserver, 'began'>
  /** Something is wanted: claim for it. */
  readonly wake: () => void
}

/** Who does not want to wait, waits for one claim; that takes milliseconds, or the storage does not answer. */
const MAX_CLAIM_MS = 2500

interface Waiter {
  readonly request: PollRequest
  readonly isPatient: boolean
  /** A task is being handed over to it: its wait is over, and what comes of the hand-over is its answer. */
  readonly take: () => void
  readonly settle: (polled: PolledTask | null) => void
  readonly fail: (error: unknown) => void
}

/** What those who wait want. */
export interface Wanted {
  /** So many tasks by channel, which is the worker's name. */
  readonly slots: ReadonlyMap<string, number>
  readonly total: number
  /** A claim brought all there was: of these, who did not want to wait gets nothing. */
  servedAll(): void
}

/**
 * Where polling workers wait for tasks. It claims nothing itself: the controller's claims ask for what is wanted here, so that one server
 * claims one batch after the other (I14), and bring it here. Waiters of a channel are served in the order they came.
 */
export class PollDesk {
  readonly #options: PollDeskOptions
  readonly #waiting = new Map<string, Set<Waiter>>()
  #isClosed = false

  constructor(options: PollDeskOptions) {
    this.#options = options
  }

  /** What to claim for those who wait now; null when nobody does. */
  wanted(): Wanted | null {
    if (this.#waiting.size === 0) return null
    const slots = new Map([...this.#waiting].map(([channel, waiters]) => [channel, waiters.size]))
    const total = [...slots.values()].reduce((sum, count) => sum + count, 0)
    const impatient = [...this.#waiting.values()].flatMap((waiters) => [...waiters]).filter((one) => !one.isPatient)
    return {
      slots,
      total,
      servedAll: () => {
        for (const waiter of impatient) if (this.#isWaiting(waiter)) waiter.settle(null)
      },
    }
  }

  /** Null when there is none in time. Rejects with `storage_unavailable` when nobody could say whether there is one. */
  acquire(request: PollRequest): Promise<PolledTask | null> {
    const { timers, wake } = this.#options
    return new Promise((resolve, reject) => {
      if (this.#isClosed || request.signal?.aborted) return resolve(null)
      const take = () => {
        cancel()
        request.signal?.removeEventListener('abort', giveUp)
        this.#remove(waiter)
      }
      const leave = (end: () => void) => {
        take()
        end()
      }
      const isPatient = request.waitMs > 0
      const waiter: Waiter = {
        request,
        isPatient,
        take,
        settle: (polled) => leave(() => resolve(polled)),
        fail: (error) => leave(() => reject(error)),
      }
      const giveUp = () => waiter.settle(null)
      const cancel = timers.after(isPatient ? request.waitMs : MAX_CLAIM_MS, () =>
        isPatient ? giveUp() : waiter.fail(unanswered()),
      )
      request.signal?.addEventListener('abort', giveUp)
      this.#add(waiter)
      wake()
    })
  }

  /** Answers whether somebody here wants it; then it is handed over. */
  offer(claimed: ClaimedTask): Promise<void> | null {
    const [waiter] = this.#waiting.get(claimed.task.worker) ?? []
    if (!waiter) return null
    waiter.take()
    return this.#handOver(claimed, waiter)
  }

  /** Whoever waits gets nothing, from now on. */
  close(): void {
    this.#isClosed = true
    for (const waiters of [...this.#waiting.values()]) for (const waiter of [...waiters]) waiter.settle(null)
  }

  /** Only when the lease is the waiter's, and durably so, it learns of the task. */
  async #handOver(claimed: ClaimedTask, waiter: Waiter): Promise<void> {
    const { workerId, leaseMs, signal } = waiter.request
    const { task, token } = claimed
    const { storage, clock } = this.#options
    const until = clock.now() + leaseMs
    const holder = pollHolder({ workerId, leaseMs })
    try {
      const lost = await storage.renewLeases([{ taskId: task.id, token }], until, holder)
      if (lost.length > 0) return waiter.settle(null)
    } catch (error) {
      waiter.fail(error)
      // The lease may be the waiter's all the same, for as long as it wanted: only the answer was lost.
      return isOutage(error) ? this.#takeBack(claimed) : undefined
    }
    if (!signal?.aborted) {
      this.#options.observer.began(claimed, clock.now())
      return waiter.settle({ claimed, leaseUntil: until })
    }
    waiter.settle(null)
    await this.#takeBack(claimed)
  }

  /** Nobody knows of the lease: it ends as soon as the storage takes it. */
  #takeBack(claimed: ClaimedTask): Promise<void> {
    const decide = (task: ClaimedTask['task']) => decideUnstarted(this.#options, task, claimed.token)
    return readPatiently(this.#options.timers, () => giveBack(this.#options, claimed, decide))
  }

  #isWaiting(waiter: Waiter): boolean {
    return this.#waiting.get(waiter.request.channel)?.has(waiter) === true
  }

  #add(waiter: Waiter): void {
    const { channel } = waiter.request
    const waiters = this.#waiting.get(channel) ?? new Set()
    waiters.add(waiter)
    this.#waiting.set(channel, waiters)
  }

  #remove(waiter: Waiter): void {
    const { channel } = waiter.request
    const waiters = this.#waiting.get(channel)
    waiters?.delete(waiter)
    if (waiters?.size === 0) this.#waiting.delete(channel)
  }
}

const unanswered = (): CrewError =>
  new CrewError('storage_unavailable', 'The storage did not say in time whether there is a task. Try again.')
