//! The tables of the file, as the projection sees them in a transaction.

use std::collections::BTreeSet;

use argus_soc::incident::Incident;
use rusqlite::{Connection, params, params_from_iter};
use uuid::Uuid;

use super::ids::Ids;
use super::read::one;
use crate::adapters::tables::project::{DROP_DOCUMENT, SET_DOCUMENT};
use crate::adapters::tables::{Tables, Value, bounded, read};
use crate::ports::ledger::StoredDocument;

/// The version of an incident, or of a document by its stream; 0 if there is none.
pub(super) fn version(connection: &Connection, stream: &str) -> rusqlite::Result<u64> {
    const VERSION: &str = "SELECT version FROM incidents WHERE key = ?1";
    let version = match stream.split_once('/') {
        Some((kind, key)) => document(connection, kind, key)?.map(|document| document.version),
        None => one(connection, VERSION, &[Value::Text(stream)], |row| row.whole(0))?,
    };
    Ok(version.unwrap_or(0))
}

/// A document.
pub(super) fn document(
    connection: &Connection,
    kind: &str,
    key: &str,
) -> rusqlite::Result<Option<StoredDocument>> {
    let values = [Value::Text(kind), Value::Text(&bounded(key))];
    one(connection, read::DOCUMENT, &values, read::document)
}

/// A transaction.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    pub(super) connection: &'a Connection,
    pub(super) ids: &'a mut Ids,
}

impl Tables for Transaction<'_> {
    type Error = rusqlite::Error;

    fn incident(&mut self, key: &str) -> rusqlite::Result<Option<Incident>> {
        one(self.connection, read::INCIDENT, &[Value::Text(key)], read::incident)
    }

    fn saved(&mut self, _: &Incident) {}

    fn received(&mut self, seq: u64, event: Uuid, key: Option<&str>) -> rusqlite::Result<bool> {
        Ok(self.ids.received(seq, event, key))
    }

    fn event(&mut self, id: Uuid) -> rusqlite::Result<Option<u64>> {
        self.ids.event(self.connection, id)
    }

    fn leave(&mut self, events: BTreeSet<u64>) -> rusqlite::Result<()> {
        let mut leave = self.connection.prepare_cached("DELETE FROM events WHERE seq = ?1")?;
        for seq in events {
            leave.execute([seq])?;
        }
        Ok(())
    }

    fn enter(
        &mut self,
        events: BTreeSet<u64>,
        incident: Option<&str>,
    ) -> rusqlite::Result<Option<u64>> {
        let mut enter = self.connection.prepare_cached(
            "INSERT INTO events (seq, incident, ignored) VALUES (?1, ?2, ?3)
             ON CONFLICT (seq) DO NOTHING",
        )?;
        for seq in events {
            if enter.execute(params![seq, incident, incident.is_none()])? == 0 {
                return Ok(Some(seq));
            }
        }
        Ok(None)
    }

    fn lease(&mut self, lease: &str, holder: &str) -> rusqlite::Result<String> {
        let taken = self
            .connection
            .prepare_cached(
                "INSERT INTO leases (lease, holder) VALUES (?1, ?2) ON CONFLICT (lease) DO NOTHING",
            )?
            .execute([lease, holder])?;
        if taken > 0 {
            return Ok(holder.to_owned());
        }
        self.connection
            .prepare_cached("SELECT holder FROM leases WHERE lease = ?1")?
            .query_row([lease], |row| row.get(0))
    }

    fn release(&mut self, lease: &str) -> rusqlite::Result<()> {
        self.change("DELETE FROM leases WHERE lease = ?1", &[Value::Text(lease)])
    }

    fn document(&mut self, kind: &str, key: &str) -> rusqlite::Result<Option<(u64, Vec<u8>)>> {
        let values = [Value::Text(kind), Value::Text(key)];
        let document = one(self.connection, read::DOCUMENT, &values, read::document)?;
        Ok(document.map(|document| (document.version, document.body)))
    }

    fn set_document(&mut self, kind: &str, key: &str, body: Option<&str>) -> rusqlite::Result<()> {
        let (kind, key) = (Value::Text(kind), Value::Text(key));
        match body {
            Some(body) => self.change(SET_DOCUMENT, &[kind, key, Value::Bytes(body.as_bytes())]),
            None => self.change(DROP_DOCUMENT, &[kind, key]),
        }
    }

    fn change(&mut self, sql: &'static str, values: &[Value<'_>]) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute(params_from_iter(values))?;
        Ok(())
    }
}
