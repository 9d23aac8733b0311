-- Version 1. Tables are STRICT: a wrong type is a bug that must not be stored.

CREATE TABLE task_group (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  is_paused INTEGER NOT NULL,
  metadata TEXT NOT NULL,
  key_scope TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  -- The books: tasks by bucket, weights in millionths. Changed in the same transaction as the tasks (I12).
  succeeded INTEGER NOT NULL DEFAULT 0,
  running INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  paused INTEGER NOT NULL DEFAULT 0,
  blocked INTEGER NOT NULL DEFAULT 0,
  waiting INTEGER NOT NULL DEFAULT 0,
  weight_total INTEGER NOT NULL DEFAULT 0,
  weight_done INTEGER NOT NULL DEFAULT 0,
  -- When the last task became complete; null while one is not.
  finished_at INTEGER
) STRICT;
CREATE INDEX task_group_finished ON task_group (finished_at) WHERE finished_at IS NOT NULL;

-- Tasks of a group with the same worker, workgroup and priority share a lane: whatever holds one of them back
-- (pause, hold, a full worker) holds all, so a claim skips a lane in one step instead of its tasks one by one.
CREATE TABLE lane (
  id INTEGER PRIMARY KEY,
  group_seq INTEGER NOT NULL,
  worker TEXT NOT NULL,
  workgroup TEXT NOT NULL,
  priority INTEGER NOT NULL,
  -- Kept like the books of groups; a workgroup is listed while any of its lanes has tasks.
  tasks INTEGER NOT NULL DEFAULT 0,
  UNIQUE (group_seq, worker, workgroup, priority)
) STRICT;
CREATE INDEX lane_workgroup ON lane (workgroup) WHERE workgroup <> '';

CREATE TABLE task (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  group_seq INTEGER NOT NULL,
  lane INTEGER NOT NULL,
  holds INTEGER NOT NULL,
  unfinished_parents INTEGER NOT NULL,
  -- Met by a claim while another task with its merge key ran; lifted when that lease ends.
  is_parked INTEGER NOT NULL DEFAULT 0,
  run_after INTEGER NOT NULL,
  version INTEGER NOT NULL,
  lease_until INTEGER,
  -- Stays after the attempt is settled, so that a repeated commit is known as a duplicate.
  lease_token TEXT,
  lease_boot TEXT,
  lease_started_at INTEGER,
  run INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  given_back INTEGER NOT NULL,
  rate_limited_since INTEGER NOT NULL,
  remaining_attempts INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  is_seed INTEGER NOT NULL,
  progress_weight REAL NOT NULL,
  error_delay REAL NOT NULL,
  timeout_seconds REAL,
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  merge_key TEXT NOT NULL,
  created_by TEXT NOT NULL,
  parent_ids TEXT NOT NULL,
  retry TEXT,
  metadata TEXT NOT NULL,
  errors TEXT NOT NULL,
  -- JSON text as it came; null when it is large and lives in `payload`, so that an update of the row does not copy it.
  input TEXT,
  output TEXT
) STRICT;
CREATE INDEX task_in_group ON task (group_seq, seq);
CREATE INDEX task_ready ON task (lane, run_after)
  WHERE holds = 0 AND unfinished_parents = 0 AND lease_until IS NULL AND is_parked = 0;
CREATE INDEX task_retrying ON task (lane, run_after) WHERE failures > 0;
CREATE INDEX task_leased ON task (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX task_incomplete ON task (group_seq, seq) WHERE holds & 2 = 0;
CREATE INDEX task_failed ON task (group_seq, seq) WHERE holds & 6 = 4;
CREATE INDEX task_duplicates ON task (merge_key, seq) WHERE merge_key <> '' AND holds & 2 = 0;
CREATE INDEX task_parked ON task (lane) WHERE is_parked = 1;
CREATE INDEX task_created_by ON task (created_by) WHERE created_by <> '';

CREATE TABLE payload (
  task_seq INTEGER NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (task_seq, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE edge (
  parent_seq INTEGER NOT NULL,
  child_seq INTEGER NOT NULL,
  PRIMARY KEY (parent_seq, child_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE task_metadata (
  group_seq INTEGER NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  task_seq INTEGER NOT NULL,
  PRIMARY KEY (group_seq, name, value, task_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
  task_seq INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  number INTEGER NOT NULL,
  delivery_id TEXT NOT NULL,
  instance TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  status_code INTEGER,
  bytes INTEGER NOT NULL,
  error TEXT,
  retry_at INTEGER,
  -- Newest first: the last ordinal is then the first row found, 0.4 µs instead of 2.7 for max().
  PRIMARY KEY (task_seq, ordinal DESC)
) STRICT, WITHOUT ROWID;

CREATE TABLE work_hold (
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  until INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE record (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
