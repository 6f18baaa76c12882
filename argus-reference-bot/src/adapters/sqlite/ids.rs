//! Ids of events and idempotency keys: which record an event became.
//!
//! They are random, and each one that is filed in the table `ids` alone writes a page of its own. So
//! whoever folds the records keeps the last ones in memory and files many at once, in their order.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

/// The ids that came in last and are not filed yet.
#[derive(Debug, Default)]
pub(super) struct Ids {
    events: HashMap<Uuid, u64>,
    keys: HashMap<String, u64>,
}

impl Ids {
    /// An event was received as record `seq`. Says whether its id and key are new, as they must be.
    pub(super) fn received(&mut self, seq: u64, event: Uuid, key: Option<&str>) -> bool {
        if self.events.contains_key(&event) || key.is_some_and(|key| self.keys.contains_key(key)) {
            return false;
        }
        self.events.insert(event, seq);
        self.keys.extend(key.map(|key| (key.to_owned(), seq)));
        true
    }

    /// The record of the event that has this id.
    pub(super) fn event(&self, connection: &Connection, id: Uuid) -> rusqlite::Result<Option<u64>> {
        match self.events.get(&id) {
            Some(&seq) => Ok(Some(seq)),
            None => filed(connection, id.as_bytes()),
        }
    }

    /// The record of the event that came under this key.
    pub(super) fn key(&self, connection: &Connection, key: &str) -> rusqlite::Result<Option<u64>> {
        match self.keys.get(key) {
            Some(&seq) => Ok(Some(seq)),
            None => filed(connection, key.as_bytes()),
        }
    }

    /// Forgets what came after record `seq`: its transaction was undone.
    pub(super) fn undo_after(&mut self, seq: u64) {
        self.events.retain(|_, at| *at <= seq);
        self.keys.retain(|_, at| *at <= seq);
    }

    /// Writes the ids of the events up to record `seq` into the table. They are remembered until
    /// [`forget_filed`](Self::forget_filed), since the transaction may fail.
    pub(super) fn file(&self, connection: &Connection, seq: u64) -> rusqlite::Result<()> {
        let events = self.events.iter().map(|(id, at)| (&id.as_bytes()[..], *at));
        let keys = self.keys.iter().map(|(key, at)| (key.as_bytes(), *at));
        let mut all: Vec<(&[u8], u64)> = events.chain(keys).filter(|(_, at)| *at <= seq).collect();
        all.sort_unstable();
        let mut insert = connection.prepare_cached("INSERT INTO ids (id, seq) VALUES (?1, ?2)")?;
        for (id, at) in all {
            insert.execute(rusqlite::params![id, at])?;
        }
        if seq > 0 {
            connection
                .prepare_cached(
                    "INSERT INTO meta (name, value) VALUES ('filed', ?1)
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                )?
                .execute([seq])?;
        }
        Ok(())
    }

    /// Forgets what is in the table now.
    pub(super) fn forget_filed(&mut self, seq: u64) {
        self.events.retain(|_, at| *at > seq);
        self.keys.retain(|_, at| *at > seq);
    }
}

/// The record up to which ids are filed.
pub(super) fn filed_up_to(connection: &Connection) -> rusqlite::Result<u64> {
    let filed = connection
        .prepare_cached("SELECT value FROM meta WHERE name = 'filed'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(filed.unwrap_or(0))
}

fn filed(connection: &Connection, id: &[u8]) -> rusqlite::Result<Option<u64>> {
    connection
        .prepare_cached("SELECT seq FROM ids WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()
}
