//! Queries, each on a thread of its own with a connection that cannot write.

use jiff::Timestamp;
use rusqlite::types::{ToSqlOutput, Type};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params_from_iter};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::ids::{Ids, filed_up_to};
use crate::adapters::tables::{Cells, Value, read};
use crate::ports::ledger::{EventView, Filter, Summary, Waiting};

pub(super) type Query = Box<dyn FnOnce(&Connection) + Send>;

pub(super) fn serve(connection: &Connection, mut inbox: mpsc::Receiver<Query>) {
    while let Some(query) = inbox.blocking_recv() {
        query(connection);
    }
}

/// The rows that `sql` finds.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &'static str,
    values: &[Value<'_>],
    mut read: impl FnMut(&dyn Cells<Error = rusqlite::Error>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(params_from_iter(values), |row| read(row))?.collect()
}

/// The row that `sql` finds, if it finds one.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &'static str,
    values: &[Value<'_>],
    read: impl FnOnce(&dyn Cells<Error = rusqlite::Error>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    connection.prepare_cached(sql)?.query_row(params_from_iter(values), |row| read(row)).optional()
}

pub(super) fn arrived(connection: &Connection, places: &[u64]) -> rusqlite::Result<Vec<Waiting>> {
    const AT: &str = "SELECT seq, payload, raw FROM records WHERE seq = ?1 AND raw IS NOT NULL";
    let mut statement = connection.prepare_cached(AT)?;
    let mut found = Vec::with_capacity(places.len());
    for place in places {
        found.extend(statement.query_row([place], |row| read::arrived(row)).optional()?);
    }
    Ok(found)
}

/// When the last event of `source` came in, looking back no further than to `since` and to record
/// `behind`.
pub(super) fn last_arrival(
    connection: &Connection,
    source: &str,
    since: Timestamp,
    behind: u64,
) -> rusqlite::Result<Option<Timestamp>> {
    let mut statement = connection.prepare_cached(
        "SELECT payload FROM records WHERE raw IS NOT NULL AND seq > ?1 ORDER BY seq DESC",
    )?;
    let mut rows = statement.query([behind])?;
    while let Some(row) = rows.next()? {
        let event = read::received(row, 0)?;
        if event.at < since {
            break;
        }
        if event.source == source {
            return Ok(Some(event.at));
        }
    }
    Ok(None)
}

/// The event of this id, if the id is filed.
pub(super) fn event(connection: &Connection, id: Uuid) -> rusqlite::Result<Option<EventView>> {
    let seq = one(connection, read::FILED, &[Value::Bytes(id.as_bytes())], |row| row.whole(0))?;
    seq.map(|seq| event_at(connection, seq)).transpose().map(Option::flatten)
}

/// The event that stands as record `seq`.
pub(super) fn event_at(connection: &Connection, seq: u64) -> rusqlite::Result<Option<EventView>> {
    one(connection, read::EVENT, &[Value::Whole(seq)], read::event)
}

/// The ids of the events that came in after the last ones that were filed.
pub(super) fn not_filed(connection: &Connection) -> rusqlite::Result<Ids> {
    let filed = filed_up_to(connection)?;
    let mut ids = Ids::default();
    let mut statement = connection
        .prepare("SELECT seq, payload FROM records WHERE seq > ?1 AND raw IS NOT NULL")?;
    let mut rows = statement.query([filed])?;
    while let Some(row) = rows.next()? {
        let event = read::received(row, 1)?;
        let key = event.idempotency_key.as_deref();
        ids.received(row.get(0)?, event.event_id, key);
    }
    Ok(ids)
}

pub(super) fn incidents(
    connection: &Connection,
    filter: &Filter,
) -> rusqlite::Result<(Vec<Summary>, u64)> {
    let [open, severity] = read::list(filter);
    let total = one(connection, read::LISTED, &[open, severity], |row| row.whole(0))?;
    let limit = Value::Whole(filter.limit.into());
    Ok((all(connection, read::LIST, &[open, severity, limit], read::summary)?, total.unwrap_or(0)))
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Whole(number) => number.to_sql(),
            Self::Time(time) => time.to_sql(),
            Self::Truth(truth) => truth.to_sql(),
            Self::Text(text) => text.to_sql(),
            Self::MaybeText(text) => text.to_sql(),
            Self::Bytes(bytes) => bytes.to_sql(),
        }
    }
}

impl Cells for Row<'_> {
    type Error = rusqlite::Error;

    fn whole(&self, at: usize) -> rusqlite::Result<u64> {
        self.get(at)
    }

    fn time(&self, at: usize) -> rusqlite::Result<i64> {
        self.get(at)
    }

    fn truth(&self, at: usize) -> rusqlite::Result<bool> {
        Ok(self.get::<_, Option<bool>>(at)?.unwrap_or(false))
    }

    fn text(&self, at: usize) -> rusqlite::Result<String> {
        self.get(at)
    }

    fn maybe_text(&self, at: usize) -> rusqlite::Result<Option<String>> {
        self.get(at)
    }

    fn bytes(&self, at: usize) -> rusqlite::Result<&[u8]> {
        Ok(self.get_ref(at)?.as_blob()?)
    }

    fn maybe_bytes(&self, at: usize) -> rusqlite::Result<Option<&[u8]>> {
        Ok(self.get_ref(at)?.as_blob_or_null()?)
    }

    fn wrong(&self, at: usize, why: serde_json::Error) -> rusqlite::Error {
        rusqlite::Error::FromSqlConversionFailure(at, Type::Blob, Box::new(why))
    }
}
