//! The tables. `records` is the truth; every other table can be rebuilt from it.

/// The projections, in the words of SQLite.
const PROJECTIONS: &str = "
CREATE TABLE IF NOT EXISTS events (
  seq      INTEGER PRIMARY KEY,
  incident TEXT,
  ignored  BOOLEAN NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS ids (
  id  BLOB PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS incidents (
  key          TEXT PRIMARY KEY,
  number       INTEGER NOT NULL,
  version      INTEGER NOT NULL,
  severity     INTEGER NOT NULL,
  stage        TEXT NOT NULL,
  title        TEXT NOT NULL,
  opened_at    INTEGER NOT NULL,
  count        INTEGER NOT NULL,
  open         BOOLEAN NOT NULL,
  active_runs  INTEGER NOT NULL,
  incident_key TEXT,
  fingerprint  TEXT NOT NULL,
  principal    TEXT,
  state        BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS incidents_number ON incidents (number);
CREATE INDEX IF NOT EXISTS incidents_print ON incidents (fingerprint) WHERE open;
CREATE INDEX IF NOT EXISTS incidents_source_key ON incidents (incident_key)
  WHERE open AND incident_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS incidents_principal ON incidents (principal);
CREATE INDEX IF NOT EXISTS incidents_running ON incidents (key) WHERE active_runs > 0;
CREATE TABLE IF NOT EXISTS cards (
  incident     TEXT NOT NULL,
  card         TEXT NOT NULL,
  conversation TEXT NOT NULL,
  activity_id  TEXT,
  want         INTEGER NOT NULL,
  shown        INTEGER NOT NULL DEFAULT 0,
  attempts     INTEGER NOT NULL DEFAULT 0,
  dead         BOOLEAN NOT NULL DEFAULT FALSE,
  severity     INTEGER NOT NULL,
  since        INTEGER NOT NULL,
  PRIMARY KEY (incident, card)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cards_due ON cards (severity DESC, since) WHERE want > shown AND NOT dead;
CREATE INDEX IF NOT EXISTS cards_sent ON cards (conversation, activity_id);
CREATE TABLE IF NOT EXISTS leases (
  lease  TEXT PRIMARY KEY,
  holder TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
  kind    TEXT NOT NULL,
  key     TEXT NOT NULL,
  version INTEGER NOT NULL,
  body    BLOB NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// The projections that a rebuild is compared with.
pub(in crate::adapters) const PROJECTED: [&str; 7] =
    ["events", "ids", "incidents", "cards", "leases", "documents", "meta"];

/// The projections as SQLite makes them.
pub(in crate::adapters) fn sqlite() -> String {
    PROJECTIONS.replace("BOOLEAN", "INTEGER")
}
