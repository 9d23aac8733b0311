import type { HoldScope, WorkHold } from '../../server/core/change-set.ts'
import type { Database, Row } from './database.ts'
import type { Lane, Lanes } from './lanes.ts'

/** Holds on workgroups and workers: one row each, however many tasks wait behind it. All of them are kept in memory. */
export class HoldTable {
  readonly #db: Database
  readonly #lanes: Lanes
  readonly #until = new Map<string, number>()

  constructor(db: Database, lanes: Lanes) {
    this.#db = db
    this.#lanes = lanes
  }

  reload(): void {
    this.#until.clear()
    for (const row of this.#db.all('SELECT scope, name, until FROM work_hold')) {
      this.#until.set(holdCause(row.scope as HoldScope, row.name as string), row.until as number)
    }
  }

  /** Only ever raises (WIRE 4.3): a late small delay shortens nothing. */
  raise(hold: WorkHold, now: number): void {
    this.#forgetEnded(now)
    const cause = holdCause(hold.scope, hold.name)
    if ((this.#until.get(cause) ?? 0) >= hold.until) return
    this.#db.run(
      'INSERT OR REPLACE INTO work_hold (scope, name, until, reason) VALUES (?, ?, ?, ?)',
      hold.scope,
      hold.name,
      hold.until,
      hold.reason,
    )
    this.#until.set(cause, hold.until)
  }

  release(scope: HoldScope, name: string, now: number): void {
    this.#db.run('DELETE FROM work_hold WHERE scope = ? AND name = ?', scope, name)
    this.#until.delete(holdCause(scope, name))
    this.#lanes.wake(holdCause(scope, name), now)
  }

  /** What holds a lane now, and until when; undefined when nothing does. */
  holding(lane: Lane, now: number): { cause: string; until: number } | undefined {
    const causes = [holdCause('worker', lane.worker)]
    if (lane.workgroup !== '') causes.push(holdCause('workgroup', lane.workgroup))
    for (const cause of causes) {
      const until = this.#until.get(cause)
      if (until !== undefined && until > now) return { cause, until }
    }
    return undefined
  }

  /** Holds that are over go with the next one that begins: nobody looks at them. */
  #forgetEnded(now: number): void {
    for (const [cause, until] of this.#until) if (until <= now) this.#until.delete(cause)
    this.#db.run('DELETE FROM work_hold WHERE until <= ?', now)
  }

  list(scope: HoldScope, now: number, names?: readonly string[]): WorkHold[] {
    const rows = names
      ? names.map((name) =>
          this.#db.get('SELECT * FROM work_hold WHERE scope = ? AND name = ? AND until > ?', scope, name, now),
        )
      : this.#db.all('SELECT * FROM work_hold WHERE scope = ? AND until > ? ORDER BY name', scope, now)
    return rows.filter((row) => row !== undefined).map(holdOf)
  }
}

/** The name under which lanes are set aside by a hold. */
export const holdCause = (scope: HoldScope, name: string): string => `${scope}:${name}`

function holdOf(row: Row): WorkHold {
  return {
    scope: row.scope as HoldScope,
    name: row.name as string,
    until: row.until as number,
    reason: row.reason as string,
  }
}
