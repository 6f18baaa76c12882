//! The tables. `records` is the truth; every other table can be rebuilt from it.

use argus_soc::ledger::Hash;
use rusqlite::Connection;

use super::failed;
use super::project::{Ids, Projector};
use crate::ports::ledger::LedgerError;

/// "ARGU", so that a foreign file is recognised.
const APPLICATION_ID: i32 = 0x4152_4755;
/// 1 had one table `events` in the order of the ids, and `keys` beside it; 2 had `playbooks` where
/// there are `documents` of every kind; 3 could not tell when an entity was seen last without reading
/// all its incidents.
const LAYOUT: i32 = 4;

pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS records (
  seq     INTEGER PRIMARY KEY,
  prev    BLOB NOT NULL,
  payload BLOB NOT NULL,
  hash    BLOB NOT NULL,
  raw     BLOB
) STRICT;
";

pub(super) const PROJECTIONS: &str = "
CREATE TABLE IF NOT EXISTS events (
  seq      INTEGER PRIMARY KEY,
  incident TEXT,
  ignored  INTEGER NOT NULL
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
  open         INTEGER NOT NULL,
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
CREATE INDEX IF NOT EXISTS incidents_history ON incidents (principal, fingerprint, opened_at);
CREATE INDEX IF NOT EXISTS incidents_running ON incidents (key) WHERE active_runs;
CREATE TABLE IF NOT EXISTS cards (
  incident     TEXT NOT NULL,
  card         TEXT NOT NULL,
  conversation TEXT NOT NULL,
  activity_id  TEXT,
  want         INTEGER NOT NULL,
  shown        INTEGER NOT NULL DEFAULT 0,
  attempts     INTEGER NOT NULL DEFAULT 0,
  dead         INTEGER NOT NULL DEFAULT 0,
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
pub(super) const PROJECTED: [&str; 7] =
    ["events", "ids", "incidents", "cards", "leases", "documents", "meta"];

pub(super) fn prepare(connection: &Connection) -> Result<(), LedgerError> {
    let pragma =
        |name| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
    let id = pragma("application_id").map_err(failed)?;
    let layout = pragma("user_version").map_err(failed)?;
    if id != 0 && id != APPLICATION_ID {
        return Err(LedgerError::Damaged("the file is a database of another program".into()));
    }
    if layout > LAYOUT {
        return Err(LedgerError::Damaged(format!(
            "the store has layout {layout}, this program knows up to {LAYOUT}; use a newer argus"
        )));
    }
    if id == 0 && pragma("schema_version").map_err(failed)? > 0 {
        return Err(LedgerError::Damaged("the file is a database, but not a store of ours".into()));
    }
    connection
        .execute_batch(
            "PRAGMA page_size = 8192;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA wal_autocheckpoint = 0;
             PRAGMA cache_size = -8000;
             PRAGMA secure_delete = ON;",
        )
        .map_err(failed)?;
    // A store that is as it should be is not written to: a start needs no room on the disk.
    if id == APPLICATION_ID && layout == LAYOUT {
        return Ok(());
    }
    if id == APPLICATION_ID {
        tracing::info!(from = layout, to = LAYOUT, "the tables are made anew from the records");
    }
    connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    connection.execute_batch(TABLES).map_err(failed)?;
    let ids = rebuild(connection, connection)?;
    let (seq, _) = head(connection).map_err(failed)?;
    ids.file(connection, seq).map_err(failed)?;
    connection
        .execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID};
             PRAGMA user_version = {LAYOUT};
             COMMIT;"
        ))
        .map_err(failed)
}

/// Makes the tables of `to` from the records of `from`, in the transaction that is open there. What
/// stood in them is gone. Gives the ids of all events, which are not filed yet.
pub(super) fn rebuild(from: &Connection, to: &Connection) -> Result<Ids, LedgerError> {
    for table in PROJECTED.iter().chain(&["keys", "playbooks"]) {
        to.execute_batch(&format!("DROP TABLE IF EXISTS {table}")).map_err(failed)?;
    }
    to.execute_batch(PROJECTIONS).map_err(failed)?;
    let (mut projector, mut ids) = (Projector::default(), Ids::default());
    let mut statement =
        from.prepare("SELECT seq, payload FROM records ORDER BY seq").map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let seq = row.get(0).map_err(failed)?;
        let fact = super::read::fact(row, 1).map_err(failed)?;
        projector.fact(to, &mut ids, seq, &fact).map_err(failed)??;
    }
    projector.finish(to).map_err(failed)??;
    Ok(ids)
}

/// The last record's place and hash.
pub(super) fn head(connection: &Connection) -> rusqlite::Result<(u64, Hash)> {
    let last = connection.query_row(
        "SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1",
        [],
        |row| Ok((row.get(0)?, row.get::<_, [u8; 32]>(1)?)),
    );
    match last {
        Ok((seq, hash)) => Ok((seq, Hash::from_slice(&hash).unwrap_or(Hash::GENESIS))),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok((0, Hash::GENESIS)),
        Err(error) => Err(error),
    }
}
