import type { Change, HoldScope, PastHold, WorkHold } from '../../server/core/change-set.ts'
import {
  enter,
  type Gate,
  type GateLimits,
  type GateScope,
  NO_LIMITS,
  narrowed,
  type Pace,
  type Room,
  roomOf,
} from '../../server/core/gate.ts'
import { fitsRule, isRule } from '../../server/core/worker-settings.ts'
import type { Database } from './database.ts'
import { deleteGateEntry, type GateEntry, newEntry, readGateEntries, saysNothing, writeGateEntry } from './gate-rows.ts'
import type { Lanes } from './lanes.ts'
import type { Leases } from './leases.ts'
import { PastHoldTable } from './past-hold-table.ts'

/** Entries that say nothing any more are looked for when there are twice as many as were left the last time, and not below this. */
const MIN_SWEEP = 256

/**
 * Gates: one row each, however many tasks wait behind it. All of them are kept in memory; what a transaction changed is written at
 * its end. A gate that nobody limited, held or paced has no row, and costs a claim no more than to see that.
 */
export class GateTable {
  readonly #db: Database
  readonly #lanes: Lanes
  readonly #leases: Leases
  readonly #past: PastHoldTable
  readonly #entries = { all: new Map(), worker: new Map(), workgroup: new Map() } as Record<
    GateScope,
    Map<string, GateEntry>
  >
  /** Workers' rules that have limits, the longest first. */
  #rules: GateEntry[] = []
  readonly #changed = new Set<GateEntry>()
  #sweepAt = MIN_SWEEP

  constructor(db: Database, lanes: Lanes, leases: Leases) {
    this.#db = db
    this.#lanes = lanes
    this.#leases = leases
    this.#past = new PastHoldTable(db)
  }

