//! What is known about the things in an event: sources of intelligence and of assets.
//!
//! What a source answers is a stranger's text: adapters bound its size, check its shape, and take
//! nothing else from it than what these types hold.

use std::time::Duration;

use argus_soc::event::Entity;
use async_trait::async_trait;
use jiff::Timestamp;

/// What a source answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding<T> {
    /// What it knows; `None` if it knows nothing.
    pub known: Option<T>,
    /// The moment that its knowledge is from; without one, it is from now.
    pub as_of: Option<Timestamp>,
    /// What else it said, for people.
    pub note: Option<String>,
}

impl<T> Finding<T> {
    /// The source knows nothing about this.
    pub const fn nothing() -> Self {
        Self { known: None, as_of: None, note: None }
    }

    /// The source knows this.
    pub const fn of(known: T) -> Self {
        Self { known: Some(known), as_of: None, note: None }
    }
}

/// Why a source did not answer. It is a value of its own, never "harmless".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Silent {
    /// Why, in words for a person.
    pub why: String,
    /// How long it wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl Silent {
    /// Silent for this reason.
    pub fn because(why: impl Into<String>) -> Self {
        Self { why: why.into(), retry_after: None }
    }
}

/// Where a source's knowledge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In this process: asking costs nothing and cannot hang.
    Here,
    /// Elsewhere: asked with a deadline, through a breaker and a cache.
    Away,
}

/// Somebody who knows things of one kind: an intelligence feed, an inventory.
#[async_trait]
pub trait Source<T>: Send + Sync + std::fmt::Debug {
    /// Its name in the settings.
    fn name(&self) -> &str;

    /// Where its knowledge is.
    fn reach(&self) -> Reach;

    /// Whether it can know something like this. Others are not asked, so that what must not leave
    /// the house does not.
    fn covers(&self, entity: &Entity) -> bool;

    /// How many things of this class it knows, if it can count them.
    fn of_class(&self, _class: &str) -> Option<u64> {
        None
    }

    /// What it knows about this.
    ///
    /// # Errors
    ///
    /// [`Silent`] if it did not answer, or not in its own language.
    async fn ask(&self, entity: &Entity) -> Result<Finding<T>, Silent>;
}

/// Knowledge that is copied here from time to time, so that asking is quick and an outage leaves
/// the last copy.
#[async_trait]
pub trait Copied: Send + Sync + std::fmt::Debug {
    /// The source's name in the settings.
    fn name(&self) -> &str;

    /// How often it is looked at.
    fn every(&self) -> Duration;

    /// Brings the copy up to date. Says in words what changed, if anything did.
    ///
    /// # Errors
    ///
    /// [`Silent`]; the last good copy stays in use.
    async fn refresh(&self) -> Result<Option<String>, Silent>;
}

/// Answers that replicas share. Never the truth: whatever goes wrong is a miss.
#[async_trait]
pub trait Shared: Send + Sync + std::fmt::Debug {
    /// What is kept under this key.
    async fn get(&self, key: &str) -> Option<Vec<u8>>;

    /// Keeps something for so long.
    async fn put(&self, key: &str, value: Vec<u8>, keep: Duration);
}
