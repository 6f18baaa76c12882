//! The anchor: a place outside where the head of the chain is noted, so that whoever can rewrite the
//! store cannot rewrite that.
//!
//! An anchor takes notes and never changes or removes one. Each note names the one before it, so that
//! a note that is gone is missed.

pub mod suite;

use argus_soc::ledger::Hash;
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A head of the chain, as it is noted outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its place in the chain.
    pub seq: u64,
    /// Its hash, in hexadecimal.
    pub hash: String,
    /// When it was noted.
    pub at: Timestamp,
    /// The hash of the store's first record, which no other store has.
    pub store: String,
    /// The place that was noted before; 0 for the first.
    pub before: u64,
}

impl Head {
    /// Whether both say the same of the chain, whoever noted it and when.
    pub fn agrees(&self, other: &Self) -> bool {
        (self.seq, &self.hash, &self.store) == (other.seq, &other.hash, &other.store)
    }

    /// Whether `hash` is what was noted.
    pub fn is(&self, hash: &Hash) -> bool {
        self.hash == hash.to_string()
    }
}

/// Why a head was not noted, or notes were not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorError {
    /// Another head is noted for this place: there are two chains. Nothing was written.
    #[error("record {} has the hash {} outside, and {} here: there are two chains", .noted.seq, .noted.hash, .ours)]
    Fork {
        /// What is noted.
        noted: Box<Head>,
        /// The hash that was to be noted.
        ours: String,
    },
    /// It does not let us in, or there is no such place: nothing gets better by waiting.
    #[error("{0}")]
    Refused(String),
    /// It does not answer now. It may have been noted; to note it again does no harm.
    #[error("{0}")]
    Unreachable(String),
}

/// A place outside that takes notes.
#[async_trait]
pub trait Anchor: Send + Sync + std::fmt::Debug {
    /// Where it is, for people.
    fn name(&self) -> String;

    /// Notes a head. One that is noted already, by whomever, is well.
    ///
    /// # Errors
    ///
    /// [`AnchorError::Fork`] if another one is noted for its place, or why it was not noted.
    async fn note(&self, head: &Head) -> Result<(), AnchorError>;

    /// Notes heads in the order of their places, as [`note`](Self::note) does each.
    ///
    /// # Errors
    ///
    /// Those of [`note`](Self::note); the heads before may be noted.
    async fn note_all(&self, heads: &[Head]) -> Result<(), AnchorError> {
        for head in heads {
            self.note(head).await?;
        }
        Ok(())
    }

    /// All notes from this day on, in the order of their places.
    ///
    /// # Errors
    ///
    /// [`AnchorError`] if they cannot be read.
    async fn noted(&self, since: Timestamp) -> Result<Vec<Head>, AnchorError>;
}
