import type { CrewEvent } from '../core/change-set.ts'
import type { Timers } from '../core/clock.ts'
import { isOfNotifications } from '../core/delivery.ts'
import {
  IN_USE_KEY,
  NO_NOTIFICATIONS,
  NOTIFICATIONS_KEY,
  type Notifications,
  notificationsFrom,
} from '../core/notifications.ts'
import { DueTimes } from './due-times.ts'
import { type LookEnd, lookAtHolds, type TellingOptions } from './group-deliveries.ts'
import { lookAtGroup } from './group-telling.ts'
import { isOutage } from './storage-health.ts'

export interface GroupWatcherOptions extends TellingOptions {
  readonly timers: Timers
  /** There is something to tell, from now on. */
  readonly onUse: () => void
}

/** Whoever is told of all groups, and whether anybody is, is read again so often. */
const ROUND_MS = 1000
/** A group that changes a thousand times a second is looked at so often. */
const LOOK_MS = 200
/** Looks of a round, and those of it that wait for the storage at the same time. */
const LOOKS_A_ROUND = 256
const LOOKS_AT_ONCE = 8
/** Groups that are to be looked at; of more the sweep finds what their events told. */
const MAX_DUE = 10_000
/** Groups that nobody asks about are remembered, so that their events cost nothing. */
const MAX_UNWATCHED = 50_000
/** The sweep looks at so many groups a second, the newest first: 10 ms of a storage's time. */
const SWEPT_AT_ONCE = 200
const SWEEP_PAUSE_MS = 10_000
/** Holds on workgroups are read this often without an event. */
const HOLDS_MS = 10_000

/**
 * Finds out what is to be told of groups, and when their last task is due. States: `idle` → start → `running` → stop → `stopped`.
 *
 * Events make a look sooner, the sweep over all groups is the truth: what a server that died has not told, another finds, or the same
 * one when it is back. As long as no group has anybody to tell and no last task, and nobody is told of all groups, it reads one record a
 * second and does nothing else.
 */
export class GroupWatcher {
  readonly #options: GroupWatcherOptions
  readonly #due = new DueTimes()
  /** Of those that are due: some task of it changed a moment ago. */
  readonly #fresh = new Set<string>()
  readonly #lookedAt = new Map<string, number>()
  readonly #unwatched = new Set<string>()
  #all: Notifications = NO_NOTIFICATIONS
  #isInUse = false
  #state: 'idle' | 'running' | 'stopped' = 'idle'
  #round: Promise<void> = Promise.resolve()
  #isInRound = false
  #readAt = Number.NEGATIVE_INFINITY
  #sweptAt = Number.NEGATIVE_INFINITY
  #sweepPage = 1
  /** When holds were read, and when they are read again. */
  #heldAt = 0
  #holdsAt = 0
  #isAway = false
  #cancelTimer: () => void = () => {}
  #unsubscribe: () => void = () => {}

  constructor(options: GroupWatcherOptions) {
    this.#options = options
  }

