import { MAX_PAGE_SIZE } from '../../storage/task-storage.ts'
import type { CrewEvent } from '../core/change-set.ts'
import type { Timers } from '../core/clock.ts'
import { SCHEDULE_KIND, scheduleFrom, scheduleIdOf } from '../core/schedule-records.ts'
import { DueTimes } from './due-times.ts'
import { type Turn, type TurnOptions, takeTurn } from './schedule-turn.ts'
import { isOutage } from './storage-health.ts'

export interface SchedulerOptions extends Omit<TurnOptions, 'isStopping'> {
  readonly timers: Timers
}

/** However far the next time is: clocks jump, machines sleep, and a timer counts neither. */
const POLL_MS = 1000
/** Every schedule is read again so often where other servers write them too; what they tell is only a hint. */
const SHARED_RELOAD_MS = 5000
/** Where this server is the only one, it heard of every change but one whose telling failed. */
const OWN_RELOAD_MS = 60_000
/** Turns wait for the storage most of the time. */
const TURNS_AT_ONCE = 8
/** Due at once at most, so that stopping and reloading come in between. */
const TURNS_A_ROUND = 512
/** A group that a schedule waits for may change a thousand times a second; it is looked at so often. */
const WATCH_MS = 1000

/**
 * Fires schedules when they are due. States: `idle` → start → `running` → stop → `stopped`. A round takes the schedules that are due,
 * and knows of the others only when that will be: an hour without a firing costs a look at a heap each second.
 */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #due = new DueTimes()
  /** `updatedAt` of every schedule as it was last seen. */
  readonly #known = new Map<string, number>()
  /** The schedule that waits for the end of a group, and the other way round. */
  readonly #waiting = new Map<string, string>()
  readonly #waitsFor = new Map<string, string>()
  #state: 'idle' | 'running' | 'stopped' = 'idle'
  #round: Promise<void> = Promise.resolve()
  #isInRound = false
  #reloadedAt = 0
  #isAway = false
  #cancelTimer: () => void = () => {}
  #unsubscribe: () => void = () => {}

  constructor(options: SchedulerOptions) {
    this.#options = options
  }

  start(): void {
    this.#state = 'running'
    this.#unsubscribe = this.#options.storage.subscribe((events) => this.#hear(events))
    this.#begin()
  }

  /** Fires nothing more; resolves when a firing under way is done. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#unsubscribe()
    this.#cancelTimer()
    await this.#round
  }

  #hear(events: readonly CrewEvent[]): void {
    const now = this.#options.clock.now()
    let isSooner = false
    for (const event of events) {
      if ('schedule' in event) isSooner = this.#due.bring(event.schedule, now) || isSooner
      else if ('groupId' in event) isSooner = this.#hearOfGroup(event.groupId, now) || isSooner
    }
    if (isSooner) this.#arm()
  }

  #hearOfGroup(groupId: string, now: number): boolean {
    const id = this.#waiting.get(groupId)
    return id !== undefined && this.#due.bring(id, now + WATCH_MS)
  }

  /** Sets the one timer; while a round is under way that is for its end to do. */
  #arm(): void {
    if (this.#isInRound || this.#state !== 'running') return
    this.#cancelTimer()
    const { clock, timers } = this.#options
    const ms = this.#isAway ? POLL_MS : (this.#due.nextAt ?? Number.POSITIVE_INFINITY) - clock.now()
    this.#cancelTimer = timers.after(Math.min(Math.max(ms, 0), POLL_MS), () => this.#begin())
  }

  #begin(): void {
    this.#isInRound = true
    this.#round = this.#run()
      .then(() => this.#answered())
      .catch((error) => this.#failed(error))
      .then(() => {
        this.#isInRound = false
        this.#arm()
      })
  }

  async #run(): Promise<void> {
    const { clock, storage } = this.#options
    const reloadMs = storage.feed ? SHARED_RELOAD_MS : OWN_RELOAD_MS
    // A clock that was set back must not put it off.
    if (Math.abs(clock.now() - this.#reloadedAt) >= reloadMs) await this.#reload()
    const again = clock.now() + POLL_MS
    const ids = this.#due.take(clock.now(), TURNS_A_ROUND)
    // For those whose turn fails or does not come. Whatever is told of one during its turn can be seen by its being sooner.
    for (const id of ids) this.#due.set(id, again)
    const left = ids.values()
    await Promise.all(Array.from({ length: TURNS_AT_ONCE }, () => this.#takeTurns(left, again)))
  }

  /** Finds what was created, changed or deleted without our hearing of it. */
  async #reload(): Promise<void> {
    const { storage, clock } = this.#options
    const found = new Set<string>()
    for (let page = 1; ; page++) {
      const { records } = await storage.listRecords(SCHEDULE_KIND, { page, pageSize: MAX_PAGE_SIZE })
      for (const { key, value } of records) {
        const id = scheduleIdOf(key)
        found.add(id)
        if (this.#known.get(id) !== scheduleFrom(id, value).updatedAt) this.#due.bring(id, clock.now())
      }
      if (records.length < MAX_PAGE_SIZE) break
    }
    for (const id of this.#known.keys()) if (!found.has(id)) this.#forget(id)
    this.#reloadedAt = clock.now()
  }

  /** The turns of a round share one list. One that meets an outage ends the round: the next would only wait for as long. */
  async #takeTurns(ids: Iterator<string>, again: number): Promise<void> {
    for (let next = ids.next(); !next.done && this.#state === 'running'; next = ids.next()) {
      await this.#takeTurn(next.value, again)
    }
  }

  async #takeTurn(id: string, again: number): Promise<void> {
    try {
      const turn = await takeTurn({ ...this.#options, isStopping: () => this.#state !== 'running' }, id)
      if (turn === null) this.#forget(id)
      else this.#note(id, turn, again)
    } catch (error) {
      if (isOutage(error)) throw error
      this.#options.logger.error({ err: error, scheduleId: id }, 'a schedule failed; it is tried again')
    }
  }

  #note(id: string, { updatedAt, nextAt, waitsFor }: Turn, again: number): void {
    this.#known.set(id, updatedAt)
    this.#stopWaiting(id)
    if (waitsFor !== '') {
      this.#waiting.set(waitsFor, id)
      this.#waitsFor.set(id, waitsFor)
    }
    if (this.#due.get(id) !== again) return
    if (nextAt === null) this.#due.delete(id)
    else this.#due.set(id, nextAt)
  }

  #forget(id: string): void {
    this.#known.delete(id)
    this.#due.delete(id)
    this.#stopWaiting(id)
  }

  #stopWaiting(id: string): void {
    this.#waiting.delete(this.#waitsFor.get(id) ?? '')
    this.#waitsFor.delete(id)
  }

  #answered(): void {
    if (this.#isAway) this.#options.logger.info({}, 'schedules are fired again')
    this.#isAway = false
  }

  /** Logged once an outage. */
  #failed(error: unknown): void {
    if (!isOutage(error))
      this.#options.logger.error({ err: error }, 'a round of the scheduler failed; it is tried again')
    else if (!this.#isAway)
      this.#options.logger.error(
        { err: error },
        'the storage is away or full; no schedule is fired until it answers again',
      )
    this.#isAway = true
  }
}
