import type { TaskStorage } from '../../storage/task-storage.ts'
import type { Clock, Random, Timers } from '../core/clock.ts'
import { isOfNotifications } from '../core/delivery.ts'
import { type CountedGroup, groupStateOf } from '../core/task-group.ts'
import type { CrewRegistry } from './registry.ts'

export interface GroupEndsOptions {
  readonly storage: Pick<TaskStorage, 'getGroup' | 'createRecord' | 'feed'>
  readonly clock: Clock
  readonly timers: Timers
  /** Tells servers apart that say so in the same millisecond. */
  readonly random: Random
  readonly registry: CrewRegistry
  /** A group came to its end, as this server is the one to tell. `at`: when its last attempt here ended. */
  readonly onGroupEnd: (group: CountedGroup, outcome: 'succeeded' | 'failed', at: number) => void
}

/** A group is looked at when it was quiet for so long: one that works is not looked at at all. */
const QUIET_MS = 1000
/** Looks of a round: some 100 µs of a storage's time each. */
const MAX_LOOKS = 50
/** Between rounds while more are quiet than one looks at: 1,000 looks a second, a tenth of a storage's time. */
const CROWDED_MS = 50
/** Of more that changed within a second the ends of some are not counted. */
const MAX_NOTED = 10_000
/** Servers on one store see an end within seconds of each other; after that the same group may end again. */
const SEEN_MS = 10_000

/**
 * Counts the groups that came to their end. Engines tell of no end, so a group in which an attempt of this server ended is looked at once
 * when nothing more happens in it. Of several servers the one that is first to say so counts it. A best-effort, as all counters are that
 * begin again at 0 with the process.
 */
export class GroupEnds {
  readonly #options: GroupEndsOptions
  readonly #completed
  /** By group, when its last attempt ended; the oldest first. */
  readonly #noted = new Map<string, number>()
  #cancel: (() => void) | null = null
  #isStopped = false

  constructor(options: GroupEndsOptions) {
    this.#options = options
    this.#completed = options.registry.counter('crew_group_completed_total')
    for (const outcome of ['succeeded', 'failed']) this.#completed.inc({ outcome }, 0)
  }

  note(groupId: string): void {
    if (this.#noted.size >= MAX_NOTED || this.#isStopped || isOfNotifications(groupId)) return
    this.#noted.delete(groupId)
    this.#noted.set(groupId, this.#options.clock.now())
    this.#cancel ??= this.#options.timers.after(QUIET_MS, () => void this.#round())
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  async #round(): Promise<void> {
    const quietSince = this.#options.clock.now() - QUIET_MS
    const quiet: [id: string, at: number][] = []
    for (const [id, at] of this.#noted) {
      // What was noted before the clock was set back is no later than what comes behind it.
      const isBusy = at > quietSince && at <= quietSince + QUIET_MS
      if (isBusy || quiet.length === MAX_LOOKS) break
      quiet.push([id, at])
    }
    for (const [id] of quiet) this.#noted.delete(id)
    // A storage that does not answer now tells nothing of these: others have logged that it is away.
    await Promise.allSettled(quiet.map(([id, at]) => this.#look(id, at)))
    this.#cancel = null
    if (this.#noted.size === 0 || this.#isStopped) return
    const pauseMs = quiet.length === MAX_LOOKS ? CROWDED_MS : QUIET_MS
    this.#cancel = this.#options.timers.after(pauseMs, () => void this.#round())
  }

  async #look(id: string, at: number): Promise<void> {
    const { storage, clock, onGroupEnd } = this.#options
    const group = await storage.getGroup(id)
    if (group === null) return
    const outcome = groupStateOf(group)
    if (outcome !== 'succeeded' && outcome !== 'failed') return
    const isFirst = !storage.feed || (await this.#isFirst(`ended/${id}`, clock.now() + SEEN_MS))
    if (!isFirst) return
    this.#completed.inc({ outcome })
    onGroupEnd(group, outcome, at)
  }

  async #isFirst(key: string, until: number): Promise<boolean> {
    return (await this.#options.storage.createRecord(key, `${until}-${this.#options.random()}`, until)) === null
  }
}
