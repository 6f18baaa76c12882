//! The file: whose it is, how it is opened, and its tables made from its records.

use argus_soc::ledger::Hash;
use rusqlite::Connection;

use super::failed;
use super::ids::Ids;
use super::tables::Transaction;
use crate::adapters::tables::project::Projector;
use crate::adapters::tables::{read, schema};
use crate::ports::ledger::LedgerError;

/// "ARGU", so that a foreign file is recognised.
const APPLICATION_ID: i32 = 0x4152_4755;
/// 1 had one table `events` in the order of the ids, and `keys` beside it; 2 had `playbooks` where
/// there are `documents` of every kind; 3 had another index of the incidents with a run,
/// 4 another one of the incidents about a thing, 5 knew no digests, 6 had long names as they are,
/// 7 counted the alerts of a merged incident and knew no last number of a suppression, and 8 did not
/// say when a run ended and why it stopped.
const LAYOUT: i32 = 9;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS records (
  seq     INTEGER PRIMARY KEY,
  prev    BLOB NOT NULL,
  payload BLOB NOT NULL,
  hash    BLOB NOT NULL,
  raw     BLOB
) STRICT;
";

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
    make_anew(connection)
}

/// Makes the tables anew from the records, in one transaction.
pub(super) fn make_anew(connection: &Connection) -> Result<(), LedgerError> {
    connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
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

/// Makes the projections, empty, and the records if they are elsewhere: what changes in them then
/// changes nothing.
pub(super) fn projections(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(TABLES)?;
    connection.execute_batch(&schema::sqlite())
}

/// Makes the tables of `to` from the records of `from`, in the transaction that is open there. What
/// stood in them is gone. Gives the ids of all events, which are not filed yet.
pub(super) fn rebuild(from: &Connection, to: &Connection) -> Result<Ids, LedgerError> {
    for table in schema::PROJECTED.iter().chain(&["keys", "playbooks"]) {
        to.execute_batch(&format!("DROP TABLE IF EXISTS {table}")).map_err(failed)?;
    }
    projections(to).map_err(failed)?;
    let (mut projector, mut ids) = (Projector::default(), Ids::default());
    let mut tables = Transaction { connection: to, ids: &mut ids };
    let mut statement =
        from.prepare("SELECT seq, payload FROM records ORDER BY seq").map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let seq = row.get(0).map_err(failed)?;
        let fact = read::fact(row, 1).map_err(failed)?;
        projector.fact(&mut tables, seq, &fact).map_err(failed)??;
    }
    projector.finish(&mut tables).map_err(failed)??;
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
