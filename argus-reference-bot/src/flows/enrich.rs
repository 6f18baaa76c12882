//! Asking every source what it knows, in a bounded time, and saying honestly what is missing.
//!
//! All sources are asked at once, about each thing once. A source far away is asked through its
//! cache, its breaker and its deadline ([`asking`]); what has not come when the time is over is
//! "unavailable", and triage goes on. Silent sources are asked again later ([`late`]).

pub mod asking;
pub mod copies;
pub mod late;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::{Clock, SystemClock};
use argus_soc::enrich::{Answer, Answers, Asset, Intel, Known};
use argus_soc::event::{Entity, EntityKind, SecurityEvent};
use futures_util::future::join_all;
use jiff::Timestamp;

pub use self::asking::{Asking, Patience};
pub use self::late::Late;

/// All sources that are configured.
#[derive(Debug)]
pub struct Knowledge {
    /// Intelligence feeds.
    pub intel: Vec<Asking<Intel>>,
    /// Inventories.
    pub asset: Vec<Asking<Asset>>,
    /// How long triage waits for all answers together.
    pub deadline: Duration,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is asked again.
    pub late: Late,
}

impl Default for Knowledge {
    /// Nobody to ask: nothing is known, which is not "harmless".
    fn default() -> Self {
        let clock = Arc::new(SystemClock);
        let late = Late::default();
        Self { intel: Vec::new(), asset: Vec::new(), deadline: Duration::ZERO, clock, late }
    }
}

/// What is asked about one event: the indicator is the principal entity; the machine decides what
/// may be done to it, and without one the principal entity does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// About whom intelligence is asked.
    pub intel: Option<Entity>,
    /// About whom inventories are asked.
    pub asset: Option<Entity>,
}

impl Question {
    /// What is asked about an event.
    pub fn about(event: &SecurityEvent) -> Self {
        let asset = event.host().or_else(|| event.principal());
        Self { intel: event.principal().cloned(), asset: asset.cloned() }
    }
}

type Key = (EntityKind, String);

fn key(entity: &Entity) -> Key {
    (entity.kind.clone(), entity.value.clone())
}

/// The answers to many questions.
#[derive(Debug, Default)]
pub struct Asked {
    intel: BTreeMap<Key, Vec<Answer<Intel>>>,
    asset: BTreeMap<Key, Vec<Answer<Asset>>>,
}

impl Asked {
    /// What was answered to one of the questions.
    pub fn of(&self, question: &Question) -> Answers {
        let intel = question.intel.as_ref().and_then(|it| self.intel.get(&key(it)));
        let asset = question.asset.as_ref().and_then(|it| self.asset.get(&key(it)));
        Answers {
            intel: intel.cloned().unwrap_or_default(),
            asset: asset.cloned().unwrap_or_default(),
        }
    }

    /// Whether this question was among those that were asked.
    pub fn has(&self, question: &Question) -> bool {
        question.intel.as_ref().is_none_or(|it| self.intel.contains_key(&key(it)))
            && question.asset.as_ref().is_none_or(|it| self.asset.contains_key(&key(it)))
    }

    /// Adds the answers to other questions.
    pub fn absorb(&mut self, other: Self) {
        self.intel.extend(other.intel);
        self.asset.extend(other.asset);
    }
}

impl Knowledge {
    /// How many assets of this class there are, as the inventory says that knows the fewest: a share
    /// of less is less. `None` if none can say.
    pub fn of_class(&self, class: &str) -> Option<u64> {
        self.asset.iter().filter_map(|it| it.of_class(class)).filter(|it| *it > 0).min()
    }

    /// Asks every source about each thing once, all at once. No longer than `within`: what has not
    /// come by then is "unavailable".
    pub async fn ask<'a>(
        &self,
        questions: impl IntoIterator<Item = &'a Question>,
        within: Duration,
    ) -> Asked {
        let (mut intel, mut asset) = (BTreeMap::new(), BTreeMap::new());
        for question in questions {
            intel.extend(question.intel.as_ref().map(|it| (key(it), it)));
            asset.extend(question.asset.as_ref().map(|it| (key(it), it)));
        }
        let until = tokio::time::Instant::now() + within;
        let (intel, asset) = tokio::join!(
            self.each(&self.intel, intel, until, within),
            self.each(&self.asset, asset, until, within),
        );
        Asked { intel, asset }
    }

    async fn each<T: asking::Keepable>(
        &self,
        sources: &[Asking<T>],
        entities: BTreeMap<Key, &Entity>,
        until: tokio::time::Instant,
        within: Duration,
    ) -> BTreeMap<Key, Vec<Answer<T>>> {
        let mut asked = Vec::with_capacity(entities.len());
        for (key, entity) in entities {
            asked.push(async move { (key, self.one(sources, entity, until, within).await) });
        }
        join_all(asked).await.into_iter().collect()
    }

    async fn one<T: asking::Keepable>(
        &self,
        sources: &[Asking<T>],
        entity: &Entity,
        until: tokio::time::Instant,
        within: Duration,
    ) -> Vec<Answer<T>> {
        let mut answers = Vec::with_capacity(sources.len());
        for source in sources.iter().filter(|source| source.covers(entity)) {
            answers.push(async move {
                match tokio::time::timeout_at(until, source.ask(entity)).await {
                    Ok(answer) => answer,
                    Err(_) => source.silent(entity, self.now(), overdue(within)),
                }
            });
        }
        join_all(answers).await
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn overdue(within: Duration) -> String {
    format!("no answer within {} ms", within.as_millis())
}

/// An answer's words for a person.
pub fn in_words<T>(said: &Known<T>, known: impl FnOnce(&T) -> String) -> String {
    match said {
        Known::Known(it) => known(it),
        Known::Unknown => "knows nothing".into(),
        Known::Unavailable { why, .. } => format!("no answer: {why}"),
    }
}

#[cfg(test)]
mod tests;
