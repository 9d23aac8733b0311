import { DatabaseSync } from 'node:sqlite'
import { Fingerprints } from '../../server/core/fingerprint.ts'
import { lettersByShape } from '../../server/core/task-group.ts'
import text from './schema.sql' with { type: 'text' }

/** Raised with every change of schema.sql; a store with a higher one was written by a newer Crew (I17). */
export const SCHEMA_VERSION = 6

/** A letter of `lettersByShape` in core/task-group.ts, all of which are written here when the table is made. */
const STATE_COLUMN = `state TEXT NOT NULL GENERATED ALWAYS AS (substr('${lettersByShape}', 1 + (succeeded > 0) + 2 * (running > 0) +
  4 * (failed > 0) + 8 * (paused > 0) + 16 * (blocked > 0) + 32 * (waiting > 0) + 64 * is_paused +
  128 * (stopped_by IS NOT NULL), 1)) VIRTUAL`

/** What makes an empty file a store. */
export const schema = `${text.replace('STATE_COLUMN', STATE_COLUMN)}; PRAGMA user_version = ${SCHEMA_VERSION}`

/** What makes a file of a version one of the next, and what it brings of what statements look for. */
export interface Upgrade {
  readonly brings: readonly string[]
  readonly sql: string
  /** What SQL cannot work out; after it. */
  readonly fill?: (db: DatabaseSync) => void
}

/** By the version that a file has. */
export const upgrades: ReadonlyMap<number, Upgrade> = new Map([
  [
    1,
    {
      brings: ['column task_group.settings', 'column task_group.stopped_by', 'index record_ending'],
      sql: `ALTER TABLE task_group ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
        ALTER TABLE task_group ADD COLUMN stopped_by TEXT;
        DROP INDEX task_group_state;
        ALTER TABLE task_group DROP COLUMN state;
        ALTER TABLE task_group ADD COLUMN ${STATE_COLUMN};
        CREATE INDEX task_group_state ON task_group (state);
        CREATE INDEX IF NOT EXISTS record_ending ON record (expires_at) WHERE expires_at > 0;
        PRAGMA user_version = 2`,
    },
  ],
  [
    2,
    {
      brings: ['column lane.done'],
      // One pass over the tasks, as no index finds those of a lane that are complete.
      sql: `ALTER TABLE lane ADD COLUMN done INTEGER NOT NULL DEFAULT 0;
        UPDATE lane SET done = counted.done FROM
          (SELECT lane, count(*) AS done FROM task WHERE holds & 2 <> 0 GROUP BY lane) counted WHERE counted.lane = lane.id;
        PRAGMA user_version = 3`,
    },
  ],
  [
    3,
    {
      brings: ['column task_group.failed_at', 'index task_group_failed_at'],
      // Nobody knows when those that are over failed: they are kept from now on.
      sql: `ALTER TABLE task_group ADD COLUMN failed_at INTEGER;
        UPDATE task_group SET failed_at = CAST(unixepoch('subsec') * 1000 AS INTEGER)
          WHERE failed > 0 AND running + paused + blocked + waiting = 0;
        CREATE INDEX task_group_failed_at ON task_group (failed_at) WHERE failed_at IS NOT NULL;
        PRAGMA user_version = 4`,
    },
  ],
  [
    4,
    {
      brings: ['column task.error_kind', 'index task_trying'],
      sql: `ALTER TABLE task ADD COLUMN error_kind TEXT NOT NULL DEFAULT '';
        DROP INDEX task_failed;
        CREATE INDEX task_failed ON task (group_seq DESC, seq, lane, run_after, error_kind, id, holds, lease_until)
          WHERE holds & 6 = 4 AND lease_until IS NULL;
        CREATE INDEX task_trying ON task
          (group_seq DESC, seq, lane, run_after, error_kind, id, holds, unfinished_parents, lease_until, failures)
          WHERE holds = 0 AND unfinished_parents = 0 AND lease_until IS NULL AND failures > 0;
        PRAGMA user_version = 5`,
      fill: noteErrorKinds,
    },
  ],
  [
    5,
    {
      brings: [],
      sql: `DROP INDEX task_ready;
        CREATE INDEX task_ready ON task (lane, run_after, seq, holds, unfinished_parents, lease_until, is_parked)
          WHERE holds = 0 AND unfinished_parents = 0 AND lease_until IS NULL AND is_parked = 0;
        PRAGMA user_version = 6`,
    },
  ],
])

/** Tasks read at once: their errors may be 200 KB each. */
const FILLED_AT_ONCE = 500

/** The kinds of the errors that tasks have. */
function noteErrorKinds(db: DatabaseSync): void {
  const read = db.prepare(
    `SELECT seq, errors -> '$[#-1]' AS newest FROM task WHERE seq > ? AND errors <> '[]' ORDER BY seq LIMIT ?`,
  )
  const note = db.prepare('UPDATE task SET error_kind = ? WHERE seq = ?')
  const fingerprints = new Fingerprints()
  for (let after = -1, isMore = true; isMore; ) {
    const rows = read.all(after, FILLED_AT_ONCE) as { seq: number; newest: string }[]
    for (const { seq, newest } of rows) {
      note.run(fingerprints.of(JSON.parse(newest) as string), seq)
      after = seq
    }
    isMore = rows.length === FILLED_AT_ONCE
  }
}

/**
 * What statements will look for and not find, as in `column task_group.state`. Before the first release the schema changed while its
 * version stayed 1, so a file may say that version and lack something.
 */
export function missingIn(db: DatabaseSync): string[] {
  const empty = new DatabaseSync(':memory:')
  try {
    empty.exec(schema)
    const found = partsOf(db)
    return [...partsOf(empty)].filter((part) => !found.has(part))
  } finally {
    empty.close()
  }
}

function partsOf(db: DatabaseSync): Set<string> {
  const rows = db
    .prepare(
      `SELECT type || ' ' || name AS part FROM sqlite_schema UNION ALL SELECT 'column ' || t.name || '.' || c.name
       FROM sqlite_schema t JOIN pragma_table_xinfo(t.name) c WHERE t.type = 'table'`,
    )
    .all()
  return new Set(rows.map(({ part }) => String(part)))
}
