//! Entries in a SQLite file.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, params};

use super::{Entry, OutboxStore, Ticket};
use crate::{Error, ErrorKind};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS argus_outbox (ticket INTEGER PRIMARY KEY, entry TEXT NOT NULL) STRICT;
";

/// Keeps entries in a file. What was saved survives the process, and the computer if its disk
/// keeps its promises. One process at a time opens the file.
///
/// ```
/// use argus_bot_sdk::outbox::{OutboxStore as _, SqliteStore};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let store = SqliteStore::open(&folder.path().join("outbox.db"))?;
/// assert!(store.load().await?.is_empty());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct SqliteStore(Arc<Mutex<Connection>>);

impl SqliteStore {
    /// Opens or creates the file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if that is not possible, or another process has it open.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(Duration::from_secs(1)).map_err(failed)?;
        // Exclusive before WAL: then there is no shared memory, and a second process is refused.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(failed)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        connection.execute_batch(SCHEMA).map_err(failed)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Works with the connection on a thread that may block.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let connection = Arc::clone(&self.0);
        let job = move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(job).await.map_err(|error| {
            Error::new(ErrorKind::Unavailable, "the outbox's work was cut short").with_source(error)
        })?
    }
}

#[async_trait]
impl OutboxStore for SqliteStore {
    async fn load(&self) -> Result<Vec<Entry>, Error> {
        self.with(|connection| {
            let mut query = connection
                .prepare_cached("SELECT entry FROM argus_outbox ORDER BY ticket")
                .map_err(failed)?;
            let rows = query.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
            rows.map(|row| serde_json::from_str(&row.map_err(failed)?).map_err(unreadable))
                .collect()
        })
        .await
    }

    async fn save(&self, entries: &[Entry]) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        let rows = entries.iter().map(|entry| Ok((entry.ticket.0, serde_json::to_string(entry)?)));
        let rows: Vec<(u64, String)> = rows.collect::<Result<_, _>>().map_err(unreadable)?;
        self.with(move |connection| {
            let transaction = connection.transaction().map_err(failed)?;
            for (ticket, entry) in rows {
                let mut write = transaction
                    .prepare_cached("INSERT OR REPLACE INTO argus_outbox VALUES (?1, ?2)")
                    .map_err(failed)?;
                write.execute(params![ticket, entry]).map_err(failed)?;
            }
            transaction.commit().map_err(failed)
        })
        .await
    }

    async fn remove(&self, tickets: &[Ticket]) -> Result<(), Error> {
        let tickets = tickets.to_vec();
        self.with(move |connection| {
            let transaction = connection.transaction().map_err(failed)?;
            for ticket in tickets {
                transaction
                    .execute("DELETE FROM argus_outbox WHERE ticket = ?1", [ticket.0])
                    .map_err(failed)?;
            }
            transaction.commit().map_err(failed)
        })
        .await
    }
}

fn failed(error: rusqlite::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "the outbox's file does not do its work").with_source(error)
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "the outbox has an entry that cannot be read")
        .with_source(error)
}
