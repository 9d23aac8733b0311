import type { WorkHold } from '../../server/core/change-set.ts'
import { type Gate, type GateLimits, type GateScope, NO_LIMITS, windowOf } from '../../server/core/gate.ts'
import type { Database, Row } from './database.ts'

/** What is kept of a gate: what was set about it, and its clocks. */
export interface GateEntry {
  readonly scope: GateScope
  readonly name: string
  /** Of its own; null: those of a rule, or none. */
  limits: GateLimits | null
  /** The last one; it may be over. */
  hold: WorkHold | null
  probeMs: number
  ramp: Gate['ramp']
  pace: Gate['pace']
  rateClock: number
  spaceClock: number
}

export const newEntry = (scope: GateScope, name: string): GateEntry => ({
  scope,
  name,
  limits: null,
  hold: null,
  probeMs: 0,
  ramp: null,
  pace: null,
  rateClock: 0,
  spaceClock: 0,
})

export const readGateEntries = (db: Database): GateEntry[] => db.all('SELECT * FROM gate').map(entryOf)

export function writeGateEntry(db: Database, entry: GateEntry): void {
  const { scope, name, limits, hold, probeMs, ramp, pace, rateClock, spaceClock } = entry
  db.run(
    `INSERT OR REPLACE INTO gate (scope, name, limits, held_until, hold, probe_ms, ramp, pace, rate_clock, space_clock)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[scope, name, jsonOf(limits), hold?.until ?? 0, jsonOf(hold)],
    ...[probeMs, jsonOf(ramp), jsonOf(pace), rateClock, spaceClock],
  )
}

export function deleteGateEntry(db: Database, { scope, name }: GateEntry): void {
  db.run('DELETE FROM gate WHERE scope = ? AND name = ?', scope, name)
}

/**
 * Whether nothing is lost when the entry is dropped: no limits of its own, everything over, and its clocks so far back that the next
 * start is as after a rest. `limits`: those it has, which may be a rule's.
 */
export function saysNothing(entry: GateEntry, limits: GateLimits, now: number): boolean {
  const { hold, probeMs, ramp, pace, rateClock, spaceClock } = entry
  if (entry.limits !== null || (hold && hold.until > now) || probeMs > 0) return false
  if (windowOf({ ramp, limits }, now) !== null || (pace && pace.expiresAt > now)) return false
  const { rate, rampStepMs } = limits
  const isRested = rate === null || rateClock <= now - (rate.perMs / rate.count) * rate.burst
  return isRested && spaceClock <= now - Math.max(rampStepMs, NO_LIMITS.rampStepMs)
}

function entryOf(row: Row): GateEntry {
  return {
    scope: row.scope as GateScope,
    name: row.name as string,
    limits: parsed(row.limits),
    hold: parsed(row.hold),
    probeMs: row.probe_ms as number,
    ramp: parsed(row.ramp),
    pace: parsed(row.pace),
    rateClock: row.rate_clock as number,
    spaceClock: row.space_clock as number,
  }
}

const jsonOf = (value: object | null): string | null => (value === null ? null : JSON.stringify(value))

/** Rows were written from the same type. */
const parsed = <Value>(text: Row[string] | undefined): Value | null =>
  text === null ? null : (JSON.parse(text as string) as Value)
