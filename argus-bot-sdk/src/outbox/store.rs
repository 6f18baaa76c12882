//! The port.

use async_trait::async_trait;

use super::{Entry, Ticket};
use crate::Error;

/// A table of entries, by ticket. [`suite::store`](super::suite::store) checks one.
#[async_trait]
pub trait OutboxStore: Send + Sync {
    /// All entries, in the order of their tickets.
    async fn load(&self) -> Result<Vec<Entry>, Error>;

    /// Writes these entries over those of the same tickets: all or none. When this returns they
    /// survive what the store promises to survive.
    async fn save(&self, entries: &[Entry]) -> Result<(), Error>;

    /// Removes these entries: all or none.
    async fn remove(&self, tickets: &[Ticket]) -> Result<(), Error>;
}
