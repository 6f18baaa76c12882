//! Incidents that are one: which one goes on, and when all of it is over.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Incident, Stage};
use crate::correlate::belonging;
use crate::ledger::fact::{Fact, What};

/// What an incident is part of, and what is part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Union {
    /// The incident in which this one goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
    /// How many other incidents go on in this one, those that went on in others of them included.
    #[serde(default)]
    pub absorbed: u64,
    /// Its alerts besides its own, each by what its events share, and whether the source says that
    /// it is resolved.
    ///
    /// Older versions named only those that were resolved, and called them `parts_resolved`; of
    /// what was absorbed then, no more is known than how many there are.
    #[serde(
        default,
        alias = "parts_resolved",
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "parts"
    )]
    pub parts: BTreeMap<String, bool>,
    /// Whether the source says that the incident's own alert is resolved.
    #[serde(default)]
    pub own_resolved: bool,
    /// Alerts of which a person said that they are no part of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub parted: BTreeSet<String>,
}

impl Union {
    /// Whether there is nothing to say about it: the incident stands for itself.
    pub fn is_none(&self) -> bool {
        self.merged_into.is_none()
            && self.absorbed == 0
            && self.parts.is_empty()
            && self.parted.is_empty()
    }

    fn resolved(&self) -> usize {
        self.parts.values().filter(|resolved| **resolved).count()
    }
}

fn parts<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Parts {
        All(BTreeMap<String, bool>),
        Resolved(BTreeSet<String>),
    }
    Ok(match Parts::deserialize(from)? {
        Parts::All(parts) => parts,
        Parts::Resolved(parts) => parts.into_iter().map(|part| (part, true)).collect(),
    })
}

/// That an incident is quiet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snoozed {
    /// Until when.
    pub until: Timestamp,
    /// The version that its card shows meanwhile.
    pub shown: u64,
}

impl Incident {
    /// Takes a record into account that makes one of several incidents, or several of one.
    pub(super) fn apply_to_union(&mut self, fact: &Fact) {
        let who = fact.actor.shown();
        let line = match &fact.what {
            What::Merged { into, why, .. } => {
                self.union.merged_into = Some(into.clone());
                format!("{who}: goes on in {into} ({why})")
            }
            What::Absorbed { incident, events, severity, why, parts, parted } => {
                self.union.absorbed += alerts(parts.len());
                self.union.parts.extend(parts.clone());
                // Whoever makes one of what was parted takes that back.
                let ours = self.parts();
                self.union.parted.extend(parted.iter().cloned());
                self.union.parted.retain(|part| !ours.contains_key(part));
                self.count = self.count.saturating_add(*events);
                self.severity = self.severity.max(*severity);
                format!("{who}: {incident} goes on here ({why})")
            }
            What::Parted { from, parts, .. } => {
                self.union.merged_into = None;
                self.note(fact.at, format!("{who}: no longer part of {from}"));
                return self.learn(parts, fact.at);
            }
            What::Shed { incident, events, absorbed, parts, .. } => {
                self.count = self.count.saturating_sub(*events).max(1);
                self.note(fact.at, format!("{who}: {events} of its events are {incident} now"));
                if *absorbed {
                    self.let_go(parts, fact.at);
                }
                return;
            }
            What::PartResolved { belongs } => {
                self.union.parts.insert(belongs.clone(), true);
                let resolved = self.union.resolved();
                let line = format!(
                    "The source says that {resolved} of {} merged alerts are resolved",
                    self.union.absorbed
                );
                self.note(fact.at, line);
                return self.resolve_if_all_is(fact.at);
            }
            What::PartReopened { belongs } => {
                self.union.parts.insert(belongs.clone(), false);
                "A merged alert that was resolved is open again".into()
            }
            _ => return,
        };
        self.note(fact.at, line);
    }

    /// Its alerts, each by what its events share, and whether the source says that it is resolved.
    pub fn parts(&self) -> BTreeMap<String, bool> {
        let mut parts = self.union.parts.clone();
        parts.insert(belonging(&self.event), self.union.own_resolved);
        parts
    }

    /// Whether a person said that the two are not one.
    pub fn is_parted_from(&self, other: &Self) -> bool {
        let says = |one: &Self, other: &Self| {
            !one.union.parted.is_empty()
                && other.parts().keys().any(|part| one.union.parted.contains(part))
        };
        says(self, other) || says(other, self)
    }

    /// What the source said of its alerts while it was part of another incident.
    fn learn(&mut self, parts: &BTreeMap<String, bool>, at: Timestamp) {
        let own = belonging(&self.event);
        for (part, resolved) in parts {
            if *part == own {
                self.union.own_resolved = *resolved;
            } else {
                self.union.parts.insert(part.clone(), *resolved);
            }
        }
        self.resolve_if_all_is(at);
    }

    /// Alerts of it are another incident from now on. What was said of them counts there.
    fn let_go(&mut self, parts: &BTreeSet<String>, at: Timestamp) {
        self.union.absorbed = self.union.absorbed.saturating_sub(alerts(parts.len()));
        self.union.parts.retain(|part, _| self.union.absorbed > 0 && !parts.contains(part));
        self.union.parted.extend(parts.iter().cloned());
        self.resolve_if_all_is(at);
    }

    /// An incident of several alerts is over when all of them are.
    pub(super) fn resolve_if_all_is(&mut self, at: Timestamp) {
        let (resolved, all) = (self.union.resolved(), self.union.parts.len());
        let named = u64::try_from(all).unwrap_or(u64::MAX) >= self.union.absorbed;
        if self.union.own_resolved && resolved == all && named {
            self.stage = Stage::Resolved;
        } else if self.union.own_resolved {
            self.note(at, "Merged alerts of it are still open".into());
        }
    }
}

/// How many incidents go on in another one with so many alerts; records of older versions name none.
fn alerts(named: usize) -> u64 {
    u64::try_from(named).unwrap_or(u64::MAX).max(1)
}
