//! Tables and indexes, as SQL.

use super::Migration;

/// Format 1.
pub(super) const SCHEMA: &str = "
CREATE TABLE journal (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  name    TEXT NOT NULL,
  written INTEGER NOT NULL,
  records INTEGER NOT NULL,
  ended   INTEGER NOT NULL,
  seal    INTEGER NOT NULL
) STRICT;

CREATE TABLE runs (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  machine     TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  key         TEXT,
  status      TEXT NOT NULL,
  outcome     TEXT,
  result      TEXT,
  wakes_at    INTEGER,
  awaits      TEXT,
  began       INTEGER NOT NULL,
  changed     INTEGER NOT NULL,
  epochs      INTEGER NOT NULL,
  records     INTEGER NOT NULL,
  chain       INTEGER NOT NULL,
  kept        INTEGER NOT NULL,
  seal        INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_open ON runs (status) WHERE status <> 'over';
CREATE UNIQUE INDEX runs_key ON runs (machine, key)
  WHERE key IS NOT NULL AND (status <> 'over' OR outcome = 'completed');
CREATE INDEX runs_by_key ON runs (key) WHERE key IS NOT NULL;

CREATE TABLE records (
  id     INTEGER PRIMARY KEY,
  run    INTEGER NOT NULL,
  number INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  trail  INTEGER NOT NULL,
  input  TEXT NOT NULL,
  chain  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX records_of_run ON records (run, number);

CREATE TABLE snapshots (
  id          INTEGER PRIMARY KEY,
  run         INTEGER NOT NULL,
  epoch       INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  records     INTEGER NOT NULL,
  chain       INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  definition  TEXT NOT NULL,
  snapshot    TEXT NOT NULL,
  seal        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX snapshots_of_run ON snapshots (run, epoch, kind);

CREATE TABLE definitions (
  hash TEXT PRIMARY KEY,
  text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE letters (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  run    INTEGER NOT NULL,
  input  TEXT NOT NULL,
  seal   INTEGER NOT NULL
) STRICT;
CREATE INDEX letters_of_run ON letters (run);

CREATE TABLE drivers (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  pid    INTEGER NOT NULL,
  since  INTEGER NOT NULL
) STRICT;

CREATE TABLE leases (
  run    INTEGER PRIMARY KEY,
  driver INTEGER NOT NULL
) STRICT;
";

/// What leads from format n to n + 1, from 1 on.
pub(super) const MIGRATIONS: &[Migration] = &[];
