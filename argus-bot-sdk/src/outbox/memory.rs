//! Entries in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Entry, OutboxStore, Ticket};
use crate::Error;

/// Keeps entries as long as the process lives.
///
/// ```
/// use argus_bot_sdk::outbox::{MemoryStore, OutboxStore as _};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
/// assert!(MemoryStore::new().load().await?.is_empty());
/// # Ok(()) }
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<BTreeMap<Ticket, Entry>>);

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<Ticket, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl OutboxStore for MemoryStore {
    async fn load(&self) -> Result<Vec<Entry>, Error> {
        Ok(self.rows().values().cloned().collect())
    }

    async fn save(&self, entries: &[Entry]) -> Result<(), Error> {
        self.rows().extend(entries.iter().map(|entry| (entry.ticket, entry.clone())));
        Ok(())
    }

    async fn remove(&self, tickets: &[Ticket]) -> Result<(), Error> {
        let mut rows = self.rows();
        for ticket in tickets {
            rows.remove(ticket);
        }
        Ok(())
    }
}
