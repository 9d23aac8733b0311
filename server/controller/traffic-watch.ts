import type { ClaimedTask } from '../../storage/task-storage.ts'
import type { EndedAttempt } from '../core/attempt.ts'
import { type Breaker, CLOSED } from '../core/circuit-breaker.ts'
import { limitedWork, type Work } from '../core/holds.ts'
import type { PaceMemory } from '../core/pacing.ts'
import type { RateLimitReading } from '../core/rate-limit-headers.ts'
import { NO_SIGNS, readSigns, type Signs, type TrafficMemory } from '../core/traffic.ts'
import { RecentMap } from './recent-map.ts'
import { keyOf, StartCounts } from './start-counts.ts'
import type { WorkerBook } from './worker-book.ts'

/** Who has more workers or workgroups forgets those that were called longest ago: a count begins again, a pace is written once more. */
const MAX_REMEMBERED = 10_000

/** The signs of one attempt's end. */
export interface WatchedEnd {
  readonly signs: Signs
  /** They were not written (somebody else has the task by now): the next that says the same must be. */
  forget(): void
}

/** Of an attempt that says nothing about its worker. */
export const UNWATCHED: WatchedEnd = { signs: NO_SIGNS, forget() {} }

/**
 * What this server remembers of breakers and paces from attempt to attempt, in memory: whether a breaker is open and how fast a gate
 * is, is in the storage, so what a restart forgets is a few faults and a pace that the next answer tells again.
 */
export class TrafficWatch {
  readonly #book: Pick<WorkerBook, 'settingsOf'>
  readonly #counts = new StartCounts()
  readonly #breakers = new RecentMap<string, Breaker>(MAX_REMEMBERED)
  readonly #paces = new RecentMap<string, PaceMemory>(MAX_REMEMBERED)

  constructor(book: Pick<WorkerBook, 'settingsOf'>) {
    this.#book = book
  }

  began(claimed: ClaimedTask, now: number): void {
    this.#counts.begin(claimed, now)
  }

  /** Nothing is to be read off its end: it was not sent, or cut off by this server. */
  dropped(claimed: ClaimedTask): void {
    this.#counts.end(claimed)
  }

  ended(claimed: ClaimedTask, attempt: EndedAttempt, reading: RateLimitReading | null): WatchedEnd {
    const { task, isProbe } = claimed
    const work = limitedWork(task, attempt.outcome.delays.workgroup)
    const before = this.#recall(task.worker, work)
    const { breaker: settings } = this.#book.settingsOf(task.worker)
    const start = this.#counts.startOf(claimed, work)
    const end = {
      ...attempt,
      isProbe,
      reading,
      startedAt: start?.at ?? attempt.startedAt,
      startedSince: start?.since ?? 0,
    }
    const { signs, memory } = readSigns(task, end, { memory: before, settings })
    this.#remember(task.worker, work, memory)
    return { signs, forget: () => this.#forget(task.worker, work, { before, memory }) }
  }

  #recall(worker: string, work: Work): TrafficMemory {
    return { breaker: this.#breakers.get(worker) ?? CLOSED, pace: this.#paces.get(keyOf(work)) ?? null }
  }

  #remember(worker: string, work: Work, { breaker, pace }: TrafficMemory): void {
    // Most workers have never failed, and most gates were never paced: they need no entry.
    if (breaker.faults > 0 || this.#breakers.get(worker)) this.#breakers.set(worker, breaker)
    if (pace) this.#paces.set(keyOf(work), pace)
  }

  /** Unless others have told more meanwhile. */
  #forget(worker: string, work: Work, { before, memory }: { before: TrafficMemory; memory: TrafficMemory }): void {
    const now = this.#recall(worker, work)
    if (now.breaker === memory.breaker) this.#breakers.set(worker, before.breaker)
    if (now.pace && now.pace.pace === memory.pace?.pace) this.#paces.set(keyOf(work), { ...now.pace, pace: null })
  }
}