  reload(): void {
    this.#changed.clear()
    for (const entries of Object.values(this.#entries)) entries.clear()
    for (const entry of readGateEntries(this.#db)) this.#entries[entry.scope].set(entry.name, entry)
    this.#sortRules()
  }

  /** Writes what changed. */
  write(): void {
    for (const entry of this.#changed) writeGateEntry(this.#db, entry)
    this.#changed.clear()
  }

  /** Only ever raises (WIRE 4.3): a late small delay shortens nothing, and one that is over holds nobody. */
  hold(hold: WorkHold, now: number): void {
    const known = this.#entries[hold.scope].get(hold.name)?.hold ?? null
    if (hold.until <= now || (known && known.until >= hold.until)) return
    const entry = this.#change(hold.scope, hold.name, now)
    this.#past.begin(hold, { isRaised: known !== null && known.until > now })
    entry.hold = hold
    entry.ramp = { from: hold.until, base: 1, isSpaced: true }
    if (hold.probeMs > 0) entry.probeMs = hold.probeMs
    this.#lookAgain(hold.scope, hold.name)
  }

  /** Ends the hold in force (only if a breaker made it, when asked so) and closes the breaker; the ramp begins when it opens. */
  release({ scope, name, onlyBreaker }: Change & { kind: 'releaseWork' }, now: number): void {
    const { hold = null, probeMs = 0 } = this.#entries[scope].get(name) ?? {}
    const isHeld = hold !== null && hold.until > now
    const isEnded = isHeld && (!onlyBreaker || hold.kind === 'breaker')
    if (!isEnded && probeMs === 0) return
    const entry = this.#change(scope, name, now)
    entry.probeMs = 0
    if (isEnded) {
      entry.hold = null
      this.#past.end(scope, name, now)
    }
    if (isEnded || !isHeld) entry.ramp = { from: now, base: 1, isSpaced: true }
    this.#lookAgain(scope, name)
  }

  limit(scope: GateScope, name: string, limits: GateLimits | null, now: number): void {
    if (limits === null && !this.#entries[scope].has(name)) return
    this.#change(scope, name, now).limits = limits
    if (scope === 'worker' && isRule(name)) this.#sortRules()
    this.#lookAgain(scope, name)
  }

  pace(scope: HoldScope, name: string, pace: Pace, now: number): void {
    this.#change(scope, name, now).pace = pace
    this.#lookAgain(scope, name)
  }

  narrow(scope: HoldScope, name: string, startedAt: number, now: number): void {
    const ramp = narrowed(this.gateOf(scope, name, now), { startedAt, now })
    if (!ramp) return
    this.#change(scope, name, now).ramp = ramp
    this.#lookAgain(scope, name)
  }

  gateOf(scope: GateScope, name: string, now: number): Gate {
    const entry = this.#entries[scope].get(name) ?? newEntry(scope, name)
    const { hold, probeMs, ramp, pace, rateClock, spaceClock } = entry
    const from = entry.limits ? entry : this.#ruleFor(scope, name)
    return {
      scope,
      name,
      limits: from?.limits ?? NO_LIMITS,
      limitsFrom: from?.name ?? null,
      heldUntil: hold && hold.until > now ? hold.until : 0,
      probeMs,
      ramp,
      pace,
      leases: this.#leases.of(scope, name),
      rateClock,
      spaceClock,
    }
  }

  /** Null: nothing bounds it. */
  roomOf(scope: GateScope, name: string, now: number): Room | null {
    return this.#isOpen(scope, name) ? null : roomOf(this.gateOf(scope, name, now), now)
  }

  /** So many started at the gate; their leases are counted apart. */
  enter(scope: GateScope, name: string, count: number, now: number): void {
    if (count === 0 || this.#isOpen(scope, name)) return
    const gate = this.gateOf(scope, name, now)
    const { rateClock, spaceClock } = enter(gate, count, now)
    if (rateClock === gate.rateClock && spaceClock === gate.spaceClock) return
    const entry = this.#change(scope, name, now)
    entry.rateClock = rateClock
    entry.spaceClock = spaceClock
  }

  /** Its breaker is open: what starts is to find out whether it can close. */
  isProbing(worker: string): boolean {
    return (this.#entries.worker.get(worker)?.probeMs ?? 0) > 0
  }

  /** Holds in force, by name, or those of the names given. */
  listHolds(scope: HoldScope, now: number, names?: readonly string[]): WorkHold[] {
    const entries = this.#entries[scope]
    const asked = names ? [...new Set(names)].map((name) => entries.get(name)) : [...entries.values()]
    const holds = asked.flatMap((entry) => (entry?.hold && entry.hold.until > now ? [entry.hold] : []))
    return names ? holds : holds.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  listPastHolds(scope: HoldScope, name: string): PastHold[] {
    return this.#past.list(scope, name)
  }

  /** The gate's hold in force. */
  holdOf(scope: HoldScope, name: string, now: number): WorkHold | null {
    return this.listHolds(scope, now, [name])[0] ?? null
  }

  #isOpen(scope: GateScope, name: string): boolean {
    const isKnown = this.#entries[scope].size > 0 && this.#entries[scope].has(name)
    return !isKnown && this.#ruleFor(scope, name) === undefined
  }

  #ruleFor(scope: GateScope, name: string): GateEntry | undefined {
    return scope === 'worker' ? this.#rules.find((rule) => fitsRule(rule.name, name)) : undefined
  }

  #sortRules(): void {
    const rules = [...this.#entries.worker.values()].filter(({ name, limits }) => isRule(name) && limits !== null)
    this.#rules = rules.sort((a, b) => b.name.length - a.name.length)
  }

  /** It may have room, or another time at which it has: the next claim tells. */
  #lookAgain(scope: GateScope, name: string): void {
    if (scope === 'workgroup') this.#lanes.mayHaveRoom(name)
  }

  /** The entry, to be changed; it is written at the end of the transaction. */
  #change(scope: GateScope, name: string, now: number): GateEntry {
    const entry = this.#entries[scope].get(name) ?? this.#add(newEntry(scope, name), now)
    this.#changed.add(entry)
    return entry
  }

  #add(entry: GateEntry, now: number): GateEntry {
    const count = () => Object.values(this.#entries).reduce((sum, entries) => sum + entries.size, 0)
    if (count() >= this.#sweepAt) {
      this.#sweep(now)
      this.#sweepAt = Math.max(MIN_SWEEP, 2 * count())
    }
    this.#entries[entry.scope].set(entry.name, entry)
    return entry
  }

  #sweep(now: number): void {
    for (const entries of Object.values(this.#entries)) {
      for (const entry of [...entries.values()]) {
        if (!saysNothing(entry, this.gateOf(entry.scope, entry.name, now).limits, now)) continue
        entries.delete(entry.name)
        this.#changed.delete(entry)
        deleteGateEntry(this.#db, entry)
      }
    }
  }
}
