//! What placing events remembers from one batch to the next, so that a burst of events about few
//! incidents reads nothing from the store.
//!
//! It is no truth. A batch is written only if its incidents are still what is remembered here, and
//! when one is not written, all of this is forgotten and read again.

use std::collections::{BTreeMap, HashMap};

use argus_soc::correlate::{Group, belonging};
use argus_soc::event::SecurityEvent;
use argus_soc::incident::Incident;
use argus_soc::suppress::Suppression;
use jiff::Timestamp;

/// Open incidents that are remembered at most: a few megabytes.
const MOST: usize = 1_000;
/// Groups that are remembered at most; a full one has some hundred kilobytes.
const GROUPS: usize = 64;

/// Carried from batch to batch.
#[derive(Debug, Default)]
pub struct Remembered {
    /// Open incidents as the store has them.
    pub(super) open: Incidents,
    /// The last incident number given out.
    pub(super) number: Option<u64>,
    /// The event that was placed last. Without it the store is asked what waits.
    pub(super) placed: Option<u64>,
    /// Groups of correlation rules as the store has them, each with its version.
    pub(super) groups: HashMap<String, (u64, Group)>,
    /// What is suppressed, and when the store said so.
    pub(super) suppressions: Option<(Timestamp, Vec<Suppression>)>,
}

impl Remembered {
    /// Takes over what a batch made of its incidents, once it is written.
    pub(super) fn absorb(
        &mut self,
        touched: Incidents,
        number: u64,
        groups: BTreeMap<String, (u64, Group)>,
    ) {
        self.number = Some(number);
        let mut merged = Vec::new();
        for (key, incident) in touched.by_key {
            if incident.is_open() {
                self.open.insert(incident);
            } else {
                self.open.remove(&key);
                let into = incident.union.merged_into.clone();
                merged.extend(into.map(|into| (belonging(&incident.event), into)));
            }
        }
        self.open.found.extend(merged);
        if self.open.by_key.len() > MOST || self.open.found.len() > 16 * MOST {
            self.open = Incidents::default();
        }
        self.groups.extend(groups);
        if self.groups.len() > GROUPS {
            self.groups.clear();
        }
    }

    /// The suppression that keeps the event back.
    pub(super) fn suppressed_by(&self, event: &SecurityEvent, now: Timestamp) -> Option<&str> {
        let (_, suppressions) = self.suppressions.as_ref()?;
        suppressions.iter().find(|it| it.covers(event, now)).map(|it| it.id.as_str())
    }
}

/// Incidents, found by what an event says about where it belongs.
#[derive(Debug, Default)]
pub(super) struct Incidents {
    by_key: BTreeMap<String, Incident>,
    /// The newest one for what its events share.
    found: HashMap<String, String>,
}

impl Incidents {
    /// The open incident to which the event belongs.
    pub(super) fn open_for(&self, event: &SecurityEvent) -> Option<&Incident> {
        let incident = self.by_key.get(self.found.get(&belonging(event))?)?;
        incident.is_open().then_some(incident)
    }

    pub(super) fn contains(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Incident> {
        self.by_key.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Incident> {
        self.by_key.get_mut(key)
    }

    pub(super) fn insert(&mut self, incident: Incident) {
        self.found.insert(belonging(&incident.event), incident.key.clone());
        self.by_key.insert(incident.key.clone(), incident);
    }

    fn remove(&mut self, key: &str) {
        let Some(incident) = self.by_key.remove(key) else { return };
        let belongs = belonging(&incident.event);
        if self.found.get(&belongs).is_some_and(|found| found == key) {
            self.found.remove(&belongs);
        }
    }
}
