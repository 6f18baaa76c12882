//! Questions that a command asks of a store, beside a running bot or without one.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use argus_soc::incident::Incident;
use argus_soc::ledger::Hash;
use async_trait::async_trait;
use rusqlite::Connection;

use super::read::{all, one};
use super::{failed, pages, schema, unavailable, verify};
use crate::adapters::tables::{Value, cards, read as rows};
use crate::ports::chain::{Chain, Link};
use crate::ports::ledger::{LedgerError, StoredCard, StoredDocument};

/// The records of a store that others may be writing: one moment of it, to be copied.
#[derive(Debug)]
pub struct Records(Mutex<Connection>);

impl Records {
    /// The records of the store at `path`, as they are now.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unavailable`] if there is no store at `path`; [`LedgerError::Damaged`] if its
    /// end is not the one that was noted.
    pub fn of(path: &Path) -> Result<Self, LedgerError> {
        if !path.is_file() {
            return Err(unavailable(format!("there is no store at {}", path.display())));
        }
        // Read first: a running bot notes the end only after it is in the file.
        let note = verify::noted(&pages::beside(path, "-head"));
        let connection = verify::reader(path)?;
        connection.execute_batch("BEGIN").map_err(failed)?;
        let (last, _) = schema::head(&connection).map_err(failed)?;
        verify::check_head(&connection, note, last)?;
        Ok(Self(Mutex::new(connection)))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Chain for Records {
    async fn end(&self) -> Result<(u64, Hash), LedgerError> {
        schema::head(&self.connection()).map_err(failed)
    }

    async fn links(&self, seq: u64, limit: u32) -> Result<Vec<Link>, LedgerError> {
        let values = [Value::Whole(seq), Value::Whole(limit.into())];
        all(&self.connection(), rows::LINKS, &values, rows::link).map_err(failed)
    }

    async fn take_over(&self, _: Vec<Link>) -> Result<(), LedgerError> {
        Err(unavailable("the store is open for reading only"))
    }
}

/// The incident of this key in the store at `path`.
///
/// # Errors
///
/// [`LedgerError`] if the store cannot be read.
pub fn incident_in(path: &Path, key: &str) -> Result<Option<Incident>, LedgerError> {
    let store = verify::reader(path)?;
    one(&store, rows::INCIDENT, &[Value::Text(key)], rows::incident).map_err(failed)
}

/// The cards of the store at `path` that were given up and that nobody dropped.
///
/// # Errors
///
/// [`LedgerError`] if the store cannot be read.
pub fn dead_cards_in(path: &Path) -> Result<Vec<StoredCard>, LedgerError> {
    let limit = Value::Whole(u32::MAX.into());
    all(&verify::reader(path)?, cards::DEAD, &[limit], cards::stored).map_err(failed)
}

/// All documents of a kind in the store at `path`.
///
/// # Errors
///
/// [`LedgerError`] if the store cannot be read.
pub fn documents_in(path: &Path, kind: &str) -> Result<Vec<StoredDocument>, LedgerError> {
    all(&verify::reader(path)?, rows::DOCUMENTS, &[Value::Text(kind)], rows::document)
        .map_err(failed)
}