  start(): void {
    this.#state = 'running'
    this.#unsubscribe = this.#options.storage.subscribe((events, origin) => {
      if (origin === 'commit' && this.#isInUse) this.#hear(events)
    })
    this.#begin()
  }

  /** Tells nothing more; resolves when a look under way is done. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#unsubscribe()
    this.#cancelTimer()
    await this.#round
  }

  #hear(events: readonly CrewEvent[]): void {
    let isSooner = false
    for (const event of events) {
      if ('groupId' in event) isSooner = this.#hearOf(event.groupId, event.type) || isSooner
      else if (event.type === 'workgroup.held') {
        this.#holdsAt = Math.min(this.#holdsAt, this.#heldAt + LOOK_MS)
        isSooner = true
      }
    }
    if (isSooner) this.#arm()
  }

  #hearOf(groupId: string, type: CrewEvent['type']): boolean {
    if (type.startsWith('group.')) this.#unwatched.delete(groupId)
    if (this.#unwatched.has(groupId) || isOfNotifications(groupId) || this.#due.size >= MAX_DUE) return false
    if (type.startsWith('task.')) this.#fresh.add(groupId)
    const now = this.#options.clock.now()
    const lookedAt = Math.min(this.#lookedAt.get(groupId) ?? 0, now)
    return this.#due.bring(groupId, Math.max(now, lookedAt + LOOK_MS))
  }

  /** Sets the one timer; while a round is under way that is for its end to do. */
  #arm(): void {
    if (this.#isInRound || this.#state !== 'running') return
    this.#cancelTimer()
    const { clock, timers } = this.#options
    const nextAt = Math.min(this.#due.nextAt ?? Number.POSITIVE_INFINITY, this.#holdsAt)
    const ms = this.#isAway || !this.#isInUse ? ROUND_MS : nextAt - clock.now()
    this.#cancelTimer = timers.after(Math.min(Math.max(ms, 0), ROUND_MS), () => this.#begin())
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
    const now = this.#options.clock.now()
    // A clock that was set back must not put it off.
    if (Math.abs(now - this.#readAt) >= ROUND_MS) await this.#read(now)
    if (!this.#isInUse) return
    if (now >= this.#holdsAt || now < this.#heldAt) {
      this.#heldAt = now
      this.#holdsAt = now + HOLDS_MS
      if ((await lookAtHolds(this.#options, this.#all)) === 'again') this.#holdsAt = now + LOOK_MS
    }
    const ids = this.#due.take(now, LOOKS_A_ROUND)
    try {
      const left = ids.values()
      await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, () => this.#lookAtAll(left)))
    } catch (error) {
      for (const id of ids) this.#due.bring(id, now + ROUND_MS)
      throw error
    }
    if (Math.abs(now - this.#sweptAt) >= (this.#sweepPage === 1 ? SWEEP_PAUSE_MS : ROUND_MS)) await this.#sweep(now)
  }

  async #read(now: number): Promise<void> {
    const { storage, onUse } = this.#options
    if (!this.#isInUse && (await storage.getRecord(IN_USE_KEY)) === null) return
    const all = notificationsFrom(await storage.getRecord(NOTIFICATIONS_KEY))
    if (all.since !== this.#all.since) this.#unwatched.clear()
    this.#all = all
    this.#readAt = now
    if (this.#isInUse) return
    this.#isInUse = true
    onUse()
  }

  /** The looks of a round share one list. One that meets an outage ends the round: the next would only wait for as long. */
  async #lookAtAll(ids: Iterator<string>): Promise<void> {
    for (let next = ids.next(); !next.done && this.#state === 'running'; next = ids.next()) {
      const group = await this.#options.storage.getGroup(next.value)
      if (group) await this.#lookAt(group)
      else this.#forget(next.value)
    }
  }

  async #lookAt(group: Parameters<typeof lookAtGroup>[1]): Promise<void> {
    const { id } = group
    const isFresh = this.#fresh.delete(id)
    const now = this.#options.clock.now()
    if (this.#lookedAt.size >= MAX_DUE) this.#lookedAt.clear()
    this.#lookedAt.set(id, now)
    let end: LookEnd = 'again'
    try {
      end = await lookAtGroup(this.#options, group, { all: this.#all, isFresh })
    } catch (error) {
      if (isOutage(error)) throw error
      this.#options.logger.error({ err: error, groupId: id }, 'a group could not be looked at; it is tried again')
    } finally {
      if (end === 'again') this.#lookAgain(id, isFresh)
    }
    if (end === 'unwatched') this.#leave(id)
  }

  #lookAgain(id: string, isFresh: boolean): void {
    if (isFresh) this.#fresh.add(id)
    this.#due.bring(id, this.#options.clock.now() + LOOK_MS)
  }

  #leave(id: string): void {
    if (this.#unwatched.size >= MAX_UNWATCHED) this.#unwatched.clear()
    this.#unwatched.add(id)
    this.#lookedAt.delete(id)
  }

  #forget(id: string): void {
    this.#fresh.delete(id)
    this.#lookedAt.delete(id)
    this.#unwatched.delete(id)
  }

  /** Also what is remembered as unwatched: an event that was missed may have changed it. Its row tells, without another read. */
  async #sweep(now: number): Promise<void> {
    const query = { page: this.#sweepPage, pageSize: SWEPT_AT_ONCE, search: '' }
    const { groups } = await this.#options.storage.listGroups(query)
    this.#sweptAt = now
    this.#sweepPage = groups.length < SWEPT_AT_ONCE ? 1 : this.#sweepPage + 1
    for (const group of groups) {
      if (this.#state !== 'running') return
      if (!isOfNotifications(group.id)) await this.#lookAt(group)
    }
  }

  #answered(): void {
    if (this.#isAway) this.#options.logger.info({}, 'what becomes of groups is told again')
    this.#isAway = false
  }

  /** Logged once an outage. */
  #failed(error: unknown): void {
    if (!isOutage(error)) this.#options.logger.error({ err: error }, 'a round of the watcher failed; it is tried again')
    else if (!this.#isAway)
      this.#options.logger.error(
        { err: error },
        'the storage is away or full; nothing is told of groups until it answers again',
      )
    this.#isAway = true
  }
}
