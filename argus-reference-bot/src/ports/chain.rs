//! The chain itself, byte for byte: to copy a store, to keep it elsewhere, to make its tables anew.

use argus_soc::ledger::fact::Fact;
use argus_soc::ledger::{Hash, Stored};
use async_trait::async_trait;

use super::ledger::LedgerError;

/// A record with every byte of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its place.
    pub seq: u64,
    /// The hash of the record before it.
    pub prev: Vec<u8>,
    /// The canonical JSON that was hashed.
    pub payload: Vec<u8>,
    /// Its hash.
    pub hash: Vec<u8>,
    /// The raw body of an event.
    pub raw: Option<Vec<u8>>,
}

impl Link {
    /// The record as a verifier reads it.
    pub fn stored(&self) -> Stored<'_> {
        Stored {
            seq: self.seq,
            prev: &self.prev,
            payload: &self.payload,
            hash: &self.hash,
            raw: self.raw.as_deref(),
        }
    }

    /// What it says.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] if it is no fact that this program knows.
    pub fn fact(&self) -> Result<Fact, LedgerError> {
        Fact::read(&self.payload)
            .map_err(|error| LedgerError::Damaged(format!("record {}: {error}", self.seq)))
    }
}

/// A store that gives and takes its chain.
#[async_trait]
pub trait Chain: Send + Sync + std::fmt::Debug {
    /// The last record's place and hash.
    async fn end(&self) -> Result<(u64, Hash), LedgerError>;

    /// Records after `seq`, in order, at most `limit`.
    async fn links(&self, seq: u64, limit: u32) -> Result<Vec<Link>, LedgerError>;

    /// Takes records over that follow its own, all or none, and makes its tables follow.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] if they do not follow or do not verify; nothing was written.
    async fn take_over(&self, links: Vec<Link>) -> Result<(), LedgerError>;
}
