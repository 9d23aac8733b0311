import type { HoldScope, PastHold, WorkHold } from '../../server/core/change-set.ts'
import type { Database } from './database.ts'

/** Of one worker or workgroup. */
const KEPT_HOLDS = 20

/** Over all names, which come and go: a name that was not held for so many holds of others is forgotten. */
const KEPT_OVER_ALL = 20_000

/** Holds that began, the newest of each worker and workgroup. */
export class PastHoldTable {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** `isRaised`: it takes the place of the one before, which is in force. */
  begin(hold: WorkHold, { isRaised }: { isRaised: boolean }): void {
    const { scope, name } = hold
    if (isRaised) {
      const last = '(SELECT max(seq) FROM past_hold WHERE scope = ? AND name = ?)'
      this.#db.run(`UPDATE past_hold SET hold = ? WHERE seq = ${last}`, JSON.stringify(hold), scope, name)
      return
    }
    const sql = 'INSERT INTO past_hold (scope, name, hold) VALUES (?, ?, ?)'
    const seq = this.#db.insert(sql, scope, name, JSON.stringify(hold))
    this.#db.run(
      `DELETE FROM past_hold WHERE scope = ?1 AND name = ?2 AND seq <=
         (SELECT seq FROM past_hold WHERE scope = ?1 AND name = ?2 ORDER BY seq DESC LIMIT 1 OFFSET ?3)`,
      scope,
      name,
      KEPT_HOLDS,
    )
    this.#db.run('DELETE FROM past_hold WHERE seq <= ?', seq - KEPT_OVER_ALL)
  }

  /** The last one was released. */
  end(scope: HoldScope, name: string, now: number): void {
    const last = '(SELECT max(seq) FROM past_hold WHERE scope = ? AND name = ?)'
    this.#db.run(`UPDATE past_hold SET ended_at = ? WHERE seq = ${last}`, now, scope, name)
  }

  list(scope: HoldScope, name: string): PastHold[] {
    const sql = 'SELECT hold, ended_at FROM past_hold WHERE scope = ? AND name = ? ORDER BY seq DESC'
    return this.#db.all(sql, scope, name).map((row) => ({
      ...(JSON.parse(row.hold as string) as WorkHold),
      endedAt: row.ended_at as number | null,
    }))
  }
}
