//! What is known about the thing an event is about, and what could not be found out.
//!
//! A feed that does not answer and a feed that answers "benign" are different facts: the first
//! one must never look like the second.

use serde::{Deserialize, Serialize};

/// An answer from an enrichment source, or the reason why there is none.
///
/// ```
/// use argus_soc::enrich::{Intel, Known};
///
/// let down: Known<Intel> =
///     Known::Unavailable { source: "threat feed".into(), why: "timed out".into() };
/// assert!(down.is_unavailable());
/// assert_eq!(down.known(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known<T> {
    /// The source answered, and this is what it said.
    Known(T),
    /// The source answered that it knows nothing about this.
    Unknown,
    /// The source did not answer.
    Unavailable {
        /// Which source it was, in words for a person.
        source: String,
        /// Why it did not answer.
        why: String,
    },
}

impl<T> Known<T> {
    /// The answer, when there is one.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown | Self::Unavailable { .. } => None,
        }
    }

    /// Whether the source failed to answer at all.
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// What threat intelligence says about the principal entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intel {
    /// Whether the feed calls it malicious.
    pub malicious: bool,
    /// How sure the feed is, 0 to 100. More than 100 counts as 100.
    pub confidence: u8,
}

/// What the inventory says about the principal entity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// The name that people use for it.
    pub name: String,
    /// How much depends on it, 0 to 10.
    pub criticality: u8,
    /// Where it lives: `production`, `staging`, `dev`.
    pub environment: Option<String>,
    /// Whether production stops when this stops.
    pub production_critical: bool,
    /// Labels such as `tier0` or `domain-controller`.
    pub tags: Vec<String>,
    /// Who answers for it.
    pub owner: Option<String>,
}

/// What happened to the principal entity before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// How many incidents it was part of.
    pub previous_incidents: u32,
}

/// All answers about one event, each present or honestly missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrichment {
    /// Threat intelligence.
    pub intel: Known<Intel>,
    /// The inventory.
    pub asset: Known<Asset>,
    /// Earlier incidents.
    pub history: Known<History>,
}

impl Enrichment {
    /// The sources that did not answer, each with its reason.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        push_missing(&mut missing, "threat intelligence", &self.intel);
        push_missing(&mut missing, "asset inventory", &self.asset);
        push_missing(&mut missing, "incident history", &self.history);
        missing
    }
}

fn push_missing<T>(missing: &mut Vec<String>, what: &str, answer: &Known<T>) {
    if let Known::Unavailable { source, why } = answer {
        missing.push(format!("{what} ({source}): {why}"));
    }
}
