//! Incidents that are one: which one goes on, and when all of it is over.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Incident, Stage};
use crate::ledger::fact::{Fact, What};

/// What an incident is part of, and what is part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Union {
    /// The incident in which this one goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
    /// How many other incidents go on in this one.
    #[serde(default)]
    pub absorbed: u64,
    /// What of it the source says to be resolved, each by what its events share.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub parts_resolved: BTreeSet<String>,
    /// Whether the source says that the incident's own alert is resolved.
    #[serde(default)]
    pub own_resolved: bool,
}

impl Union {
    /// Whether there is nothing to say about it: the incident stands for itself.
    pub fn is_none(&self) -> bool {
        self.merged_into.is_none() && self.absorbed == 0 && self.parts_resolved.is_empty()
    }
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
            What::Absorbed { incident, events, severity, why } => {
                self.union.absorbed += 1;
                self.count = self.count.saturating_add(*events);
                self.severity = self.severity.max(*severity);
                format!("{who}: {incident} goes on here ({why})")
            }
            What::Parted { from, .. } => {
                self.union.merged_into = None;
                format!("{who}: no longer part of {from}")
            }
            What::Shed { incident, events, absorbed, .. } => {
                self.union.absorbed = self.union.absorbed.saturating_sub(u64::from(*absorbed));
                self.count = self.count.saturating_sub(*events).max(1);
                format!("{who}: {events} of its events are {incident} now")
            }
            What::PartResolved { belongs } => {
                self.union.parts_resolved.insert(belongs.clone());
                let resolved = self.union.parts_resolved.len();
                let line = format!(
                    "The source says that {resolved} of {} merged alerts are resolved",
                    self.union.absorbed
                );
                self.note(fact.at, line);
                return self.resolve_if_all_is(fact.at);
            }
            _ => return,
        };
        self.note(fact.at, line);
    }

    /// An incident of several alerts is over when all of them are.
    pub(super) fn resolve_if_all_is(&mut self, at: Timestamp) {
        let resolved = u64::try_from(self.union.parts_resolved.len()).unwrap_or(u64::MAX);
        if self.union.own_resolved && resolved >= self.union.absorbed {
            self.stage = Stage::Resolved;
        } else if self.union.own_resolved {
            self.note(at, "Merged alerts of it are still open".into());
        }
    }
}
