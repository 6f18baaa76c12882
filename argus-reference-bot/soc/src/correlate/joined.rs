//! Where events go whose incident goes on in another one.

use serde::{Deserialize, Serialize};

use crate::event::SecurityEvent;
use crate::ledger::documents::Document;
use crate::ledger::fact::{Fact, What};

/// What events of one incident share: the source's own key, or the fingerprint of those without.
pub fn belonging(event: &SecurityEvent) -> String {
    match &event.incident_key {
        Some(key) => format!("key/{key}"),
        None => format!("print/{}", event.fingerprint),
    }
}

/// Whether both have the same [`belonging`].
pub fn belongs_alike(one: &SecurityEvent, other: &SecurityEvent) -> bool {
    match (&one.incident_key, &other.incident_key) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.fingerprint == other.fingerprint,
        _ => false,
    }
}

/// That events of one [`belonging`] are counted elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The incident that they opened.
    pub incident: String,
    /// The one in which it goes on; that one may go on in a third.
    pub into: String,
}

impl Document for Joined {
    const KIND: &'static str = "joined";

    fn keys(fact: &Fact) -> Vec<String> {
        match &fact.what {
            What::Merged { belongs, .. } | What::Parted { belongs, .. } => vec![belongs.clone()],
            _ => Vec::new(),
        }
    }

    fn after(before: Option<Self>, _: &str, fact: &Fact) -> Option<Self> {
        match (&fact.what, &fact.stream) {
            (What::Merged { into, .. }, Some(incident)) => {
                Some(Self { incident: incident.clone(), into: into.clone() })
            }
            (What::Parted { .. }, _) => None,
            _ => before,
        }
    }
}
