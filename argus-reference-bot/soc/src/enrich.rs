//! What is known about the thing an event is about, and what could not be found out.
//!
//! A feed that does not answer and a feed that answers "benign" are different facts: the first
//! one must never look like the second. [`answer`] holds what single sources said and how their
//! answers become one, [`breaker`] when a source is left alone, [`late`] what comes after the decision, [`stix`] reads indicators, [`assets`]
//! turns the words of an inventory into an asset.

pub mod answer;
pub mod assets;
pub mod breaker;
pub mod late;
pub mod stix;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::answer::{Answer, Answers, age};

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
    /// How many incidents began with an alert of the same fingerprint.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub same_fingerprint: u32,
    /// When the newest of all these incidents was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(it: &u32) -> bool {
    *it == 0
}

/// All answers about one event, each present or honestly missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrichment {
    /// Threat intelligence, of all sources together.
    pub intel: Known<Intel>,
    /// The inventory, of all sources together.
    pub asset: Known<Asset>,
    /// Earlier incidents.
    pub history: Known<History>,
    /// What each source said by itself.
    #[serde(default, skip_serializing_if = "Answers::is_empty")]
    pub answers: Answers,
}

impl Enrichment {
    /// What is known, without saying which sources were asked.
    pub fn of(intel: Known<Intel>, asset: Known<Asset>, history: Known<History>) -> Self {
        Self { intel, asset, history, answers: Answers::default() }
    }

    /// What is known when these are the answers of all sources.
    pub fn from_answers(answers: Answers, history: Known<History>) -> Self {
        let (intel, asset) = (answers.merged_intel(), answers.merged_asset());
        Self { intel, asset, history, answers }
    }

    /// The same, if intelligence said this instead.
    #[must_use]
    pub fn supposing_intel(mut self, intel: Known<Intel>) -> Self {
        self.answers.intel.clear();
        Self { intel, ..self }
    }

    /// The same, if the inventory said this instead.
    #[must_use]
    pub fn supposing_asset(mut self, asset: Known<Asset>) -> Self {
        self.answers.asset.clear();
        Self { asset, ..self }
    }

    /// The sources that did not answer, each with its reason; those that the settings call optional
    /// are not among them.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        let Answers { intel, asset } = &self.answers;
        missing_of(&mut missing, "threat intelligence", &self.intel, intel);
        missing_of(&mut missing, "asset inventory", &self.asset, asset);
        push_missing(&mut missing, "incident history", &self.history);
        missing
    }

    /// Where sources contradict each other, and what counts.
    pub fn conflicts(&self) -> Vec<String> {
        self.answers.conflicts(&self.intel, &self.asset)
    }
}

/// Names the sources one by one where their answers are known.
fn missing_of<T>(missing: &mut Vec<String>, what: &str, all: &Known<T>, each: &[Answer<T>]) {
    let before = missing.len();
    for answer in each.iter().filter(|answer| !answer.optional) {
        push_missing(missing, what, &answer.said);
    }
    if missing.len() == before {
        push_missing(missing, what, all);
    }
}

fn push_missing<T>(missing: &mut Vec<String>, what: &str, answer: &Known<T>) {
    if let Known::Unavailable { source, why } = answer {
        missing.push(format!("{what} ({source}): {why}"));
    }
}
