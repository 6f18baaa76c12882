//! The recent events of one group of a rule, and which of them are one thing.
//!
//! The answer is a function of the *set* of events: a window of the rule's length satisfies it or
//! does not, whatever came first, and windows that share an event are one thing. So a late event
//! can make one thing of two, and never makes two of one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Rule;
use crate::ledger::documents::Document;
use crate::ledger::fact::{Fact, What};

/// Events of a group that are kept at most. More within one window are a flood: the oldest go.
const MOST: usize = 2_000;

/// One event, as a rule remembers it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Member {
    /// When it was observed, in Unix milliseconds.
    pub at_ms: i64,
    /// The event.
    pub event_id: Uuid,
    /// The incident that it was placed in.
    pub incident: String,
    /// What it adds to each of the distinct values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<Vec<u64>>,
}

/// The recent events of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    members: BTreeSet<Member>,
}

/// Events that are one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The incidents of its events.
    pub incidents: BTreeSet<String>,
    /// How many events.
    pub events: usize,
}

impl Group {
    /// How many events are remembered.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether no event is remembered.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Takes events in. Look at the [`clusters`](Self::clusters) before you
    /// [`forget`](Self::forget): what came together may lie far apart.
    pub fn take(&mut self, members: impl IntoIterator<Item = Member>) {
        self.members.extend(members);
    }

    /// Forgets events that can share a window with none that may still come: those that are older
    /// than the newest one by more than `horizon_ms`.
    pub fn forget(&mut self, horizon_ms: i64) {
        let newest = self.members.last().map_or(i64::MIN, |member| member.at_ms);
        let oldest = newest.saturating_sub(horizon_ms);
        while self
            .members
            .first()
            .is_some_and(|first| first.at_ms < oldest || self.members.len() > MOST)
        {
            self.members.pop_first();
        }
    }

    /// Which events are one thing by `rule`.
    ///
    /// Of every event one window begins; windows that begin between events hold no more. Those that
    /// satisfy the rule and share an event are one cluster.
    pub fn clusters(&self, rule: &Rule) -> Vec<Cluster> {
        let members: Vec<&Member> = self.members.iter().collect();
        let mut counts = Counts::new(rule);
        let mut clusters: Vec<(usize, Cluster)> = Vec::new();
        let mut end = 0;
        for (start, first) in members.iter().enumerate() {
            while let Some(next) = members.get(end)
                && next.at_ms < first.at_ms.saturating_add(rule.within_ms)
            {
                counts.add(next);
                end += 1;
            }
            if counts.satisfy(rule) {
                // What the cluster before has already, this one need not take again.
                let from = match clusters.last() {
                    Some((until, _)) if *until > start => *until,
                    _ => {
                        let (incidents, events) = (BTreeSet::new(), 0);
                        clusters.push((start, Cluster { incidents, events }));
                        start
                    }
                };
                if let Some((until, cluster)) = clusters.last_mut() {
                    let new = members.get(from..end).unwrap_or_default();
                    cluster.incidents.extend(new.iter().map(|member| member.incident.clone()));
                    cluster.events += new.len();
                    *until = end;
                }
            }
            counts.remove(first);
        }
        clusters.into_iter().map(|(_, cluster)| cluster).collect()
    }
}

/// How much of everything is in the window that slides.
struct Counts {
    events: usize,
    distinct: Vec<BTreeMap<u64, u32>>,
}

impl Counts {
    fn new(rule: &Rule) -> Self {
        Self { events: 0, distinct: vec![BTreeMap::new(); rule.distinct.len()] }
    }

    fn add(&mut self, member: &Member) {
        self.events += 1;
        for (counts, values) in self.distinct.iter_mut().zip(&member.counted) {
            for value in values {
                *counts.entry(*value).or_default() += 1;
            }
        }
    }

    fn remove(&mut self, member: &Member) {
        self.events -= 1;
        for (counts, values) in self.distinct.iter_mut().zip(&member.counted) {
            for value in values {
                if let Some(count) = counts.get_mut(value) {
                    *count -= 1;
                    if *count == 0 {
                        counts.remove(value);
                    }
                }
            }
        }
    }

    fn satisfy(&self, rule: &Rule) -> bool {
        let enough = |count: usize, min: u32| u32::try_from(count).unwrap_or(u32::MAX) >= min;
        enough(self.events, rule.min)
            && self
                .distinct
                .iter()
                .zip(&rule.distinct)
                .all(|(values, (_, min))| enough(values.len(), *min))
    }
}

impl Document for Group {
    const KIND: &'static str = "correlation";

    fn keys(fact: &Fact) -> Vec<String> {
        match &fact.what {
            What::Correlated { group, .. } => vec![group.clone()],
            _ => Vec::new(),
        }
    }

    fn after(before: Option<Self>, _: &str, fact: &Fact) -> Option<Self> {
        let What::Correlated { members, horizon_ms, .. } = &fact.what else { return before };
        let mut group = before.unwrap_or_default();
        group.take(members.iter().cloned());
        group.forget(*horizon_ms);
        Some(group)
    }
}
